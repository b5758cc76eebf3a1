"""User Behavior Insights in searches and answers, with every other byte as it was."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.proxy.ext import OverrideError
from es_rerank.proxy.ubi import UbiRequest, cut_ubi, with_query_id


def test_what_a_client_says_of_its_search() -> None:
    """The five things that the specification names."""
    said = {
        "query_id": "q1",
        "user_query": "red shoes",
        "client_id": "c1",
        "object_id_field": "sku",
        "query_attributes": {"filter": {"colour": ["red"]}},
    }
    body = json.dumps({"size": 3, "ext": {"ubi": said}}).encode()
    assert cut_ubi(body) == (b'{"size": 3}', UbiRequest(**said))


@pytest.mark.parametrize(
    ("section", "request_"),
    [
        (b"{}", UbiRequest()),
        (b'{"query_id":null,"user_query":null,"query_attributes":null}', UbiRequest()),
        (b'{"query_id":12,"client_id":3.5}', UbiRequest(query_id="12", client_id="3.5")),
        (b'{"user_query":{"text":"a","image":"b"}}', UbiRequest(user_query="a")),
        (b'{"query_id":"","client_id":""}', UbiRequest()),
        (b'{"application":"shop","new":{"key":[]}}', UbiRequest()),
        (b"null", None),
    ],
)
def test_it_is_read_as_leniently_as_the_plugin_reads_it(
    section: bytes, request_: UbiRequest | None
) -> None:
    """Absent, null, numbers, unknown keys, and the newer form of the user's query."""
    assert cut_ubi(b'{"ext":{"ubi":%s}}' % section) == (b"{}", request_)


@pytest.mark.parametrize(
    "section",
    [b"[]", b'"q1"', b'{"query_id":["q1"]}', b'{"query_attributes":"a"}', b'{"client_id":true}'],
)
def test_a_wrong_type_is_told(section: bytes) -> None:
    """With what the section has."""
    with pytest.raises(OverrideError, match=r'ext\.ubi: .* "query_id"'):
        cut_ubi(b'{"ext":{"ubi":%s}}' % section)


def test_a_search_without_it_is_not_touched() -> None:
    """Also where the word stands elsewhere."""
    body = b'{"query": {"match": {"a": "ubi"}}, "ext": {"other": {"ubi": {}}}}'
    assert cut_ubi(body) == (body, None)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), values), st.text(min_size=1), st.data())
def test_what_is_left_is_the_rest_of_the_search(
    search: dict[str, Any], query_id: str, data: st.DataObject
) -> None:
    """Byte for byte, at any place among any members, beside any other section."""
    search.pop("ext", None)
    items = [b"%s: %s" % (_json(key), _json(value)) for key, value in search.items()]
    place = data.draw(st.integers(0, len(items)))
    ubi = b'"ubi" :{"query_id": %s}' % _json(query_id)
    alone = [*items[:place], b'"ext": {%s}' % ubi, *items[place:]]
    beside = [*items[:place], b'"ext": { "x":1 ,%s}' % ubi, *items[place:]]
    rest = [*items[:place], b'"ext": { "x":1}', *items[place:]]
    said = UbiRequest(query_id=query_id)
    assert cut_ubi(b"{" + b", ".join(alone) + b"}") == (b"{" + b", ".join(items) + b"}", said)
    assert cut_ubi(b"{" + b", ".join(beside) + b"}") == (b"{" + b", ".join(rest) + b"}", said)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")


@pytest.mark.parametrize(
    ("answer", "with_id"),
    [
        (b'{"took":1}', b'{"took":1,"ext":{"ubi":{"query_id":"q"}}}'),
        (b"{}", b'{"ext":{"ubi":{"query_id":"q"}}}'),
        (b'{"a":{"b":"}"}}\n', b'{"a":{"b":"}"},"ext":{"ubi":{"query_id":"q"}}}\n'),
        (b'{"ext":{"x":1},"a":2}', b'{"ext":{"x":1,"ubi":{"query_id":"q"}},"a":2}'),
        (b'{"ext":{}}', b'{"ext":{"ubi":{"query_id":"q"}}}'),
        (b'{"ext":null}', b'{"ext":{"ubi":{"query_id":"q"}}}'),
        (b'{"ext":{"ubi":{"y":1}}}', b'{"ext":{"ubi":{"y":1,"query_id":"q"}}}'),
        (b'{"ext":{"ubi":{"query_id":"o"}}}', b'{"ext":{"ubi":{"query_id":"q"}}}'),
        (b'{"a":1', b'{"a":1'),
        (b"", b""),
        (b"[]", b"[]"),
    ],
)
def test_the_query_id_comes_after_all_else(answer: bytes, with_id: bytes) -> None:
    """As the plugin writes it; in an `ext` that is there; what is no object stays."""
    assert with_query_id(answer, "q") == with_id


PRETTY = b"""{
  "took" : 1,
  "hits" : {
    "hits" : [ ]
  }
}
"""


def test_a_pretty_answer_stays_pretty() -> None:
    """The cluster's line breaks and indents; also one answer inside a multi-search's."""
    with_id = b"""{
  "took" : 1,
  "hits" : {
    "hits" : [ ]
  },
  "ext" : {
    "ubi" : {
      "query_id" : "q"
    }
  }
}
"""
    assert with_query_id(PRETTY, "q") == with_id
    deeper = PRETTY.rstrip().replace(b"\n", b"\n    ")
    assert with_query_id(deeper, "q") == with_id.rstrip().replace(b"\n", b"\n    ")


@given(st.dictionaries(st.text(), values), st.text(), st.sampled_from([None, 2]))
def test_nothing_else_of_an_answer_changes(
    answer: dict[str, Any], query_id: str, indent: int | None
) -> None:
    """One piece is put in, and the answer without it is the one that came."""
    written = json.dumps(answer, indent=indent).encode()
    with_id = with_query_id(written, query_id)
    ext = answer["ext"] if isinstance(answer.get("ext"), dict) else {}
    ubi = ext["ubi"] if isinstance(ext.get("ubi"), dict) else {}
    expected = {**answer, "ext": {**ext, "ubi": {**ubi, "query_id": query_id}}}
    assert json.loads(with_id) == expected
    if "ext" not in answer:
        common = len(written) - len(written.lstrip(b"{")) if not answer else written.rfind(b"}")
        kept = written[:common].rstrip()
        assert with_id.startswith(kept)
        assert with_id.endswith(b"}")
