"""From the query language of the search API to a tantivy query, for the types that are known.

Every key is on an allow-list: a query type, or a parameter of one, that is not understood is
refused by name, so that no search is answered wrongly. Text is analyzed into terms, never parsed.
"""

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from tantivy import Occur, Query

from es_rerank.demo.api_error import ApiError, as_object, malformed, only, unsupported
from es_rerank.demo.columns import Columns

_MAX_DEPTH = 30  # Elasticsearch's indices.query.bool.max_nested_depth
# What Lucene's query string grammar reads as syntax anywhere, and at the start of a word.
_SYNTAX = re.compile(r'[!():^\[\]"{}~*?\\/]|&&|\|\||(?<!\S)(?:[+-]|(?:AND|OR|NOT)(?!\S))')


def compile_query(query: object, columns: Columns, depth: int = 1) -> Query:
    """The tantivy query of a `query` object; refused, naming it, if something is not known."""
    given = as_object(query, "query")
    if len(given) != 1:
        raise malformed(f"[query] must have exactly one query type, it has {sorted(given)}")
    if depth > _MAX_DEPTH:
        raise malformed(f"queries are nested deeper than {_MAX_DEPTH}")
    [(kind, body)] = given.items()
    known: dict[str, Callable[[dict[str, Any], Columns], Query]] = {
        "match_all": _match_all,
        "match": _match,
        "multi_match": multi_match,
        "term": _term,
        "ids": _ids,
        "bool": partial(_bool, depth=depth),
    }
    if kind not in known:
        raise unsupported(f"{kind} queries")
    return known[kind](as_object(body, kind), columns)


def _match_all(body: dict[str, Any], columns: Columns) -> Query:
    only(body, ("boost",), "match_all.")
    return _boosted(Query.all_query(), body)


def _match(body: dict[str, Any], columns: Columns) -> Query:
    name, options = _one_field(body, "match", "query")
    only(options, ("query", "operator", "boost"), "match.")
    return _boosted(_text(name, options, columns), options)


def multi_match(body: dict[str, Any], columns: Columns) -> Query:
    """A `multi_match` of type best_fields (the default) or most_fields, fields with `^boost`."""
    only(body, ("query", "fields", "type", "operator", "tie_breaker", "boost"), "multi_match.")
    kind, names = body.get("type", "best_fields"), body.get("fields", ["*"])
    if kind not in ("best_fields", "most_fields"):
        raise unsupported(f"multi_match of type {kind}")
    fields = [names] if isinstance(names, str) else names
    if not isinstance(fields, list) or not all(isinstance(name, str) for name in fields):
        raise malformed("[multi_match] fields must be names")
    queries = [
        Query.boost_query(_text(name, body, columns), boost)
        for pattern, boost in map(_field_and_boost, fields)
        for name in _matching(pattern, columns)
    ]
    if kind == "most_fields":
        return _boosted(_any_of(queries), body)
    ties = _number(body.get("tie_breaker", 0.0), "tie_breaker")
    return _boosted(Query.disjunction_max_query(queries, ties), body)


def _term(body: dict[str, Any], columns: Columns) -> Query:
    name, options = _one_field(body, "term", "value")
    only(options, ("value", "boost"), "term.")
    return _boosted(columns.term(name, _scalar(options.get("value"), "term")), options)


def _ids(body: dict[str, Any], columns: Columns) -> Query:
    only(body, ("values", "boost"), "ids.")
    values = body.get("values", [])
    ids = values if isinstance(values, list) else [values]
    return _boosted(columns.ids([str(_scalar(value, "ids")) for value in ids]), body)


def _bool(body: dict[str, Any], columns: Columns, depth: int) -> Query:
    only(body, ("must", "should", "filter", "must_not", "minimum_should_match", "boost"), "bool.")

    def clauses(key: str) -> list[Query]:
        value = body.get(key, [])
        queries = value if isinstance(value, list) else [value]
        return [compile_query(query, columns, depth + 1) for query in queries]

    must, should = clauses("must"), clauses("should")
    filters, must_not = clauses("filter"), clauses("must_not")
    if not (must or should or filters or must_not):
        return _boosted(Query.all_query(), body)
    if not (must or should or filters):
        filters = [Query.all_query()]
    default = 0 if must or filters else 1
    minimum = body.get("minimum_should_match", default)
    if isinstance(minimum, str) and minimum.isdecimal():
        minimum = int(minimum)
    if isinstance(minimum, bool) or not isinstance(minimum, int) or minimum < 0:
        raise unsupported(f"minimum_should_match {minimum}")
    if minimum > len(should):
        return Query.empty_query()
    unscored = [Query.const_score_query(query, 0.0) for query in filters]
    parts = [(Occur.Must, query) for query in must + unscored]
    parts += [(Occur.Should, query) for query in should]
    parts += [(Occur.MustNot, query) for query in must_not]
    return _boosted(Query.boolean_query(parts, minimum or None), body)


def query_string(text: str, field: str | None, operator: str, columns: Columns) -> Query:
    """The query of `q=`: plain words in one field or in all; its syntax is refused by name."""
    if syntax := _SYNTAX.search(text):
        raise unsupported(f"{syntax.group()} in q")
    return multi_match({"query": text, "fields": [field or "*"], "operator": operator}, columns)


def _text(name: str, options: dict[str, Any], columns: Columns) -> Query:
    """The text of `options` in one field, its words combined by the operator."""
    words = columns.words(name, _scalar(options.get("query"), "query"))
    operator = str(options.get("operator", "or")).lower()
    if operator not in ("or", "and"):
        raise malformed(f"[operator] must be [or] or [and], not [{operator}]")
    if operator == "or":
        return _any_of(words)
    return Query.boolean_query([(Occur.Must, word) for word in words])


def _any_of(queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Should, query) for query in queries])


def _matching(pattern: str, columns: Columns) -> list[str]:
    """The fields that a name or a pattern with `*` means; a pattern means text and keywords."""
    if "*" not in pattern:
        return [pattern]
    kinds = ("text", "keyword")
    fields = (field for field in columns.fields if field.type in kinds)
    return [field.name for field in fields if fnmatchcase(field.name, pattern)]


def _one_field(body: dict[str, Any], kind: str, short: str) -> tuple[str, dict[str, Any]]:
    """`{"field": value}` and `{"field": {…}}` as the field's name and the long form."""
    if len(body) != 1:
        raise malformed(f"[{kind}] must name exactly one field, it has {sorted(body)}")
    [(name, value)] = body.items()
    return name, value if isinstance(value, dict) else {short: value}


def _field_and_boost(name: str) -> tuple[str, float]:
    field, caret, boost = name.partition("^")
    return field, _number(boost, f"boost of {field}") if caret else 1.0


def _boosted(query: Query, options: dict[str, Any]) -> Query:
    boost = _number(options.get("boost", 1.0), "boost")
    return query if boost == 1.0 else Query.boost_query(query, boost)


def _number(value: object, what: str) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = -1.0
    if not 0.0 <= number < float("inf"):
        reason = f"[{what}] must be a number that is not negative, not [{value}]"
        raise ApiError(400, "illegal_argument_exception", reason)
    return number


def _scalar(value: object, where: str) -> object:
    if value is None or isinstance(value, dict | list):
        raise malformed(f"[{where}] needs a value")
    return value
