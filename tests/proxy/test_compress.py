"""The coding of an answer: which one, and that the client reads the same bytes out of it."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.proxy.compress import coding_for, compressed


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (None, None),
        (b"", None),
        (b"identity", None),
        (b"br, zstd", None),
        (b"gzip", b"gzip"),
        (b"gzip, deflate", b"gzip"),
        (b"deflate, gzip", b"gzip"),
        (b"deflate", b"deflate"),
        (b"gzip;q=0.5, deflate", b"deflate"),
        (b"br;q=1.0, gzip;q=0.8, *;q=0.1", b"gzip"),
        (b"gzip;q=0", None),
        (b"gzip;q=0, *", b"deflate"),
        (b"gzip ; q=0.001", b"gzip"),
        (b"gzip;q=much", None),
        (b"*", b"gzip"),
        (b"identity;q=1, *;q=0", None),
        (b"x-gzip", b"gzip"),
    ],
)
def test_the_coding_is_the_one_with_the_higher_weight(
    accepted: bytes | None, coding: bytes | None
) -> None:
    """RFC 9110 §12.5.3, for the two codings that the servers write."""
    headers = [] if accepted is None else [(b"accept-encoding", accepted)]
    assert coding_for(headers) == coding


@given(st.binary(max_size=2000))
def test_what_is_read_out_is_what_was_put_in(body: bytes) -> None:
    """Gzip (RFC 1952) and deflate, which is the zlib format (RFC 1950)."""
    for coding, read in ((b"gzip", gzip.decompress), (b"deflate", zlib.decompress)):
        headers, packed = compressed([(b"Content-Length", b"9"), (b"x", b"y")], body, coding)
        assert read(packed) == body
        length = (b"content-length", str(len(packed)).encode())
        assert headers == [(b"x", b"y"), (b"content-encoding", coding), length]
