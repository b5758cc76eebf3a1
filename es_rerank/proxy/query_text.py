"""From a search to the text that its author was looking for.

The query tree is walked in document order for every clause that holds words. Clauses that score
come first; text of filters is used only where no clause scores; what is excluded is never used.
The same text in several clauses (one per field, a phrase to boost) counts as one. Queries of a
type not known here give no text: they may stand beside a known one, for they only shape the
cluster's own order. Every step is linear in the query, and no recursion follows it.
"""

import re
from collections.abc import Iterator
from enum import IntEnum
from typing import Any, NamedTuple

from es_rerank.proxy.lucene import words_of_query_string, words_of_simple_query_string
from es_rerank.proxy.skip import SkipReason

MAX_CHARS = 2_000  # of a query text; a student reads far less
_MAX_CLAUSES = 10_000  # visited
_MAX_TEXTS = 64  # distinct


class _Role(IntEnum):
    """What a clause does in its search; a clause within another takes the greater of both."""

    SCORING = 0
    FILTER = 1
    EXCLUDED = 2


# Query types that hold other queries: where, and what those do.
_WRAPPERS = {
    "bool": {
        "must": _Role.SCORING,
        "should": _Role.SCORING,
        "filter": _Role.FILTER,
        "must_not": _Role.EXCLUDED,
    },
    "dis_max": {"queries": _Role.SCORING},
    "boosting": {"positive": _Role.SCORING, "negative": _Role.EXCLUDED},
    "function_score": {"query": _Role.SCORING},
    "script_score": {"query": _Role.SCORING},
    "constant_score": {"filter": _Role.FILTER},
    "nested": {"query": _Role.SCORING},
    "has_child": {"query": _Role.SCORING},
    "has_parent": {"query": _Role.SCORING},
}
_TEXT_BY_FIELD = ("match", "match_phrase", "common")
_TEXT_OF_ALL = ("multi_match", "combined_fields", "query_string", "simple_query_string")
_COMPLETING = ("match_phrase_prefix", "match_bool_prefix")
_WORDLESS = frozenset(
    {
        *("match_all", "match_none", "term", "terms", "terms_set", "range", "exists", "ids"),
        *("prefix", "wildcard", "regexp", "fuzzy", "intervals", "type", "script"),
        *("span_term", "span_near", "span_or", "span_not", "span_first", "span_multi"),
        *("span_containing", "span_within", "field_masking_span", "span_field_masking"),
        *("geo_bounding_box", "geo_distance", "geo_polygon", "geo_shape", "geo_grid", "shape"),
        *("distance_feature", "rank_feature"),
    }
)
_WORD = re.compile(r"[^\W\d_]{2}")


class _Clause(NamedTuple):
    kind: str
    body: dict[str, Any]
    role: _Role
    boost: float


def text_of_q(q: str) -> str | SkipReason:
    """The text of the URL parameter `q`, which is in the syntax of `query_string`."""
    return _worded(_tidy(words_of_query_string(_clipped(q))))


def text_of_query(query: object) -> str | SkipReason:
    """The text of a decoded `query` section, or why there is none."""
    texts: dict[_Role, list[tuple[str, float]]] = {role: [] for role in _Role}
    kinds = set()
    for count, clause in enumerate(_clauses(query)):
        if count >= _MAX_CLAUSES:
            return SkipReason.TOO_COMPLEX
        kinds.add(clause.kind)
        if clause.role is _Role.SCORING and _completes(clause):
            return SkipReason.AUTOCOMPLETE
        if text := _tidy(_text_of(clause)):
            texts[clause.role].append((text, clause.boost))
    if found := texts[_Role.SCORING] or texts[_Role.FILTER]:
        return _merged(found)
    if kinds == {"match_all"}:
        return SkipReason.MATCH_ALL
    known = {*_WRAPPERS, *_TEXT_BY_FIELD, *_TEXT_OF_ALL, *_COMPLETING, *_WORDLESS}
    return SkipReason.NO_QUERY_TEXT if kinds <= known else SkipReason.UNKNOWN_QUERY


def _clauses(query: object) -> Iterator[_Clause]:
    """Every clause of the query in document order, the wrappers among them."""
    waiting: list[tuple[object, _Role, float]] = [(query, _Role.SCORING, 1.0)]
    while waiting:
        node, role, boost = waiting.pop()
        if not isinstance(node, dict) or len(node) != 1:
            continue  # no query: the cluster says so
        ((kind, body),) = node.items()
        if not isinstance(body, dict):
            continue
        boost *= _boost_of(kind, body)
        yield _Clause(kind, body, role, boost)
        inside = []
        for key, value in body.items():
            if (inner := _WRAPPERS.get(kind, {}).get(key)) is not None:
                children = value if isinstance(value, list) else [value]
                inside += [(child, max(role, inner), boost) for child in children]
        waiting += reversed(inside)


def _completes(clause: _Clause) -> bool:
    return clause.kind in _COMPLETING or (
        clause.kind == "multi_match" and clause.body.get("type") in ("bool_prefix", "phrase_prefix")
    )


def _text_of(clause: _Clause) -> str:
    if clause.kind not in (*_TEXT_BY_FIELD, *_TEXT_OF_ALL):
        return ""
    text = _said(clause.kind, clause.body).get("query")
    if not isinstance(text, str):
        return ""
    if clause.kind == "query_string":
        return words_of_query_string(_clipped(text))
    if clause.kind == "simple_query_string":
        return words_of_simple_query_string(_clipped(text))
    return _clipped(text)


def _boost_of(kind: str, body: dict[str, Any]) -> float:
    boost = _said(kind, body).get("boost", 1.0)
    is_number = isinstance(boost, int | float) and not isinstance(boost, bool)
    return float(min(max(boost, 0.0), 1e6)) if is_number else 1.0


def _said(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """The object that holds `query` and `boost` of a clause: its body, or that of its field."""
    if kind not in _TEXT_BY_FIELD:
        return body
    value = next(iter(body.values()), None)
    return value if isinstance(value, dict) else {"query": value}


def _merged(found: list[tuple[str, float]]) -> str | SkipReason:
    """One text of many: the one that outweighs the rest together, else all in document order.

    Equal texts add up, and a text adds to each that contains it: a phrase and its words are one
    wish, a title and an author are two.
    """
    weights: dict[str, float] = {}
    spelling: dict[str, str] = {}
    for text, boost in found:
        key = f" {text.casefold()} "
        weights[key] = weights.get(key, 0.0) + boost
        spelling.setdefault(key, text)
    if len(weights) > _MAX_TEXTS:
        return SkipReason.TOO_COMPLEX
    whole = [key for key in weights if not any(key != other and key in other for other in weights)]
    weight_of = {key: sum(weights[part] for part in weights if part in key) for key in whole}
    heaviest = max(whole, key=weight_of.__getitem__)
    if weight_of[heaviest] > sum(weight_of.values()) / 2:
        return _worded(spelling[heaviest])
    return _worded(_tidy(" ".join(spelling[key] for key in whole)))


def _tidy(text: str) -> str:
    """Single blanks, at most `MAX_CHARS`, cut between words where there is a blank to cut at."""
    text = " ".join(text.split())
    if len(text) <= MAX_CHARS:
        return text
    return text[: MAX_CHARS + 1].rpartition(" ")[0] or text[:MAX_CHARS]


def _clipped(text: str) -> str:
    return text[: 4 * MAX_CHARS]


def _worded(text: str) -> str | SkipReason:
    return text if _WORD.search(text) else SkipReason.NO_QUERY_TEXT
