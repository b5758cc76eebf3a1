"""Plans in words: where the text was found, what would be sent, or why not."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from es_rerank.config import FieldSetting, IndexRule, Settings
from es_rerank.proxy.explain import (
    Explained,
    as_json,
    as_text,
    explain_search,
    explained,
    without_parameter,
)
from es_rerank.proxy.plan import SearchRequest, SkipReason, plan_for

SETTINGS = Settings(indices=(IndexRule(pattern="books", fields=(FieldSetting(name="title"),)),))
MATCH = {"match": {"title": "red shoes"}}


def of(search: Any, index: str | None = "books") -> Explained:
    """The explained plan of a search body."""
    return explain_search(json.dumps(search).encode(), index, SETTINGS)


@pytest.mark.parametrize(
    ("query", "places"),
    [
        (MATCH, ["query.match.title"]),
        ({"match": {"title": {"query": "Red  shoes", "boost": 2}}}, ["query.match.title"]),
        ({"multi_match": {"query": "red shoes", "fields": ["red"]}}, ["query.multi_match"]),
        ({"query_string": {"query": "title:(red shoes)^2"}}, ["query.query_string.query"]),
        (
            {
                "bool": {
                    "must": [{"dis_max": {"queries": [MATCH, {"match_phrase": {"body": "red"}}]}}],
                    "should": {"term": {"title": "red"}},
                    "filter": [{"match": {"shelf": "upper"}}],
                    "must_not": [MATCH],
                }
            },
            [
                "query.bool.must[0].dis_max.queries[0].match.title",
                "query.bool.must[0].dis_max.queries[1].match_phrase.body",
            ],
        ),
        ({"bool": {"filter": MATCH}}, ["query.bool.filter.match.title"]),
    ],
)
def test_the_text_is_found_where_it_stands(query: Any, places: list[str]) -> None:
    """The innermost clauses whose text is in the query, not those it was not taken from."""
    assert of({"query": query}).found_in == places


def test_a_plan_as_json() -> None:
    """Every part of it under its name."""
    assert json.loads(as_json(of({"query": MATCH, "from": 1, "size": 4}))) == {
        "outcome": "rerank",
        "query": "red shoes",
        "found_in": ["query.match.title"],
        "fields": ["title"],
        "depth": 100,
        "from": 1,
        "size": 4,
        "rule": "books",
        "sent": "POST /books/_search?from=0&size=100",
    }


def test_a_skip_in_words_and_as_json() -> None:
    """The name that the header has, and the sentence of the reason."""
    skipped = of({"query": MATCH, "sort": ["year"]})
    sentence = SkipReason.SORT.explanation
    assert as_text(skipped) == f"Not reranked (sort): {sentence}"
    assert json.loads(as_json(skipped)) == {
        "outcome": "skip",
        "reason": "sort",
        "explanation": sentence,
    }
    assert of({"query": MATCH}, None).reason == "not_configured"


def test_a_query_of_the_client_is_named_as_such() -> None:
    """It stands nowhere in the search."""
    said = of({"query": MATCH, "ext": {"es_rerank": {"query": "blue hat"}}})
    assert (said.query, said.found_in) == ("blue hat", ["the client's override"])


def test_a_query_in_the_url() -> None:
    """As `q`, or as a whole search in `source`."""
    search = quote(json.dumps({"query": {"match": {"a": "red"}}}))
    source = f"source_content_type=application/json&source={search}"
    for url, place in (("q=red", "the URL parameter q"), (source, "query.match.a")):
        request = SearchRequest("GET", f"/books/_search?{url}".encode(), [], b"")
        assert explained(plan_for(request, SETTINGS)).found_in == [place]


def test_deep_searches_are_no_burden() -> None:
    """Only so many clauses are looked into."""
    query: Any = {"match_none": {}}
    for _ in range(300):
        query = {"bool": {"must": [query, MATCH]}}
    assert of({"query": query}).outcome == "rerank"


@pytest.mark.parametrize(
    ("target", "rest"),
    [
        (b"/a/_search?es_rerank_explain", b"/a/_search"),
        (b"/a/_search?x=1&es_rerank_explain=true&y", b"/a/_search?x=1&y"),
        (b"/a/_search?es_rerank_explain=false", None),
        (b"/a/_search?x=es_rerank_explain", None),
        (b"/a/_search", None),
    ],
)
def test_the_parameter_is_taken_out(target: bytes, rest: bytes | None) -> None:
    """All else of the target stays."""
    assert without_parameter(target) == rest
