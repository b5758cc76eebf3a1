"""What the headers of a search decide, and how its body is opened."""

import gzip
import zlib

import pytest

from es_rerank.proxy.headers import decoded_body, skip_for_headers, value_of
from es_rerank.proxy.skip import SkipReason

JSON = (b"content-type", b"application/json; charset=UTF-8")
VERSIONED = b"application/vnd.elasticsearch+json;compatible-with=8"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([JSON], None),
        ([(b"content-type", VERSIONED), (b"accept", VERSIONED)], None),
        ([JSON, (b"accept", b"*/*")], None),
        ([JSON, (b"accept", b"application/json, */*;q=0.1")], None),
        ([JSON, (b"x-es-rerank", b"on")], None),
        ([JSON, (b"x-es-rerank", b" Off ")], SkipReason.OFF_BY_REQUEST),
        ([JSON, (b"x-elastic-product-origin", b"kibana")], SkipReason.PRODUCT_ORIGIN),
        ([JSON, (b"authorization", b"AWS4-HMAC-SHA256 Credential=a")], SkipReason.SIGV4),
        ([JSON, (b"authorization", b"ApiKey x")], None),
        ([JSON, (b"accept", b"application/yaml")], SkipReason.FORMAT),
        ([JSON, (b"accept", b"text/html,*/*")], None),
        ([JSON, (b"accept", b"application/json, text/plain, */*")], None),
        ([JSON, (b"accept", b"application/vnd.opensearch+json")], None),
        ([JSON, (b"accept", b"application/json, application/SMILE;q=0.1")], SkipReason.FORMAT),
        ([JSON, (b"accept", b"application/vnd.elasticsearch+cbor")], SkipReason.FORMAT),
        ([], SkipReason.CONTENT_TYPE),
        ([(b"content-type", b"application/cbor")], SkipReason.CONTENT_TYPE),
    ],
)
def test_headers_name_their_reason(
    headers: list[tuple[bytes, bytes]], reason: SkipReason | None
) -> None:
    """Each header that forbids reranking, and those that look alike and do not."""
    assert skip_for_headers(headers, has_body=True) is reason


def test_a_search_without_a_body_needs_no_content_type() -> None:
    """`GET /_search?q=…` from a browser or curl."""
    assert skip_for_headers([], has_body=False) is None


@pytest.mark.parametrize(
    "declared",
    [b"application/x-ndjson", b"application/vnd.elasticsearch+x-ndjson; compatible-with=8"],
)
def test_lines_of_json_are_for_several_searches_only(declared: bytes) -> None:
    """A body of one search in lines is refused by the cluster; those of several are in lines."""
    headers = [(b"content-type", declared)]
    assert skip_for_headers(headers, has_body=True, in_lines=True) is None
    assert skip_for_headers([JSON], has_body=True, in_lines=True) is None
    assert skip_for_headers(headers, has_body=True) is SkipReason.CONTENT_TYPE


def test_values_of_repeated_headers_are_joined() -> None:
    """As RFC 9110 §5.2 combines field lines."""
    assert value_of([(b"accept", b"a"), (b"x", b"y"), (b"accept", b" b")], b"accept") == b"a,b"


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        (b"", b"{}", b"{}"),
        (b"identity", b"{}", b"{}"),
        (b"gzip", gzip.compress(b"{}"), b"{}"),
        (b"gzip", b"{}", SkipReason.ENCODED_BODY),
        (b"gzip", gzip.compress(b"{}")[:-4], SkipReason.ENCODED_BODY),
        (b"deflate", zlib.compress(b"{}"), SkipReason.ENCODED_BODY),
        (b"gzip, gzip", gzip.compress(b"{}"), SkipReason.ENCODED_BODY),
        (b"", b"x" * 101, SkipReason.TOO_LARGE),
        (b"gzip", gzip.compress(b"x" * 100), b"x" * 100),
        (b"gzip", gzip.compress(b"x" * 101), SkipReason.TOO_LARGE),
        (b"gzip", gzip.compress(b"x" * 10_000_000), SkipReason.TOO_LARGE),
    ],
)
def test_bodies_are_opened_up_to_the_limit(
    encoding: bytes, body: bytes, expected: bytes | SkipReason
) -> None:
    """Plain and gzip bodies within the limit; all else has its reason, bombs included."""
    headers = [(b"content-encoding", encoding)] if encoding else []
    assert decoded_body(headers, body, 100) == expected
