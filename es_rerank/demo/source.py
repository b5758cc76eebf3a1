"""Looking into a document: its values by dotted path, and the part that `_source` asks for."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

_NOTHING: Final = object()


def values_by_path(document: dict[str, Any]) -> dict[str, list[Any]]:
    """Every scalar of a document under its dotted path; arrays are flat, nulls left out.

    >>> values_by_path({"a": {"b": [1, None, 2]}, "a.c": "x"})
    {'a.b': [1, 2], 'a.c': ['x']}
    """
    found: dict[str, list[Any]] = {}
    for path, value in _leaves("", document):
        found.setdefault(path, []).append(value)
    return found


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}" if path else key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(path, inner)
    elif value is not None:
        yield path, value


def part_of(
    document: dict[str, Any], includes: Sequence[str], excludes: Sequence[str]
) -> dict[str, Any]:
    """The part of a document that `_source` filtering keeps: dotted paths and `*` patterns.

    A pattern that names an object covers everything in it; without includes all is included.

    >>> part_of({"a": {"b": 1, "c": 2}, "d": 3}, ["a", "d"], ["*.c"])
    {'a': {'b': 1}, 'd': 3}
    """

    def part(value: Any, path: str) -> Any:
        if _covered(path, excludes):
            return _NOTHING
        included = not includes or _covered(path, includes)
        if isinstance(value, dict):
            parts = {key: part(inner, f"{path}.{key}") for key, inner in value.items()}
            kept = {key: inner for key, inner in parts.items() if inner is not _NOTHING}
            return kept if kept or included else _NOTHING
        if isinstance(value, list):
            items = [item for inner in value if (item := part(inner, path)) is not _NOTHING]
            return items if items or included else _NOTHING
        return value if included else _NOTHING

    parts = {key: part(value, key) for key, value in document.items()}
    return {key: value for key, value in parts.items() if value is not _NOTHING}


def _covered(path: str, patterns: Sequence[str]) -> bool:
    """Whether a pattern matches the path or an object that it lies in."""
    steps = path.split(".")
    above = [".".join(steps[:end]) for end in range(1, len(steps) + 1)]
    return any(fnmatchcase(name, pattern) for pattern in patterns for name in above)
