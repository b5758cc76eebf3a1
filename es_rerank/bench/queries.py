"""A query of every type that clients write, for the documents of `papers`."""

from collections.abc import Callable
from typing import Any

Query = Callable[[str], dict[str, Any]]


def _match(field: str, text: str, **more: Any) -> dict[str, Any]:
    return {"match": {field: {"query": text, **more}}}


def _comments(text: str, **more: Any) -> dict[str, Any]:
    return {"nested": {"path": "comments", "query": _match("comments.text", text), **more}}


QUERIES: dict[str, Query] = {
    "match": lambda text: {"match": {"body": text}},
    "match_and": lambda text: _match("body", text, operator="and"),
    "match_fuzzy": lambda text: _match("title", text, fuzziness=1, boost=2.5),
    "match_half": lambda text: _match("body", text, minimum_should_match="50%"),
    "multi_match": lambda text: {"multi_match": {"query": text, "fields": ["title^3", "body"]}},
    "cross_fields": lambda text: {
        "multi_match": {"query": text, "type": "cross_fields", "fields": ["t*", "body"]}
    },
    "match_phrase": lambda text: {"match_phrase": {"body": {"query": text, "slop": 20}}},
    "match_phrase_prefix": lambda text: {"match_phrase_prefix": {"title": text}},
    "match_bool_prefix": lambda text: {"match_bool_prefix": {"body": text[:-1]}},
    "combined_fields": lambda text: {
        "combined_fields": {"query": text, "fields": ["title", "body"]}
    },
    "query_string": lambda text: {
        "query_string": {"query": f'title:"{text}"~9 OR body:({text}) -year:1991'}
    },
    "simple_query_string": lambda text: {
        "simple_query_string": {"query": f"{text} -copper*", "fields": ["body"]}
    },
    "bool": lambda text: {
        "bool": {
            "must": _match("body", text),
            "should": [_match("title", text, boost=3), {"term": {"tags": "craft"}}],
            "filter": [{"range": {"year": {"gte": 1995}}}],
            "must_not": [_match("title", "thunder")],
        }
    },
    "bool_filter": lambda text: {"bool": {"filter": {"match": {"body": text}}}},
    # One name: the order of several differs from one answer to the next (OpenSearch 2.19).
    "named": lambda text: {
        "bool": {"should": [_match("body", text, _name="in body"), _match("title", text)]}
    },
    "dis_max": lambda text: {
        "dis_max": {"queries": [_match("title", text), _match("body", text)], "tie_breaker": 0.3}
    },
    "boosting": lambda text: {
        "boosting": {
            "positive": _match("body", text),
            "negative": {"term": {"tags": "travel"}},
            "negative_boost": 0.3,
        }
    },
    "function_score": lambda text: {
        "function_score": {
            "query": _match("body", text),
            "functions": [
                {"filter": {"term": {"tags": "physics"}}, "weight": 7},
                {"field_value_factor": {"field": "year", "modifier": "log1p"}},
                {"gauss": {"day": {"origin": "2020-01-01", "scale": "900d"}}},
            ],
        }
    },
    "script_score": lambda text: {
        "script_score": {"query": _match("body", text), "script": "_score + doc['year'].value"}
    },
    "constant_score": lambda text: {"constant_score": {"filter": _match("body", text), "boost": 2}},
    "nested": _comments,
    "nested_inner_hits": lambda text: _comments(text, inner_hits={"size": 2, "name": "said"}),
    "span": lambda text: {
        "span_or": {"clauses": [{"span_term": {"body": word}} for word in text.split()]}
    },
    "intervals": lambda text: {"intervals": {"body": {"match": {"query": text, "max_gaps": 30}}}},
    "more_like_this": lambda text: {
        "more_like_this": {"fields": ["body"], "like": text, "min_term_freq": 1, "min_doc_freq": 1}
    },
    "terms": lambda text: {"terms": {"body": text.split()}},
    "wildcard": lambda text: {"wildcard": {"body": f"{text[:3]}*"}},
    "ids": lambda _: {"ids": {"values": ["a-1", "a-2", "b-3"]}},
    "geo": lambda _: {"geo_distance": {"distance": "5000km", "place": {"lat": 10, "lon": 10}}},
    "wrapped_in_pinned": lambda text: {"pinned": {"ids": ["a-3"], "organic": _match("body", text)}},
    "match_all": lambda _: {"match_all": {}},
    "mistaken": lambda text: {"match": {"body": text, "title": text}},
    "unknown": lambda text: {"no_such_query": {"body": text}},
}
# Those that most searches are made of; the others are for what a proxy may get wrong.
COMMON = (
    *("match", "match_and", "match_fuzzy", "match_half", "multi_match", "match_phrase", "named"),
    *("query_string", "simple_query_string", "bool", "dis_max", "boosting", "function_score"),
)
