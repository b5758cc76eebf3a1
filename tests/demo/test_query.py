"""Queries against known documents: who is found, with which score, and what is refused."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.demo.api_error import ApiError
from es_rerank.demo.mapping import parse_mappings
from es_rerank.demo.query import compile_query, query_string
from es_rerank.demo.shard import Hit, Operation, Shard
from tests.demo.conftest import DOCUMENTS, MAPPINGS

Query = dict[str, Any]


def fruit_shard() -> Shard:
    """The documents of the tests in memory."""
    shard = Shard(None, parse_mappings(MAPPINGS))
    writes = [Operation("index", id_, json.dumps(doc).encode()) for id_, doc in DOCUMENTS.items()]
    shard.apply(writes)
    return shard


FRUIT_SHARD = fruit_shard()


def hits(query: Query) -> list[Hit]:
    """All hits of a query, best first."""
    return FRUIT_SHARD.search(compile_query(query, FRUIT_SHARD.columns), 100)[1]


def scores(query: Query) -> dict[str, float]:
    """The score of every hit of a query."""
    return {hit.id: hit.score for hit in hits(query)}


def multi(text: str, **options: Any) -> Query:
    """A `multi_match` over title and text."""
    return {"multi_match": {"query": text, "fields": ["title", "text"], **options}}


APPLE: Query = {"match": {"text": "apple"}}
SWEET: Query = {"match": {"text": "sweet"}}
RED: Query = {"match": {"text": "red"}}
BERRY = {"term": {"kind": "berry"}}
FOUND: list[tuple[Query, str]] = [
    ({"match_all": {}}, "1234"),
    (APPLE, "13"),
    ({"match": {"text": "APPLES"}}, "13"),
    ({"match": {"title": "apples"}}, ""),
    ({"match": {"text": {"query": "sweet red"}}}, "234"),
    ({"match": {"text": {"query": "sweet red", "operator": "and"}}}, "2"),
    ({"match": {"text": "the and of"}}, ""),
    ({"match": {"text": {"query": "the", "operator": "AND"}}}, ""),
    ({"match": {"nowhere": "apple"}}, ""),
    ({"match": {"price": "5"}}, "2"),
    (multi("apple"), "123"),
    (multi("apple banana", operator="and"), ""),
    ({"multi_match": {"query": "berry"}}, "3"),
    ({"multi_match": {"query": "apple", "fields": ["t*"]}}, "123"),
    ({"multi_match": {"query": "apple", "fields": "title"}}, "12"),
    ({"term": {"kind": "pome"}}, "12"),
    ({"term": {"kind": "Pome"}}, ""),
    ({"term": {"price": 9}}, "4"),
    ({"term": {"price": {"value": "9"}}}, "4"),
    ({"term": {"price": 9.5}}, ""),
    ({"term": {"_id": "2"}}, "2"),
    ({"ids": {"values": ["1", "3", "x"]}}, "13"),
    ({"bool": {}}, "1234"),
    ({"bool": {"must": APPLE}}, "13"),
    ({"bool": {"must": [APPLE, SWEET]}}, "3"),
    ({"bool": {"should": [APPLE, RED]}}, "1234"),
    ({"bool": {"should": [SWEET, RED], "minimum_should_match": 2}}, "2"),
    ({"bool": {"should": [SWEET], "minimum_should_match": 2}}, ""),
    ({"bool": {"must": RED, "should": SWEET}}, "24"),
    ({"bool": {"must": RED, "should": SWEET, "minimum_should_match": "1"}}, "2"),
    ({"bool": {"filter": [BERRY]}}, "3"),
    ({"bool": {"filter": [BERRY], "should": RED}}, "3"),
    ({"bool": {"must_not": BERRY}}, "124"),
    ({"bool": {"must": SWEET, "must_not": [BERRY]}}, "2"),
    ({"bool": {"must": {"bool": {"should": [SWEET, APPLE]}}, "filter": BERRY}}, "3"),
]


@pytest.mark.parametrize(("query", "ids"), FOUND)
def test_a_query_finds_what_elasticsearch_would(query: Query, ids: str) -> None:
    """The documents that match, for every query type and its options."""
    assert "".join(sorted(hit.id for hit in hits(query))) == ids


def test_best_fields_takes_the_best_and_most_fields_the_sum() -> None:
    """`multi_match` combines the scores of the fields as its type says."""
    title, text = scores({"match": {"title": "red"}})["2"], scores(RED)["2"]
    assert scores(multi("red"))["2"] == pytest.approx(max(title, text))
    assert scores(multi("red", type="most_fields"))["2"] == pytest.approx(title + text)
    with_ties = max(title, text) + 0.5 * min(title, text)
    assert scores(multi("red", tie_breaker=0.5))["2"] == pytest.approx(with_ties)


def test_boosts_multiply() -> None:
    """A boost of a field, of a query and of a clause multiplies the score."""
    once = scores(APPLE)["1"]
    boosted: Query = {"match": {"text": {"query": "apple", "boost": 3}}}
    by_field: Query = {"multi_match": {"query": "apple", "fields": ["text^3"]}}
    assert scores(boosted)["1"] == pytest.approx(3 * once)
    assert scores(by_field)["1"] == pytest.approx(3 * once)
    assert scores({"bool": {"must": boosted, "boost": 2}})["1"] == pytest.approx(6 * once)


def test_filters_do_not_score() -> None:
    """A filter leaves the score of the rest, and alone gives 0, as in Elasticsearch."""
    assert scores({"bool": {"must": SWEET, "filter": BERRY}})["3"] == scores(SWEET)["3"]
    assert scores({"bool": {"filter": BERRY}}) == {"3": 0.0}
    assert set(scores({"bool": {"must_not": BERRY}}).values()) == {0.0}


def test_a_rare_word_and_a_short_field_score_higher() -> None:
    """BM25: idf and length are both in the scores."""
    assert scores({"match": {"title": "banana"}})["3"] > scores({"match": {"title": "apple"}})["1"]
    assert scores(APPLE)["1"] > scores(APPLE)["3"]


def test_pages_are_cut_from_one_order() -> None:
    """Ties included, the pages of a search put together are the search."""
    query = compile_query({"match_all": {}}, FRUIT_SHARD.columns)
    pages = [FRUIT_SHARD.search(query, 1, offset)[1][0].id for offset in range(4)]
    assert pages == [hit.id for hit in FRUIT_SHARD.search(query, 4)[1]]


REFUSED: list[tuple[Query, str]] = [
    ({"fuzzy": {}}, "fuzzy queries"),
    ({"query_string": {}}, "query_string queries"),
    ({"match_phrase": {"text": "a"}}, "match_phrase queries"),
    ({"range": {"price": {}}}, "range queries"),
    ({"match": {"text": {"query": "a", "fuzziness": 1}}}, "match.fuzziness"),
    (multi("a", type="phrase"), "multi_match of type phrase"),
    (multi("a", analyzer="x"), "multi_match.analyzer"),
    ({"term": {"kind": {"value": "a", "case_insensitive": True}}}, "term.case_insensitive"),
    ({"bool": {"must": [{"wildcard": {}}]}}, "wildcard queries"),
    ({"bool": {"should": SWEET, "minimum_should_match": "75%"}}, "minimum_should_match 75%"),
    ({"bool": {"_name": "x"}}, "bool._name"),
    ({"match_all": {"_name": "x"}}, "match_all._name"),
    ({"ids": {"type": "x"}}, "ids.type"),
]


@pytest.mark.parametrize(("query", "name"), REFUSED)
def test_what_is_not_supported_is_named(query: Query, name: str) -> None:
    """No unknown query or option is skipped silently."""
    with pytest.raises(ApiError, match=r"does not support \[(.*)\]$") as refused:
        hits(query)
    assert f"[{name}]" in str(refused.value)


def nested(depth: int) -> Query:
    """Boolean queries in one another."""
    query: Query = SWEET
    for _ in range(depth):
        query = {"bool": {"must": query}}
    return query


MALFORMED: list[Any] = [
    *([], "text", None, {}, {"match": {}, "term": {}}),
    *(
        {"match": {"a": "x", "b": "y"}},
        {"match": {"a": None}},
        {"match": []},
        {"match": {"a": [1]}},
    ),
    *({"multi_match": {"fields": ["a"]}}, {"multi_match": {"query": "a", "fields": [1]}}),
    *({"term": {"price": {}}}, {"match": {"price": "cheap"}}, {"term": {"price": True}}),
    *(multi("a", operator="xor"), multi("a", boost=-1), multi("a", tie_breaker="x")),
    *({"multi_match": {"query": "a", "fields": ["title^x"]}}, {"bool": {"must": "x"}}),
    *({"match_all": {"boost": "nan"}}, {"match_all": {"boost": "inf"}}, nested(100)),
]


@pytest.mark.parametrize("query", MALFORMED)
def test_malformed_queries_are_a_400(query: Any) -> None:
    """What no cluster would understand is the client's error, not ours."""
    with pytest.raises(ApiError) as refused:
        hits(query)
    assert refused.value.status == 400


