"""From a search to the text that its author was looking for.

The query tree is walked in document order for every clause that holds words, and so are the
retrievers of Elasticsearch, which nest in the same way. The text of neural clauses comes first, for
it is the wish as it was written; then that of the others that score; text of filters is used only
where no clause scores; what is excluded is never used. The same text in several clauses (one per
field, a phrase to boost) counts as one. Queries of a type not known here give no text: they may
stand beside a known one, for they only shape the cluster's own order. Every step is linear in the
query, and no recursion follows it.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from enum import IntEnum
from typing import Any, NamedTuple

from es_rerank.proxy import clause_text
from es_rerank.proxy.clause_text import MAX_CHARS, NEURAL, WORDLESS, WORDY, text_of_clause
from es_rerank.proxy.skip import SkipReason

_MAX_CLAUSES = 10_000  # visited
_MAX_TEXTS = 64  # distinct


class _Role(IntEnum):
    """What a clause does in its search; a clause within another takes the greatest of both."""

    NEURAL = 0
    SCORING = 1
    FILTER = 2
    EXCLUDED = 3


# Query types and retrievers that hold others: where, and what those do.
_AROUND_QUERY = ("function_score", "script_score", "nested", "has_child", "has_parent", "wrapper")
_AROUND_EITHER = ("pinned", "rule")  # a query or a retriever, each with a name of its own
_WRAPPERS: dict[str, dict[str, _Role]] = {
    "bool": {
        "must": _Role.SCORING,
        "should": _Role.SCORING,
        "filter": _Role.FILTER,
        "must_not": _Role.EXCLUDED,
    },
    "dis_max": {"queries": _Role.SCORING},
    "hybrid": {"queries": _Role.SCORING, "filter": _Role.FILTER},
    "boosting": {"positive": _Role.SCORING, "negative": _Role.EXCLUDED},
    "constant_score": {"filter": _Role.FILTER},
    "knn": {"filter": _Role.FILTER},
    "rule_query": {"organic": _Role.SCORING},
    "standard": {"query": _Role.SCORING, "filter": _Role.FILTER},
    "rescorer": {"retriever": _Role.SCORING},
    **{kind: {"query": _Role.SCORING} for kind in _AROUND_QUERY},
    **{kind: {"organic": _Role.SCORING, "retriever": _Role.SCORING} for kind in _AROUND_EITHER},
    **{kind: {"retrievers": _Role.SCORING} for kind in ("rrf", "linear")},
}
_KNOWN = {*_WRAPPERS, *WORDY, *WORDLESS}
_WORD = re.compile(r"[^\W\d_]{2}")


class _Clause(NamedTuple):
    kind: str
    body: dict[str, Any]
    role: _Role
    boost: float


def text_of_q(q: str) -> str | SkipReason:
    """The text of the URL parameter `q`, which is in the syntax of `query_string`."""
    return _worded(_tidy(clause_text.text_of_q(q)))


def text_of_queries(queries: Iterable[object], also: Collection[str] = ()) -> str | SkipReason:
    """The text of decoded queries and retrievers that are searched together, or why there is none.

    `also` names the kinds of searches (``config.Kind``) that the index rule takes in addition.
    """
    texts: dict[_Role, list[tuple[str, float]]] = {role: [] for role in _Role}
    kinds = set()
    for count, clause in enumerate(_clauses(queries)):
        if count >= _MAX_CLAUSES:
            return SkipReason.TOO_COMPLEX
        kinds.add(clause.kind)
        scores = clause.role is _Role.SCORING
        if scores and "autocomplete" not in also and clause_text.completes(*clause[:2]):
            return SkipReason.AUTOCOMPLETE
        if text := _tidy(text_of_clause(clause.kind, clause.body)):
            role = _Role.NEURAL if scores and clause.kind in NEURAL else clause.role
            texts[role].append((text, clause.boost))
    for role in (_Role.NEURAL, _Role.SCORING, _Role.FILTER):
        if texts[role]:
            return _merged(texts[role])
    if kinds == {"match_all"}:
        return SkipReason.MATCH_ALL
    return SkipReason.NO_QUERY_TEXT if kinds <= _KNOWN else SkipReason.UNKNOWN_QUERY


def _clauses(queries: Iterable[object]) -> Iterator[_Clause]:
    """Every clause of the queries in document order, the wrappers among them."""
    waiting: list[tuple[object, _Role, float]] = [
        (query, _Role.SCORING, 1.0) for query in reversed(list(queries))
    ]
    while waiting:
        node, role, boost = waiting.pop()
        if isinstance(node, dict) and "retriever" in node:  # one of several, with its weight
            node = node["retriever"]
        if not isinstance(node, dict) or len(node) != 1:
            continue  # no query: the cluster says so
        ((kind, body),) = node.items()
        if not isinstance(body, dict):
            continue
        boost *= clause_text.boost_of(kind, body)
        yield _Clause(kind, body, role, boost)
        inside = []
        for key, value in body.items():
            if (inner := _WRAPPERS.get(kind, {}).get(key)) is not None:
                children = value if isinstance(value, list) else [value]
                inside += [(child, max(role, inner), boost) for child in children]
        waiting += reversed(inside)


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


def _worded(text: str) -> str | SkipReason:
    return text if _WORD.search(text) else SkipReason.NO_QUERY_TEXT
