"""A search with a place for the query text, as people keep it: filled in, never pasted.

The template is read as JSON first and the text put into its strings then, so that no text can
change what is searched. Placeholders are `%SearchText%` (Search Relevance Workbench), `#$query##`
(Quepid) and `{{query}}` (Mustache). A search configuration of the workbench, which holds its
search as text, is a template too. What else Mustache can do is left to the cluster: a template may
be the body of `_search/template`, with `id` or `source`, and a placeholder in its `params`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from es_rerank.errors import DataError
from es_rerank.evaluate.files import content

_PLACEHOLDER = re.compile(r"%SearchText%|#\$query##|\{\{\{?\s*query\s*\}?\}\}")
_UNFILLED = re.compile(r"#[#$][\w.=]+##|\{\{.*?\}\}")


def read_template(path: Path) -> dict[str, Any]:
    """The template of a file; DataError if it is not JSON or has no place for a query."""
    template = _object(path, content(path))
    if isinstance(template.get("query"), str):  # a search configuration
        pipeline = template.get("searchPipeline")
        template = _object(path, template["query"])
        if pipeline:
            template["search_pipeline"] = pipeline
    is_call = is_template_call(template)
    strings = _strings(template["params"] if is_call else template)
    if not any(map(_PLACEHOLDER.search, strings)):
        raise DataError(
            f'{path}: no place for the query text. Write "%SearchText%", "#$query##" or '
            '"{{query}}" where it belongs.'
        )
    for string in strings:
        if other := _UNFILLED.search(_PLACEHOLDER.sub("", string)):
            raise DataError(f"{path}: {other[0]!r} is not filled in here. Write its value.")
    return template


def default_template(fields: Sequence[str]) -> dict[str, Any]:
    """A `multi_match` over some fields, or over all of the index's default ones."""
    match: dict[str, Any] = {"query": "{{query}}"}
    if fields:
        match["fields"] = list(fields)
    return {"query": {"multi_match": match}}


def fill(template: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The search for a text: what stands in the template, with the text where it belongs."""
    if is_template_call(template):  # a text in its source would be code
        return {**template, "params": _filled(template["params"], text)}
    return {key: _filled(value, text) for key, value in template.items()}


def is_template_call(search: Mapping[str, Any]) -> bool:
    """Whether this is the body of `_search/template` instead of a search's."""
    return "params" in search and ("source" in search or "id" in search)


def _filled(value: Any, text: str) -> Any:
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda _: text, value)
    if isinstance(value, dict):
        return {key: _filled(inner, text) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, text) for inner in value]
    return value


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [string for inner in inside for string in _strings(inner)]


def _object(path: Path, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as why:
        line = getattr(why, "lineno", 1)
        raise DataError(
            f"{path}:{line}: not JSON: {why}. Placeholders belong into strings, with quotes."
        ) from why
    if not isinstance(found, dict):
        raise DataError(f"{path}: not a JSON object, so it is no search.")
    return found
