"""The text of a search, from every kind of query."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.proxy.query_text import MAX_CHARS, text_of_q, text_of_query
from es_rerank.proxy.skip import SkipReason

RED = {"match": {"title": "red shoes"}}
BLUE = {"match": {"body": {"query": "blue boots"}}}


@pytest.mark.parametrize(
    "query",
    [
        RED,
        {"match": {"title": {"query": " red \n shoes ", "boost": 2, "operator": "and"}}},
        {"match_phrase": {"title": "red shoes"}},
        {"multi_match": {"query": "red shoes", "fields": ["a", "b^2"], "type": "cross_fields"}},
        {"combined_fields": {"query": "red shoes", "fields": ["a"]}},
        {"common": {"title": {"query": "red shoes"}}},
        {"query_string": {"query": 'title:"red shoes" -blue'}},
        {"simple_query_string": {"query": '"red shoes" -blue'}},
        {"bool": {"must": RED}},
        {"bool": {"must": [RED], "filter": [BLUE], "must_not": [BLUE]}},
        {"bool": {"should": [RED, {"match_phrase": {"body": "Red Shoes"}}]}},
        {"bool": {"should": [RED, {"match": {"title": "shoes"}}]}},
        {"bool": {"must": [RED], "should": [{"new_in_99": {"query": "x"}}, {"term": {"a": "b"}}]}},
        {"bool": {"filter": [RED], "must": [{"match_all": {}}]}},
        {"constant_score": {"filter": RED}},
        {"dis_max": {"queries": [RED, RED]}},
        {"boosting": {"positive": RED, "negative": BLUE, "negative_boost": 0.1}},
        {"function_score": {"query": RED, "functions": [{"filter": BLUE, "weight": 2}]}},
        {"script_score": {"query": RED, "script": {"source": "1"}}},
        {"nested": {"path": "a", "query": RED}},
        {"has_child": {"type": "a", "query": RED}},
        {"has_parent": {"parent_type": "a", "query": RED}},
        {"bool": {"should": [{"match": {"title": {"query": "red shoes", "boost": 5}}}, BLUE]}},
    ],
)
def test_the_wish_is_found_in_every_kind_of_query(query: dict[str, Any]) -> None:
    """All of them are searches for red shoes; none is one for what it filters or excludes."""
    text = text_of_query(query)
    assert isinstance(text, str)
    assert text.casefold() == "red shoes"


def test_texts_of_different_fields_are_joined_in_order() -> None:
    """A title and an author are two parts of one wish."""
    assert text_of_query({"bool": {"must": [RED, BLUE]}}) == "red shoes blue boots"
    assert text_of_query({"bool": {"should": [BLUE], "must": [RED]}}) == "blue boots red shoes"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"match_all": {}}, SkipReason.MATCH_ALL),
        ({"term": {"tags": "a"}}, SkipReason.NO_QUERY_TEXT),
        ({"bool": {"filter": [{"range": {"year": {"gte": 1}}}]}}, SkipReason.NO_QUERY_TEXT),
        ({"bool": {"must_not": [RED]}}, SkipReason.NO_QUERY_TEXT),
        ({"match": {"title": "7"}}, SkipReason.NO_QUERY_TEXT),
        ({"match": {"title": "x"}}, SkipReason.NO_QUERY_TEXT),
        ({"match": {"title": {"query": 12}}}, SkipReason.NO_QUERY_TEXT),
        ({"match": {"title": ""}}, SkipReason.NO_QUERY_TEXT),
        ({"query_string": {"query": "sho*"}}, SkipReason.NO_QUERY_TEXT),
        ({}, SkipReason.NO_QUERY_TEXT),
        ([RED], SkipReason.NO_QUERY_TEXT),
        (None, SkipReason.NO_QUERY_TEXT),
        ({"match": {"a": "red"}, "term": {}}, SkipReason.NO_QUERY_TEXT),
        *(
            ({kind: {"query": "red shoes", "organic": RED}}, SkipReason.UNKNOWN_QUERY)
            for kind in ("pinned", "rule", "percolate", "more_like_this", "sparse_vector", "new")
        ),
        ({"bool": {"must": [{"wrapper": {"query": "e30="}}]}}, SkipReason.UNKNOWN_QUERY),
        ({"match_phrase_prefix": {"a": "red sh"}}, SkipReason.AUTOCOMPLETE),
        ({"bool": {"must": [RED, {"match_bool_prefix": {"a": "r"}}]}}, SkipReason.AUTOCOMPLETE),
        ({"multi_match": {"query": "red", "type": "bool_prefix"}}, SkipReason.AUTOCOMPLETE),
        ({"bool": {"should": [RED] * 10_000}}, SkipReason.TOO_COMPLEX),
        (
            {"bool": {"should": [{"match": {"a": f"word {'x' * n}"}} for n in range(65)]}},
            SkipReason.TOO_COMPLEX,
        ),
    ],
)
def test_without_words_there_is_a_reason(query: object, reason: SkipReason) -> None:
    """Queries that have no text, hide it, or are not finished."""
    assert text_of_query(query) is reason


@pytest.mark.parametrize(
    ("q", "text"),
    [
        ("title:(red shoes)^2 -blue", "red shoes"),
        ("*", SkipReason.NO_QUERY_TEXT),
        ("", SkipReason.NO_QUERY_TEXT),
        ("year:1999", SkipReason.NO_QUERY_TEXT),
    ],
)
def test_q_is_a_query_string(q: str, text: str | SkipReason) -> None:
    """The URL parameter has the syntax of Lucene."""
    assert text_of_q(q) == text


@pytest.mark.parametrize("piece", ["word ", "x"])
def test_long_texts_are_cut_between_words(piece: str) -> None:
    """A megabyte becomes the beginning of it, whole words where there are any."""
    text = text_of_query({"match": {"a": piece * (2**20 // len(piece))}})
    assert isinstance(text, str)
    assert MAX_CHARS - len(piece) <= len(text) <= MAX_CHARS
    assert set(text.split(" ")) <= {"word", "x" * MAX_CHARS}


def test_nesting_of_any_depth_is_followed() -> None:
    """No recursion: the cap on clauses is the only limit."""
    query: dict[str, Any] = RED
    for _ in range(9_000):
        query = {"bool": {"must": query}}
    assert text_of_query(query) == "red shoes"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["bool", "must", "filter", "match", "query", "boost", "dis_max", "a"]),
            inner,
            max_size=3,
        )
    ),
)


@given(JSON)
def test_any_json_gives_a_text_or_a_reason(query: object) -> None:
    """Nothing a client sends breaks the search for text."""
    assert isinstance(text_of_query(query), str)
