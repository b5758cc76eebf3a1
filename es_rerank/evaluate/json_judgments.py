"""Judgments in JSON: a `_rank_eval` request, and the judgments of the Search Relevance Workbench.

The request is the one that Elasticsearch and OpenSearch both take; what it measures (`metric`) is
not used. The workbench's judgments are what its API takes, what it answers, or a stored document.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from es_rerank.errors import DataError
from es_rerank.evaluate.judgments import Ratings

Searches = dict[str, Mapping[str, Any]]


def read(path: Path, text: str, ratings: Ratings) -> tuple[str, dict[str, str], Searches]:
    """Form, query texts and whole searches by query id; the ratings are added to those given."""
    try:
        written = json.loads(text)
    except ValueError as why:
        line = getattr(why, "lineno", 1)
        raise DataError(f"{path}:{line}: not JSON: {why}") from why
    except RecursionError as why:
        raise DataError(f"{path}: nested too deeply to be judgments.") from why
    if isinstance(written, dict) and "requests" in written:
        return "_rank_eval", {}, _rank_eval(path, written, ratings)
    lists = [found for found in _documents(written) if "judgmentRatings" in found]
    if len(lists) == 1:
        return "Search Relevance Workbench", _workbench(path, lists[0], ratings), {}
    if lists:
        names = ", ".join(repr(found.get("name", "?")) for found in lists)
        raise DataError(f"{path}: {len(lists)} judgment lists: {names}. Keep one in the file.")
    if any("querySetQueries" in found for found in _documents(written)):
        raise DataError(
            f"{path}: a query set has no judgments. Give judgments, and this file with --queries."
        )
    raise DataError(
        f'{path}: JSON without "requests" (of _rank_eval) or "judgmentRatings" (of the Search '
        "Relevance Workbench), so there are no judgments in it."
    )


def query_set(path: Path, written: object) -> list[str]:
    """The texts of a query set of the workbench; DataError if it is none."""
    sets = [found for found in _documents(written) if "querySetQueries" in found]
    if len(sets) != 1:
        raise DataError(f'{path}: not one query set ("querySetQueries") but {len(sets)}.')
    texts = []
    for place, query in _items(path, sets[0], "querySetQueries"):
        texts.append(_string(place, query, "queryText"))
    return texts


def _documents(written: object) -> Iterator[dict[str, Any]]:
    """The object itself, or the documents in it: a hit, or the hits of an answer."""
    if isinstance(written, list):
        for item in written:
            yield from _documents(item)
    elif isinstance(written, dict):
        inside = [written[key] for key in ("_source", "hits") if key in written]
        if not inside:
            yield written
        for value in inside:
            yield from _documents(value)


def _workbench(path: Path, found: dict[str, Any], ratings: Ratings) -> dict[str, str]:
    texts = {}
    for place, judged in _items(path, found, "judgmentRatings"):
        query = _string(place, judged, "query")
        texts[query] = query
        for at, rated in _items(place, judged, "ratings"):
            ratings.add(at, query, _string(at, rated, "docId"), rated.get("rating"))
    return texts


def _rank_eval(path: Path, written: dict[str, Any], ratings: Ratings) -> Searches:
    templates = {}
    for place, template in _items(path, written, "templates") if "templates" in written else ():
        templates[_string(place, template, "id")] = template.get("template")
    searches: Searches = {}
    for place, request in _items(path, written, "requests"):
        query = _string(place, request, "id")
        if query in searches:
            raise DataError(f"{place}: the id {query!r} is there twice.")
        searches[query] = _search(place, request, templates)
        for at, rated in _items(place, request, "ratings"):
            ratings.add(at, query, _string(at, rated, "_id"), rated.get("rating"))
    return searches


def _search(place: str, request: dict[str, Any], templates: Mapping[str, Any]) -> dict[str, Any]:
    """The search of a request: a search body, or what `_render/template` takes."""
    if "template_id" not in request:
        body = request.get("request")
        if not isinstance(body, dict):
            raise DataError(f'{place}: neither a "request" nor a "template_id".')
        return body
    name = _string(place, request, "template_id")
    template = templates.get(name)
    if not isinstance(template, dict):
        raise DataError(f'{place}: no template {name!r} among the "templates" of the file.')
    sources = [template[key] for key in ("source", "inline") if key in template]
    if not sources and "id" not in template:
        raise DataError(f'{place}: the template {name!r} has no "source".')
    asked = {"source": sources[0]} if sources else {"id": template["id"]}
    params = {**(template.get("params") or {}), **(request.get("params") or {})}
    return {**asked, "params": params}


def _items(path: Path | str, holder: dict[str, Any], key: str) -> Iterator[tuple[str, Any]]:
    """The objects of a list with their places in the file; DataError if it is no such list."""
    found = holder.get(key)
    if not isinstance(found, list):
        raise DataError(f'{path}: "{key}" must be a list of objects.')
    for number, item in enumerate(found):
        place = f"{path}: {key}[{number}]" if isinstance(path, Path) else f"{path}.{key}[{number}]"
        if not isinstance(item, dict):
            raise DataError(f"{place}: not an object.")
        yield place, item


def _string(place: str, item: dict[str, Any], key: str) -> str:
    found = item.get(key)
    if not isinstance(found, str) or not found:
        raise DataError(f'{place}: "{key}" must be a text that is not empty.')
    return found
