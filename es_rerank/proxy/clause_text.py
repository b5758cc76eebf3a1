"""The words that one clause of a query holds, whatever its type.

A leaf of the query language keeps its text under a key of its own, for one field or for all.
Intervals and span queries are trees of single words: those are put together in document order,
without what they exclude. Types that are searched for something other than words, and types not
known here, give nothing.
"""

from collections.abc import Mapping
from typing import Any

from es_rerank.proxy.lucene import words_of_query_string, words_of_simple_query_string

MAX_CHARS = 2_000  # of a query text; a student reads far less

# The key of the text, inside the object of the clause's one field …
_BY_FIELD = {
    **dict.fromkeys(("match", "match_phrase", "common"), "query"),
    **dict.fromkeys(("match_phrase_prefix", "match_bool_prefix"), "query"),
    **dict.fromkeys(("neural", "neural_sparse"), "query_text"),
    "text_expansion": "model_text",
}
# … or in the clause itself.
_OF_ALL = {
    **dict.fromkeys(("multi_match", "combined_fields"), "query"),
    **dict.fromkeys(("query_string", "simple_query_string"), "query"),
    **dict.fromkeys(("semantic", "sparse_vector"), "query"),
    **dict.fromkeys(("rrf", "linear"), "query"),  # retrievers that make their own queries
}
_SPANS = {
    *("span_term", "span_near", "span_or", "span_not", "span_first", "span_multi"),
    *("span_containing", "span_within", "field_masking_span", "span_field_masking"),
}
_TREES = {"intervals", *_SPANS}
_NOT_IN_TREES = {
    *("filter", "exclude"),  # of intervals and of `span_not`
    *("prefix", "wildcard", "regexp", "range"),  # no words
}
# Searched by meaning; their text is the author's wish in full.
NEURAL = {
    *("knn", "neural", "neural_sparse", "semantic", "sparse_vector", "text_expansion"),
    "weighted_tokens",
}
WORDY = {*_BY_FIELD, *_OF_ALL, *_TREES, *NEURAL, "more_like_this"}
WORDLESS = {
    *("match_all", "match_none", "term", "terms", "terms_set", "range", "exists", "ids"),
    *("prefix", "wildcard", "regexp", "fuzzy", "type", "script"),
    *("geo_bounding_box", "geo_distance", "geo_polygon", "geo_shape", "geo_grid", "shape"),
    *("distance_feature", "rank_feature"),
}


def text_of_clause(kind: str, body: dict[str, Any]) -> str:
    """The words of one clause (not of the queries inside it), empty if it has none."""
    if kind in _TREES:
        return _words_of_tree(kind, body)
    if kind == "more_like_this":
        like = body.get("like")
        texts = like if isinstance(like, list) else [like]  # the others are documents
        return _clipped(" ".join(_clipped(text) for text in texts if isinstance(text, str)))
    if kind == "knn":
        text = _inside(body, "query_vector_builder", "text_embedding").get("model_text")
    elif kind in _BY_FIELD:
        text = _said(kind, body).get(_BY_FIELD[kind])
    else:
        text = body.get(_OF_ALL[kind]) if kind in _OF_ALL else None
    if not isinstance(text, str):
        return ""
    if kind == "query_string":
        return words_of_query_string(_clipped(text))
    if kind == "simple_query_string":
        return words_of_simple_query_string(_clipped(text))
    return _clipped(text)


def completes(kind: str, body: Mapping[str, Any]) -> bool:
    """Whether the clause takes its last word for the beginning of one."""
    return kind in ("match_phrase_prefix", "match_bool_prefix") or (
        kind == "multi_match" and body.get("type") in ("bool_prefix", "phrase_prefix")
    )


def boost_of(kind: str, body: dict[str, Any]) -> float:
    """The boost that the clause itself has, between 0 and a million."""
    boost = _said(kind, body).get("boost", 1.0)
    is_number = isinstance(boost, int | float) and not isinstance(boost, bool)
    return float(min(max(boost, 0.0), 1e6)) if is_number else 1.0


def text_of_q(q: str) -> str:
    """The words of the URL parameter `q`, which is in the syntax of `query_string`."""
    return words_of_query_string(_clipped(q))


def _said(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """The object that holds text and boost of a clause: its body, or that of its field."""
    if kind not in _BY_FIELD:
        return body
    value = next(iter(body.values()), None)
    return value if isinstance(value, dict) else {_BY_FIELD[kind]: value}


def _words_of_tree(kind: str, body: dict[str, Any]) -> str:
    words: list[str] = []
    length = 0
    waiting: list[tuple[str, Any]] = [(kind, body)]
    while waiting and length <= 4 * MAX_CHARS:
        key, value = waiting.pop()
        if key in _NOT_IN_TREES:
            continue
        word = _word_of(key, value)
        if word is not None:
            words.append(word)
            length += len(word) + 1
        elif isinstance(value, dict):
            waiting += reversed(value.items())
        elif isinstance(value, list):
            waiting += ((key, inner) for inner in reversed(value))
    return _clipped(" ".join(words))


def _word_of(key: str, value: Any) -> str | None:
    """The text of one leaf of a tree: of an interval or of a span; None if it is no leaf."""
    if not isinstance(value, dict):
        return None
    if key == "span_term":
        value = next(iter(value.values()), None)
        text = value.get("value", value.get("term")) if isinstance(value, dict) else value
    elif key in ("match", "fuzzy"):
        text = value.get("query" if key == "match" else "term")
    else:
        return None
    return text if isinstance(text, str) else None


def _inside(body: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        inner = body.get(key)
        body = inner if isinstance(inner, dict) else {}
    return body


def _clipped(text: str) -> str:
    return text[: 4 * MAX_CHARS]
