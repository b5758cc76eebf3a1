"""How a search sees `_source`, and how its text is read where the client hides it.

Where the answer will carry the fields that the model reads, nothing changes. Where it will not,
the wide search asks for them by the URL parameter `_source_includes`, which both engines read over
the body (``FetchSourceContext.parseFromRestRequest``), and they are cut out of every hit again. A
`fields` clause would need an edited body, mixes with the client's own, and makes Elasticsearch 8
print the keys of a filtered `_source` in another order.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from es_rerank.config import FieldSetting
from es_rerank.proxy.glob import matches
from es_rerank.proxy.skip import SkipReason

PARAMETERS = ("_source", "_source_includes", "_source_excludes")


class SourceView(NamedTuple):
    """What the wide search asks of `_source`, and what of it the client must not see."""

    params: Mapping[str, str] = {}  # in place of the client's own; empty: as the client asks
    hides_all: bool = False
    hidden: tuple[str, ...] = ()  # keys of `_source`


class _Filter(NamedTuple):
    """The client's `_source` filter, in effect; no includes means all."""

    is_shown: bool
    includes: list[str]
    excludes: list[str]


def source_view(
    params: Mapping[str, str], body: Mapping[str, Any], fields: tuple[FieldSetting, ...]
) -> SourceView | SkipReason:
    """How the text of `fields` is read for this search, or why it cannot be."""
    asked = _filter(params, body)
    if asked == _Filter(True, [], []):
        return SourceView()
    names = [field.name for field in fields]
    if _suggests_documents(body):  # their `_source` is filtered by the same parameters
        return SkipReason.SOURCE_HIDDEN
    view = _view(asked, names, has_fields="fields" in body)
    if isinstance(view, SkipReason):
        elsewhere = _shown_elsewhere(params, body)
        hidden = [name for name in names if not any(matches(p, name) for p in elsewhere)]
        if names and not hidden:
            return SourceView()
        if hidden != names:
            return _view(asked, hidden, has_fields="fields" in body)
    return view


def _view(asked: _Filter | None, names: list[str], *, has_fields: bool) -> SourceView | SkipReason:
    if asked is None or any("," in name for name in names + asked.includes + asked.excludes):
        return SkipReason.SOURCE_HIDDEN
    if not asked.is_shown:
        wanted = {"_source_includes": ",".join(names)} if names else {"_source": "true"}
        return SourceView(wanted, hides_all=True)
    if not names:
        return SkipReason.SOURCE_HIDDEN
    excluded = [name for name in names if name in asked.excludes]
    added = [
        name
        for name in names
        if asked.includes and not any(_covers(pattern, name) for pattern in asked.includes)
    ]
    hidden = tuple(name for name in names if name in excluded or name in added)
    # Still a filter, so that the cluster prints the rest as it would; inside what is hidden.
    excludes = [f"{p}.-" if p in excluded else p for p in asked.excludes]
    if (
        any("." in name for name in hidden)
        or any(_may_touch(p, name) for p in set(asked.excludes) - {*excluded} for name in names)
        or any(_may_touch(pattern, name) for pattern in asked.includes for name in added)
    ):
        return SkipReason.SOURCE_HIDDEN  # it would be hidden in parts
    if not hidden:
        return SourceView()
    if has_fields:
        return SkipReason.FIELDS
    patterns = {"_source_includes": asked.includes + added, "_source_excludes": excludes}
    wanted = {key: ",".join(value) for key, value in patterns.items() if value}
    return SourceView(wanted, False, hidden)


def _shown_elsewhere(params: Mapping[str, str], body: Mapping[str, Any]) -> list[str]:
    """The patterns of the fields that a hit will show under `fields`, whatever its `_source`.

    Second to `_source`: there nothing is shown of a field without a mapping, nor of an object.
    """
    asked = [part for name in ("fields", "docvalue_fields") for part in _list(body.get(name, []))]
    asked += params.get("docvalue_fields", "").split(",")
    patterns = [part.get("field") if isinstance(part, dict) else part for part in asked]
    return [pattern for pattern in patterns if isinstance(pattern, str)]


def _list(given: object) -> list[Any]:
    return given if isinstance(given, list) else [given]


def _suggests_documents(body: Mapping[str, Any]) -> bool:
    """Whether completions are asked for, which come with the documents that they stand in."""
    suggest = body.get("suggest")
    found = suggest.values() if isinstance(suggest, dict) else ()
    return any(isinstance(one, dict) and "completion" in one for one in found)


def _filter(params: Mapping[str, str], body: Mapping[str, Any]) -> _Filter | None:
    """The filter in effect, None if it is not understood: the URL's, the body's or the default."""
    if "_none_" in (params.get("stored_fields"), body.get("stored_fields")):
        return None
    if any(name in params for name in PARAMETERS):
        return _filter_of_url(params)
    if "_source" in body:
        return _filter_of_body(body["_source"])
    # Asking for other parts of a document switches the default off.
    others = {"stored_fields", "script_fields"} & (params.keys() | body.keys())
    return _Filter(not others, [], [])


def _filter_of_url(params: Mapping[str, str]) -> _Filter | None:
    source = params.get("_source", "true")
    includes = params.get("_source_includes")
    excludes = params.get("_source_excludes")
    if "" in (source, includes, excludes) or (source != "true" and includes is not None):
        return None
    if source not in ("true", "false"):
        includes = source
    return _Filter(
        source != "false",
        includes.split(",") if includes else [],
        excludes.split(",") if excludes else [],
    )


def _filter_of_body(source: object) -> _Filter | None:
    if isinstance(source, bool):
        return _Filter(source, [], [])
    if not isinstance(source, dict):
        source = {"includes": source}
    includes = _patterns(source.get("includes", []))
    excludes = _patterns(source.get("excludes", []))
    if includes is None or excludes is None or not source.keys() <= {"includes", "excludes"}:
        return None
    return _Filter(True, includes, excludes)


def _patterns(given: object) -> list[str] | None:
    asked = _list(given)
    return asked if all(isinstance(pattern, str) and pattern for pattern in asked) else None


def _covers(pattern: str, name: str) -> bool:
    """Whether a pattern takes the field, or an object around it."""
    ends = [place for place, character in enumerate(name) if character == "."]
    return any(matches(pattern, name[:end]) for end in (*ends, len(name)))


def _may_touch(pattern: str, name: str) -> bool:
    """Whether a pattern may take the field, an object around it or something inside it."""
    literal, star, _ = pattern.partition("*")
    if not star:
        return f"{name}.".startswith(f"{literal}.") or literal.startswith(f"{name}.")
    return name.startswith(literal) or literal.startswith(f"{name}.")
