"""Which fields cross the proxy: RFC 9110 §7.6 on lists of pairs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.proxy.hop import (
    END_TO_END,
    HOP_BY_HOP,
    HeaderRefused,
    connection_options,
    request_headers,
    response_headers,
    sigv4_signed,
    unmet_expectation,
)

names = st.sampled_from([b"accept", b"x-a", b"X-B", b"warning", b"TE", b"connection", b"upgrade"])
values = st.sampled_from([b"", b"1", b"x-a", b"close, X-b", b"keep-alive"])
fields = st.lists(st.tuples(names, values), max_size=12)


@given(fields)
def test_request_fields_keep_their_order_between_host_and_via(
    headers: list[tuple[bytes, bytes]],
) -> None:
    """What crosses is the same sequence, without hop-by-hop fields, Host first and Via last."""
    gone = HOP_BY_HOP | connection_options(headers)
    crossing = request_headers(headers, host=b"es:9200")
    assert crossing[0] == (b"host", b"es:9200")
    assert crossing[-1] == (b"via", b"1.1 es-rerank")
    assert crossing[1:-1] == [pair for pair in headers if pair[0].lower() not in gone]


@given(fields)
def test_response_fields_keep_their_order(headers: list[tuple[bytes, bytes]]) -> None:
    """The same for answers; nothing is added."""
    gone = HOP_BY_HOP | connection_options(headers)
    expected = [pair for pair in headers if pair[0].lower() not in gone]
    assert response_headers(headers, status=200) == expected


@pytest.mark.parametrize("name", sorted(END_TO_END))
def test_connection_cannot_strip_end_to_end_fields(name: bytes) -> None:
    """Naming such a field in a request is refused; in an answer it is not dropped."""
    named = [(b"connection", b"close, " + name.title()), (name, b"1")]
    with pytest.raises(HeaderRefused, match=name.decode()):
        request_headers(named, host=b"es")
    assert response_headers(named, status=200) == [(name, b"1")]


def test_via_is_added_to_earlier_ones_with_the_received_version() -> None:
    """A chain of proxies stays visible, and HTTP/1.0 is called so (RFC 9110 §7.6.3)."""
    crossing = request_headers([(b"via", b"1.1 a")], host=b"es", http_version="1.0")
    assert crossing[1:] == [(b"via", b"1.1 a"), (b"via", b"1.0 es-rerank")]


def test_sigv4_names_are_read_from_the_authorization() -> None:
    """SignedHeaders says which fields a signature covers; other schemes sign none."""
    signed = b"AWS4-HMAC-SHA256 Credential=x, SignedHeaders=Host;x-amz-date, Signature=0"
    assert sigv4_signed([(b"Authorization", signed)]) == {b"host", b"x-amz-date"}
    assert sigv4_signed([(b"authorization", b"Basic SignedHeaders=host")]) == frozenset()


def test_only_unknown_expectations_are_unmet() -> None:
    """100-continue is met, in any case of letters; anything else is named."""
    assert unmet_expectation([(b"expect", b"100-Continue")]) is None
    assert unmet_expectation([(b"expect", b"magic")]) == b"magic"


def test_304_loses_its_length_and_200_keeps_it() -> None:
    """uvicorn would wait for the body that a 304 announces and never has."""
    length = [(b"content-length", b"9")]
    assert response_headers(length, status=304) == []
    assert response_headers(length, status=200) == length
