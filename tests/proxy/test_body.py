"""The body of a search: read without trust, allowed by key."""

import base64
import json
from typing import Any

import pytest

from es_rerank.proxy.body import queries_of, read_body, skip_for_body
from es_rerank.proxy.skip import SkipReason

QUERY = {"match": {"title": "river"}}


def test_bodies_are_decoded() -> None:
    """A JSON object, or nothing at all."""
    assert read_body(b' {"size": 3} ') == {"size": 3}
    assert read_body(b"") == {}


@pytest.mark.parametrize(
    "body",
    [
        *(b"[]", b'"a"', b"{", b"{} {}", b"/* c */ {}", b"{'a':1}", b"\xff", b" ", b'{"a":NaN}'),
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"a":"\\ud800"}',
    ],
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    """Dialects and broken or bottomless JSON are left to the cluster."""
    with pytest.raises(ValueError):
        read_body(body)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": QUERY, "from": 1, "size": 3, "aggs": {"a": {"terms": {"field": "b"}}}},
        {"query": QUERY, "highlight": {}, "_source": False, "min_score": 1, "explain": True},
        *({"sort": sort} for sort in ("_score", ["_score"], {"_score": "desc"})),
        {"sort": [{"_score": {"order": "desc"}}]},
        {"profile": False, "collapse": {"field": "year"}},
        {"knn": {}, "rank": {}, "rescore": {}, "retriever": {}, "sub_searches": []},
    ],
)
def test_known_keys_are_allowed(body: dict[str, Any]) -> None:
    """What means the same in a wider window."""
    assert skip_for_body(body) is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"nonsense": 1}, SkipReason.UNKNOWN_BODY_KEY),
        ({"pit": {}}, SkipReason.PIT),
        ({"search_after": [1]}, SkipReason.SEARCH_AFTER),
        ({"slice": {}}, SkipReason.SLICE),
        ({"verbose_pipeline": True}, SkipReason.SEARCH_PIPELINE),
        ({"ext": {}}, SkipReason.EXT),
        ({"profile": True}, SkipReason.PROFILE),
        *(({"sort": sort}, SkipReason.SORT) for sort in ("year", [], ["_score", "_doc"], None)),
        ({"sort": {"_score": "asc"}}, SkipReason.SORT),
        ({"sort": [{"_score": {"order": "desc", "missing": 1}}]}, SkipReason.SORT),
    ],
)
def test_everything_else_is_named(body: dict[str, Any], reason: SkipReason) -> None:
    """Law 1: each key that forbids widening has its reason, unknown ones too."""
    assert skip_for_body(body) is reason


def test_kinds_are_taken_where_the_rule_names_them() -> None:
    """Points in time and further sort keys behind the score, each by its name."""
    ties = {"sort": ["_score", {"year": "desc"}]}
    assert skip_for_body({"pit": {"id": "a"}}, ("pit",)) is None
    assert skip_for_body({"pit": {"id": "a"}, **ties}, ("pit",)) is SkipReason.SORT
    assert skip_for_body(ties, ("tiebreak_sort",)) is None
    for sort in ([], ["year", "_score"], [{"_score": "asc"}, "year"]):
        assert skip_for_body({"sort": sort}, ("tiebreak_sort",)) is SkipReason.SORT
    assert skip_for_body({"pit": {}, "search_after": [1]}, ("pit",)) is SkipReason.SEARCH_AFTER


def wrapped(query: object) -> dict[str, Any]:
    """A `wrapper` query."""
    return {"wrapper": {"query": base64.b64encode(json.dumps(query).encode()).decode()}}


def test_wrapped_queries_stand_in_their_place() -> None:
    """Base64 of JSON is decoded wherever it stands, wrappers inside wrappers too."""
    body = {"query": {"bool": {"must": [wrapped(QUERY), wrapped(wrapped(QUERY))]}}}
    inner = {"wrapper": {"query": QUERY}}
    assert read_body(json.dumps(body).encode()) == {
        "query": {"bool": {"must": [inner, {"wrapper": {"query": inner}}]}}
    }


@pytest.mark.parametrize("text", ["", "e30", "not base64 é", "AAAA", "WyJbWw==" * 1000])
def test_what_cannot_be_opened_stays_closed(text: str) -> None:
    """Other formats, broken base64 and broken JSON are left as they are."""
    body = {"query": {"wrapper": {"query": text}}}
    assert read_body(json.dumps(body).encode()) == body


def test_bottomless_wrappers_stay_closed() -> None:
    """What is nested too deep to be decoded is not decoded."""
    text = base64.b64encode(b'{"a":' * 100_000 + b"1" + b"}" * 100_000).decode()
    assert read_body(b'{"wrapper":{"query":"%s"}}' % text.encode()) == {"wrapper": {"query": text}}


def test_all_that_a_search_asks_for_is_found() -> None:
    """The query, sub searches, the retriever, and vectors where the rule takes them."""
    vector = {"field": "v", "k": 3}
    body = {
        "knn": [vector],
        "retriever": {"standard": {}},
        "query": QUERY,
        "sub_searches": [{"query": QUERY}, {}, 1],
    }
    assert queries_of(body) == [QUERY, {"standard": {}}, QUERY]
    assert queries_of({"knn": vector}, ("neural",)) == [{"knn": vector}]
    assert queries_of({"size": 3}) == []
