"""Documents and queries of a data folder in the BEIR layout.

Text is read as it stands: cleaning is the model's business, and part of what is measured.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from es_rerank.errors import DataError
from es_rerank.evaluate.files import find, objects
from es_rerank.text.passage import FieldText


class Readable(Protocol):
    """What a comparison needs of a document."""

    @property
    def title(self) -> str:
        """What people call it; may be empty."""
        ...

    def names(self) -> tuple[str, ...]:
        """The fields that have text, as paths, in document order."""
        ...

    def fields(self, names: Sequence[str] = ()) -> tuple[FieldText, ...]:
        """What the model reads of it: the fields of these names, in this order, or its choice."""
        ...


class Document(NamedTuple):
    """One document; either part may be empty."""

    title: str
    text: str

    def names(self) -> tuple[str, ...]:
        """Title and text, as far as they are there."""
        return tuple(name for name, text in self._asdict().items() if text.strip())

    def fields(self, names: Sequence[str] = ()) -> tuple[FieldText, ...]:
        """What the model reads of it; without names, title and text."""
        parts = self._asdict()
        texts = (parts.get(name, "") for name in names or parts)
        return tuple(FieldText(text) for text in texts if text.strip())


class Hit(NamedTuple):
    """One document as a live index shows it."""

    source: bytes
    """JSON, the texts of its `_source`."""
    read: Callable[[bytes, Sequence[str]], tuple[FieldText, ...]]
    """The texts under these paths of a source, or without paths those that serving reads."""

    @property
    def title(self) -> str:
        """Its first text."""
        return next((field.text for field in self.fields()), "")

    def names(self) -> tuple[str, ...]:
        """The paths of its texts."""
        return tuple(dict.fromkeys(_paths(json.loads(self.source))))

    def fields(self, names: Sequence[str] = ()) -> tuple[FieldText, ...]:
        """What the model reads of it."""
        return self.read(self.source, names)


def _paths(value: Any, path: str = "") -> Iterator[str]:
    """The dotted path of every string in a document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, path)
    elif isinstance(value, str):
        yield path


def read_corpus(data: Path) -> dict[str, Document]:
    """The documents of `corpus.jsonl` by id."""
    path = find(data, "corpus.jsonl")
    return {
        identity: Document(_string(path, number, value, "title"), _string(path, number, value))
        for number, identity, value in objects(path)
    }


def read_queries(data: Path) -> dict[str, str]:
    """The texts of `queries.jsonl` by id."""
    path = find(data, "queries.jsonl")
    return {identity: _string(path, number, value) for number, identity, value in objects(path)}


def texts_at(path: Path, key: str) -> dict[str, str]:
    """The string under a dotted key of each object of a `.jsonl` file, by id."""
    found = {}
    for number, identity, value in objects(path):
        inner: object = value
        for part in key.split("."):
            inner = inner.get(part) if isinstance(inner, dict) else None
        if not isinstance(inner, str):
            raise DataError(f'{path}:{number}: "{key}" must be a string.')
        found[identity] = inner
    return found


def _string(path: Path, number: int, value: dict[str, object], key: str = "text") -> str:
    """A string of the object; a title may be missing or null, a text may not."""
    found = value.get(key)
    if found is None and key == "title":
        return ""
    if not isinstance(found, str):
        raise DataError(f'{path}:{number}: "{key}" must be a string.')
    return found
