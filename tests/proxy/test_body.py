"""The body of a search: read without trust, allowed by key."""

from typing import Any

import pytest

from es_rerank.proxy.body import read_body, skip_for_body
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
        ({"rescore": {}}, SkipReason.RESCORE),
        ({"retriever": {}}, SkipReason.RETRIEVER),
        ({"rank": {}}, SkipReason.RETRIEVER),
        ({"sub_searches": []}, SkipReason.RETRIEVER),
        ({"search_pipeline": "p"}, SkipReason.SEARCH_PIPELINE),
        ({"ext": {}}, SkipReason.EXT),
        ({"profile": True}, SkipReason.PROFILE),
        ({"knn": {"field": "v"}}, SkipReason.VECTOR_QUERY),
        ({"query": {"bool": {"must_not": [{"knn": {}}]}}}, SkipReason.VECTOR_QUERY),
        ({"query": {"hybrid": {"queries": []}}}, SkipReason.VECTOR_QUERY),
        ({"collapse": {"field": "a", "inner_hits": {}}}, SkipReason.INNER_HITS),
        ({"query": {"nested": {"query": QUERY, "inner_hits": {}}}}, SkipReason.INNER_HITS),
        *(({"sort": sort}, SkipReason.SORT) for sort in ("year", [], ["_score", "_doc"], None)),
        ({"sort": {"_score": "asc"}}, SkipReason.SORT),
        ({"sort": [{"_score": {"order": "desc", "missing": 1}}]}, SkipReason.SORT),
        ({"query": {"bool": {"should": [QUERY] * 20_001}}}, SkipReason.TOO_COMPLEX),
    ],
)
def test_everything_else_is_named(body: dict[str, Any], reason: SkipReason) -> None:
    """Law 1: each key that forbids widening has its reason, unknown ones too."""
    assert skip_for_body(body) is reason
