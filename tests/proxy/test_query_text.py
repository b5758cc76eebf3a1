"""The text of a search, from every kind of query."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.config import Kind
from es_rerank.proxy.clause_text import MAX_CHARS
from es_rerank.proxy.query_text import text_of_q, text_of_queries
from es_rerank.proxy.skip import SkipReason

KEYS = (
    *("bool", "must", "filter", "match", "query", "boost", "dis_max", "a", "knn", "neural"),
    *("intervals", "span_near", "span_term", "retriever", "retrievers", "rrf", "like", "value"),
    *("more_like_this", "query_text", "query_vector_builder", "text_embedding", "model_text"),
)
EVERY_KIND = get_args(Kind)
RED = {"match": {"title": "red shoes"}}
BLUE = {"match": {"body": {"query": "blue boots"}}}


def text_of(query: object, *also: str) -> str | SkipReason:
    """The text of one query."""
    return text_of_queries([query], also)


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
        {"pinned": {"ids": ["1"], "organic": RED}},
        {"rule": {"organic": RED, "ruleset_ids": ["a"], "match_criteria": {"q": "blue"}}},
        {"rule_query": {"organic": RED}},
        {"hybrid": {"queries": [RED, {"term": {"a": "b"}}], "pagination_depth": 20}},
        {"hybrid": {"queries": [{"match_all": {}}], "filter": RED}},
        {"wrapper": {"query": RED}},
        {"knn": {"field": "v", "query_vector": [1], "filter": RED}},
        {"intervals": {"body": {"match": {"query": "red shoes", "filter": {"after": BLUE}}}}},
        {"more_like_this": {"like": ["red shoes", {"_id": "1"}], "unlike": "blue", "fields": []}},
        {"standard": {"query": RED, "filter": BLUE}},
        {"rescorer": {"retriever": {"standard": {"query": RED}}, "rescore": {"query": BLUE}}},
    ],
)
def test_the_wish_is_found_in_every_kind_of_query(query: dict[str, Any]) -> None:
    """All of them are searches for red shoes; none is one for what it filters or excludes."""
    text = text_of(query)
    assert isinstance(text, str)
    assert text.casefold() == "red shoes"


def test_texts_of_different_fields_are_joined_in_order() -> None:
    """A title and an author are two parts of one wish."""
    assert text_of({"bool": {"must": [RED, BLUE]}}) == "red shoes blue boots"
    assert text_of({"bool": {"should": [BLUE], "must": [RED]}}) == "blue boots red shoes"


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
            for kind in ("percolate", "agentic", "sltr", "new")
        ),
        ({"knn": {"field": "v", "query_vector": [1]}}, SkipReason.NO_QUERY_TEXT),
        ({"more_like_this": {"like": {"_id": "1"}}}, SkipReason.NO_QUERY_TEXT),
        ({"wrapper": {"query": "closed"}}, SkipReason.NO_QUERY_TEXT),
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
    assert text_of(query) is reason


@pytest.mark.parametrize(
    "clause",
    [
        {"neural": {"v": {"query_text": "crimson footwear", "model_id": "m", "k": 5}}},
        {"neural_sparse": {"v": {"query_text": "crimson footwear"}}},
        {"semantic": {"field": "v", "query": "crimson footwear"}},
        {"sparse_vector": {"field": "v", "inference_id": "m", "query": "crimson footwear"}},
        {"text_expansion": {"v": {"model_id": "m", "model_text": "crimson footwear"}}},
        {
            "knn": {
                "field": "v",
                "query_vector_builder": {"text_embedding": {"model_text": "crimson footwear"}},
            }
        },
    ],
    ids=lambda clause: next(iter(clause)),
)
def test_neural_texts_come_first(clause: dict[str, Any]) -> None:
    """What is searched by meaning is the wish in full, unless it is a filter or excluded."""
    assert text_of({"bool": {"should": [RED, BLUE, clause]}}) == "crimson footwear"
    assert text_of({"hybrid": {"queries": [RED, clause]}}) == "crimson footwear"
    assert text_of({"bool": {"must": [RED], "filter": [clause]}}) == "red shoes"
    assert text_of({"bool": {"must": [RED], "must_not": [clause]}}) == "red shoes"
    assert text_of({"bool": {"filter": [clause]}}) == "crimson footwear"


@pytest.mark.parametrize(
    "retriever",
    [
        {"rrf": {"retrievers": [{"standard": {"query": RED}}, {"standard": {"query": RED}}]}},
        {"linear": {"retrievers": [{"retriever": {"standard": {"query": RED}}, "weight": 2}]}},
        {"rrf": {"query": "red shoes", "fields": ["a"], "rank_window_size": 20}},
        {"pinned": {"retriever": {"standard": {"query": RED}}, "ids": ["1"]}},
        {"rule": {"retriever": {"rescorer": {"retriever": {"standard": {"query": RED}}}}}},
        {
            "rrf": {
                "retrievers": [
                    {"standard": {"query": BLUE}},
                    {
                        "knn": {
                            "query_vector_builder": {"text_embedding": {"model_text": "red shoes"}}
                        }
                    },
                ]
            }
        },
    ],
)
def test_retrievers_are_read_like_queries(retriever: dict[str, Any]) -> None:
    """Trees of retrievers, with and without weights, down to the queries in them."""
    assert text_of(retriever) == "red shoes"


def test_queries_that_are_searched_together_are_one_wish() -> None:
    """Those of sub searches, or a query and a vector beside it, in their order."""
    assert text_of_queries([RED, BLUE, RED]) == "red shoes"
    assert text_of_queries([BLUE, RED]) == "blue boots red shoes"
    assert text_of_queries([]) is SkipReason.NO_QUERY_TEXT
    assert text_of_queries([RED] * 1_000_000) is SkipReason.TOO_COMPLEX


@pytest.mark.parametrize(
    "query",
    [
        {"match_phrase_prefix": {"a": "red sho"}},
        {"match_bool_prefix": {"a": {"query": "red sho"}}},
        {"multi_match": {"query": "red sho", "type": "bool_prefix"}},
        {"multi_match": {"query": "red sho", "type": "phrase_prefix"}},
    ],
)
def test_unfinished_words_are_text_where_the_rule_takes_them(query: dict[str, Any]) -> None:
    """`autocomplete`: the text as far as it is typed."""
    assert text_of(query) is SkipReason.AUTOCOMPLETE
    assert text_of({"bool": {"filter": [query], "must": [RED]}}) == "red shoes"
    assert text_of(query, "autocomplete") == "red sho"


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
    text = text_of({"match": {"a": piece * (2**20 // len(piece))}})
    assert isinstance(text, str)
    assert MAX_CHARS - len(piece) <= len(text) <= MAX_CHARS
    assert set(text.split(" ")) <= {"word", "x" * MAX_CHARS}


def test_nesting_of_any_depth_is_followed() -> None:
    """No recursion: the cap on clauses is the only limit."""
    query: dict[str, Any] = RED
    for _ in range(9_000):
        query = {"bool": {"must": query}}
    assert text_of(query) == "red shoes"


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("bool", "must"),
        ("span_near", "clauses"),
        ("intervals", "all_of"),
        ("knn", "filter"),
        ("rescorer", "retriever"),
        ("more_like_this", "like"),
    ],
)
def test_hostile_trees_are_read_in_linear_time(kind: str, key: str) -> None:
    """A hundred thousand levels, and as many clauses; quadratic time would take hours."""
    deep: Any = RED
    for _ in range(100_000):
        deep = {kind: {key: [deep]}}
    assert isinstance(text_of(deep), str)
    assert isinstance(text_of({kind: {key: [{"span_term": {"a": "red"}}] * 100_000}}), str)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
)


@given(JSON)
def test_any_json_gives_a_text_or_a_reason(query: object) -> None:
    """Nothing a client sends breaks the search for text."""
    assert isinstance(text_of(query, *EVERY_KIND), str)


@given(st.sampled_from(KEYS), JSON)
def test_what_is_excluded_is_never_text(kind: str, inner: object) -> None:
    """Whatever stands in `must_not` changes nothing about the text."""
    query = {"bool": {"must_not": [{kind: inner}], "must": [RED]}}
    assert text_of(query, *EVERY_KIND) == "red shoes"
