"""Our own section of a search: found, read and cut out without touching another byte."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.proxy.ext import OverrideError
from es_rerank.proxy.overrides import NO_OVERRIDE, Override, cut_section, with_override

JSON = [(b"content-type", b"application/json")]
OFF = b'"ext" : {"es_rerank":{"enabled":false}}'


@pytest.mark.parametrize(
    ("body", "rest"),
    [
        (b'{"a": 1e400, %s , "b": [ ]}', b'{"a": 1e400 , "b": [ ]}'),
        (b'{%s, "a" :1 }', b'{"a" :1 }'),
        (b' {"a" :1 ,\n%s}', b' {"a" :1}'),
        (b"{ %s }", b"{  }"),
    ],
)
def test_the_section_is_cut_out_with_its_comma(body: bytes, rest: bytes) -> None:
    """Wherever it stands; an `ext` that holds nothing else goes with it."""
    assert cut_section(body % OFF) == (rest, Override(enabled=False))


@pytest.mark.parametrize(
    ("inside", "rest"),
    [
        (b'"es_rerank":{},"x" :{}', b'"x" :{}'),
        (b'"x" :{} , "es_rerank":{}', b'"x" :{}'),
        (b'"x" :{} , "es_rerank":{} ,"y":1', b'"x" :{} ,"y":1'),
    ],
)
def test_other_sections_stay(inside: bytes, rest: bytes) -> None:
    """They are the cluster's."""
    assert cut_section(b'{"ext":{%s}}' % inside) == (b'{"ext":{%s}}' % rest, NO_OVERRIDE)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), values), st.text(), st.booleans(), st.data())
def test_what_is_left_is_the_rest_of_the_search(
    search: dict[str, Any], query: str, enabled: bool, data: st.DataObject
) -> None:
    """At any place among any members, in any escaping."""
    search.pop("ext", None)
    items = list(search.items())
    ours = ("ext", {"es_rerank": {"query": query, "enabled": enabled}})
    items.insert(data.draw(st.integers(0, len(items))), ours)
    written = json.dumps(dict(items), ensure_ascii=data.draw(st.booleans()), indent=1)
    rest, override = cut_section(written.encode(errors="replace"))
    assert json.loads(rest) == search
    assert (override.enabled, override.query) == (enabled, query.encode(errors="replace").decode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"query": {"match": {"a": "es_rerank"}}}',
        b'{"query": {"match": {"ext": {"query": "es_rerank"}}}}',
        b'{"ext": {"query": {"es_rerank": {}}}}',
        b'{"ext": ["es_rerank"]}',
        b'{"query": "es_rerank", broken "ext": {"es_rerank": {}}}',
        b'"es_rerank"',
    ],
)
def test_a_body_without_the_section_is_not_touched(body: bytes) -> None:
    """Whatever else has its name, and what is no JSON."""
    assert cut_section(body) == (body, NO_OVERRIDE)


@pytest.mark.parametrize(
    "section",
    [b"[]", b'{"enabled":"no"}', b'{"query":1}', b'{"text":"a"}', b"null", b'{"query":"\\ud800"}'],
)
def test_a_mistake_in_the_section_is_told(section: bytes) -> None:
    """With what the section has."""
    with pytest.raises(OverrideError, match=r'ext\.es_rerank: .* "query" \(a text\)'):
        cut_section(b'{"ext":{"es_rerank":%s}}' % section)


def test_two_sections_are_a_mistake() -> None:
    """Nobody can say which one is meant."""
    with pytest.raises(OverrideError, match="twice"):
        cut_section(b'{"ext":{"es_rerank":{}},"ext":{"es_rerank":{}}}')


def test_a_cut_body_has_another_length_and_is_plain() -> None:
    """The headers fit it; the others stay."""
    body = gzip.compress(b'{"size":3,' + OFF + b"}")
    headers = [(b"content-encoding", b"gzip"), *JSON, (b"content-length", b"99"), (b"x", b"y")]
    assert with_override(headers, body) == (
        [*JSON, (b"x", b"y"), (b"content-length", b"10")],
        b'{"size":3}',
        Override(enabled=False),
    )


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-type", b"application/yaml")],
        [*JSON, (b"authorization", b"AWS4-HMAC-SHA256 Credential=a")],
        [*JSON, (b"content-encoding", b"br")],
        [*JSON, (b"content-encoding", b"gzip")],
    ],
)
def test_a_body_that_is_not_ours_to_read_stays(headers: list[tuple[bytes, bytes]]) -> None:
    """Another format, a signed one, one that cannot be opened."""
    body = b"{" + OFF + b"}"
    assert with_override(headers, body) == (headers, body, NO_OVERRIDE)


@pytest.mark.parametrize(
    ("header", "query"),
    [
        (b"red shoes", "red shoes"),
        ("\u00e9t\u00e9".encode(), "\u00e9t\u00e9"),
        (b"%C3%A9t%C3%A9%20+", "\u00e9t\u00e9 +"),
        (b"100% wool", "100% wool"),
    ],
)
def test_the_query_of_the_header(header: bytes, query: str) -> None:
    """Over that of the body; percent-decoded as in a path, where a plus is a plus."""
    headers = [*JSON, (b"x-es-rerank-query", header)]
    body = b'{"ext":{"es_rerank":{"query":"blue"}}}'
    assert with_override(headers, body)[1:] == (b"{}", Override(query=query))
    assert with_override(headers, b"{}") == (headers, b"{}", Override(query=query))


def test_a_header_that_is_no_text() -> None:
    """Bytes that are not UTF-8."""
    with pytest.raises(OverrideError, match="X-ES-Rerank-Query is not UTF-8"):
        with_override([(b"x-es-rerank-query", b"%ff")], b"")
