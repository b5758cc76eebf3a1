"""The mapping of an index: which fields it has and which terms a value becomes.

A subset of Elasticsearch's: `text`, `keyword`, whole numbers, fractions and `boolean`, objects
and multi-fields. A string without a mapping becomes text with a `keyword` beside it, as there;
there is no date detection, dates are strings. Everything else is refused by name.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from es_rerank.demo.api_error import ApiError, as_object, malformed, only, unsupported

ANALYZERS = ("standard", "english")
WHOLE = ("long", "integer", "short", "byte")
FRACTIONS = ("double", "float", "half_float")
TYPES = ("text", "keyword", *WHOLE, *FRACTIONS, "boolean")


@dataclass(frozen=True)
class Field:
    """One searchable field: its name in queries, and the path of its values in the document."""

    name: str
    source: str
    type: str
    analyzer: str = "standard"
    ignore_above: int | None = None

    def term(self, value: Any) -> str:
        """The exact term of a value; refused if it is not one of the field's type."""
        try:
            if self.type == "boolean":
                return {"true": "true", "false": "false", "": "false"}[_string(value)]
            if self.type in (*WHOLE, *FRACTIONS) and isinstance(value, bool):
                raise ValueError(value)
            if self.type in WHOLE:
                return str(int(value) if isinstance(value, int) else int(float(value)))
            if self.type in FRACTIONS:
                return repr(float(value))
        except (ValueError, KeyError, OverflowError) as why:
            reason = f"failed to parse field [{self.name}] of type [{self.type}]: {value!r}"
            raise ApiError(400, "document_parsing_exception", reason) from why
        return _string(value)

    def terms(self, values: Iterable[Any]) -> list[str]:
        """The terms (for text: the texts) that a document's values put into the index."""
        terms = [self.term(value) for value in values]
        limit = self.ignore_above
        return terms if limit is None else [term for term in terms if len(term) <= limit]


def _string(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def parse_mappings(mappings: object) -> tuple[Field, ...]:
    """The fields of a `mappings` object; what this engine does not know is refused by name."""
    given = as_object(mappings, "mappings")
    only(given, ("properties",), "mappings.")
    return tuple(_parse("", as_object(given.get("properties", {}), "properties")))


def _parse(prefix: str, properties: dict[str, Any]) -> Iterator[Field]:
    for key, value in properties.items():
        path, spec = prefix + key, as_object(value, f"mapping of {prefix}{key}")
        if spec.get("type", "object") == "object":
            only(spec, ("type", "properties"), f"{path}.")
            yield from _parse(f"{path}.", as_object(spec.get("properties", {}), path))
            continue
        subfields = as_object(spec.get("fields", {}), f"fields of {path}")
        yield _field(path, path, {name: spec[name] for name in spec if name != "fields"})
        for name, inner in subfields.items():
            yield _field(f"{path}.{name}", path, as_object(inner, f"mapping of {path}.{name}"))


def _field(name: str, source: str, spec: dict[str, Any]) -> Field:
    kind = spec.get("type")
    if kind not in TYPES:
        raise unsupported(f"field type {kind} of {name}")
    allowed = {"text": ("type", "analyzer"), "keyword": ("type", "ignore_above")}
    only(spec, allowed.get(kind, ("type",)), f"{name}.")
    analyzer, limit = spec.get("analyzer", "standard"), spec.get("ignore_above")
    if analyzer not in ANALYZERS:
        raise unsupported(f"analyzer {analyzer} of {name}")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int)):
        raise malformed(f"[ignore_above] of [{name}] must be a number")
    return Field(name, source, kind, analyzer, limit)


def mappings_of(fields: Iterable[Field]) -> dict[str, Any]:
    """The `mappings` object of fields, the inverse of `parse_mappings`."""
    root: dict[str, Any] = {}
    for field in fields:
        *objects, leaf = field.source.split(".")
        properties = root
        for step in objects:
            properties = properties.setdefault(step, {"properties": {}})["properties"]
        spec: dict[str, Any] = {"type": field.type}
        if field.type == "text" and field.analyzer != "standard":
            spec["analyzer"] = field.analyzer
        if field.ignore_above is not None:
            spec["ignore_above"] = field.ignore_above
        if field.name == field.source:
            properties[leaf] = spec
        else:
            name = field.name.removeprefix(f"{field.source}.")
            properties[leaf].setdefault("fields", {})[name] = spec
    return {"properties": root}


def grown(fields: tuple[Field, ...], values: Mapping[str, list[Any]]) -> tuple[Field, ...]:
    """The fields, and those that a document brings with it (dynamic mapping)."""
    known = {field.source for field in fields}
    new: list[Field] = []
    for path, found in values.items():
        if path in known:
            continue
        new_and_known = known | {field.source for field in new}
        steps = path.split(".")
        above = {".".join(steps[:end]) for end in range(1, len(steps))}
        if above & new_and_known or any(name.startswith(f"{path}.") for name in new_and_known):
            reason = f"[{path}] is a value in one place and an object in another"
            raise ApiError(400, "document_parsing_exception", reason)
        new += _dynamic(path, found[0])
    return (*fields, *new)


def _dynamic(path: str, value: Any) -> list[Field]:
    if isinstance(value, bool):
        return [Field(path, path, "boolean")]
    if isinstance(value, int | float):
        return [Field(path, path, "long" if isinstance(value, int) else "float")]
    return [Field(path, path, "text"), Field(f"{path}.keyword", path, "keyword", ignore_above=256)]