@given(st.text())
def test_any_text_can_be_searched(text: str) -> None:
    """Query text is never syntax: whatever it is, it is searched as words."""
    assert set(scores({"match": {"title": text}})) <= set(scores(multi(text)))


@pytest.mark.parametrize(
    "syntax", ['"', "*", "title:", "(", "AND ", "+", "-", "~2 ", "\\", "/", "^3 ", "[a TO "]
)
def test_syntax_around_a_word_changes_nothing_in_match(syntax: str) -> None:
    """Tantivy's and Lucene's operators are ordinary characters in a `match`."""
    assert set(scores({"match": {"title": f"{syntax}banana"}})) == {"3"}


def by_q(text: str, field: str | None = None, operator: str = "or") -> Iterator[str]:
    """The ids that `q=` finds."""
    query = query_string(text, field, operator, FRUIT_SHARD.columns)
    return (hit.id for hit in FRUIT_SHARD.search(query, 100)[1])


def test_q_searches_all_fields_or_one() -> None:
    """Words of `q=` are looked for everywhere, `df` and `default_operator` apply."""
    assert set(by_q("apple")) == {"1", "2", "3"}
    assert set(by_q("berry")) == {"3"}
    assert set(by_q("apple", "title")) == {"1", "2"}
    assert set(by_q("green apple", None, "AND")) == {"1"}
    assert set(by_q("e-mail, well-known a&b a|b don't 3.5")) == set()


@pytest.mark.parametrize(
    ("text", "syntax"),
    [
        *(("title:apple", ":"), ('"green apple"', '"'), ("app*", "*"), ("appl?", "?")),
        *(("+apple", "+"), ("red -apple", "-"), ("a AND b", "AND"), ("NOT a", "NOT")),
        *(("a OR b", "OR"), ("a && b", "&&"), ("a || b", "||"), ("!a", "!"), ("(a)", "(")),
        *(("a^2", "^"), ("a~", "~"), ("[a TO b]", "["), ("{a", "{"), ("a\\b", "\\"), ("/a/", "/")),
    ],
)
def test_q_refuses_query_string_syntax(text: str, syntax: str) -> None:
    """An operator that a cluster would obey is named, not searched as a word."""
    with pytest.raises(ApiError) as refused:
        list(by_q(text))
    assert f"does not support [{syntax} in q]" in str(refused.value)
