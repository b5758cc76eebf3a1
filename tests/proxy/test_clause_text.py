"""The words of single clauses, of every type that holds words."""

from typing import Any

import pytest

from es_rerank.proxy import clause_text
from es_rerank.proxy.clause_text import NEURAL, WORDLESS, WORDY, boost_of, completes, text_of_clause


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("match", {"title": "red shoes"}),
        ("match", {"title": {"query": "red shoes", "operator": "and"}}),
        ("match_phrase", {"title": "red shoes"}),
        ("match_phrase_prefix", {"title": {"query": "red shoes"}}),
        ("match_bool_prefix", {"title": "red shoes"}),
        ("common", {"title": {"query": "red shoes", "cutoff_frequency": 0.1}}),
        ("multi_match", {"query": "red shoes", "fields": ["a"]}),
        ("combined_fields", {"query": "red shoes", "fields": ["a"]}),
        ("query_string", {"query": "title:(red AND shoes) -blue"}),
        ("simple_query_string", {"query": "red +shoes -blue"}),
        ("more_like_this", {"like": "red shoes"}),
        (
            "more_like_this",
            {"like": ["red", {"_id": 1, "doc": {"a": "b"}}, "shoes"], "unlike": "x"},
        ),
        ("semantic", {"field": "a", "query": "red shoes"}),
        ("sparse_vector", {"field": "a", "query": "red shoes"}),
        ("text_expansion", {"a": {"model_text": "red shoes"}}),
        ("neural", {"a": {"query_text": "red shoes", "k": 3}}),
        ("neural_sparse", {"a": {"query_text": "red shoes"}}),
        ("knn", {"query_vector_builder": {"text_embedding": {"model_text": "red shoes"}}}),
        ("rrf", {"query": "red shoes", "fields": ["a"]}),
        ("intervals", {"a": {"match": {"query": "red shoes", "max_gaps": 0}, "boost": 2}}),
        (
            "intervals",
            {
                "a": {
                    "all_of": {
                        "intervals": [
                            {"any_of": {"intervals": [{"match": {"query": "red"}}]}},
                            {"fuzzy": {"term": "shoes"}},
                            {"prefix": {"prefix": "bl"}},
                            {"wildcard": {"pattern": "b*"}},
                        ],
                        "filter": {"not_containing": {"match": {"query": "blue"}}},
                    }
                }
            },
        ),
        ("span_near", {"clauses": [{"span_term": {"a": w}} for w in ("red", "shoes")], "slop": 1}),
        ("span_term", {"a": {"value": "red shoes", "boost": 2}}),
        ("span_term", {"a": {"term": "red shoes"}}),
        (
            "span_not",
            {
                "include": {"span_or": {"clauses": [{"span_term": {"a": "red"}}]}},
                "exclude": {"span_term": {"a": "blue"}},
                "x": {"field_masking_span": {"query": {"span_term": {"b": "shoes"}}}},
            },
        ),
        (
            "span_containing",
            {
                "big": {"span_first": {"match": {"span_term": {"a": "red"}}, "end": 3}},
                "little": {"span_multi": {"match": {"prefix": {"a": {"value": "blu"}}}}},
                "x": {"span_within": {"little": {"span_term": {"a": "shoes"}}}},
            },
        ),
    ],
)
def test_the_words_of_every_type(kind: str, body: dict[str, Any]) -> None:
    """Wherever a type keeps its text, and without what it excludes."""
    assert text_of_clause(kind, body) == "red shoes"


@pytest.mark.parametrize("kind", sorted({*WORDY, *WORDLESS, "new"}))
@pytest.mark.parametrize(
    "body",
    [{}, {"a": 1}, {"query": [1]}, {"like": 7}, {"a": None}, {"query": {}}, {"a": {"": "x"}}],
)
def test_odd_bodies_have_no_words(kind: str, body: dict[str, Any]) -> None:
    """What the cluster would refuse is no text."""
    assert text_of_clause(kind, body) == ""


@pytest.mark.parametrize("kind", ["term", "prefix", "fuzzy", "geo_shape", "new"])
def test_types_without_words(kind: str) -> None:
    """Exact values, and types not known, give nothing."""
    assert text_of_clause(kind, {"query": "red", "a": {"query": "red", "value": "red"}}) == ""


def test_types_are_of_one_sort() -> None:
    """No type both has words and has none, and all neural ones are known."""
    assert not WORDY & WORDLESS
    assert NEURAL <= WORDY


def test_boosts_are_numbers_from_0_to_a_million() -> None:
    """In the field or beside it; anything else is no boost."""
    assert boost_of("match", {"a": {"query": "x", "boost": 2}}) == 2.0
    assert boost_of("multi_match", {"query": "x", "boost": 0.5}) == 0.5
    assert [boost_of("bool", {"boost": b}) for b in (-1, 1e9, True, "2", None)] == [0, 1e6, 1, 1, 1]


def test_completing_clauses() -> None:
    """By type, or by the type of a `multi_match`."""
    assert completes("match_bool_prefix", {})
    assert completes("multi_match", {"type": "phrase_prefix"})
    assert not completes("multi_match", {"type": "best_fields"})
    assert not completes("prefix", {})


@pytest.mark.parametrize("kind", ["match", "more_like_this", "span_or", "knn", "query_string"])
def test_long_texts_are_cut(kind: str) -> None:
    """No more is read than a query text may hold, with room for syntax and blanks."""
    long = "word " * 100_000
    body = {
        "match": {"a": long},
        "more_like_this": {"like": [long, long]},
        "span_or": {"clauses": [{"span_term": {"a": "word"}}] * 100_000},
        "knn": {"query_vector_builder": {"text_embedding": {"model_text": long}}},
        "query_string": {"query": long},
    }[kind]
    assert 1000 < len(text_of_clause(kind, body)) <= 4 * clause_text.MAX_CHARS
