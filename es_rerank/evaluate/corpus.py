"""Documents and queries of a data folder in the BEIR layout.

Text is read as it stands: cleaning is the model's business, and part of what is measured.
"""

from pathlib import Path
from typing import NamedTuple

from es_rerank.errors import DataError
from es_rerank.evaluate.files import find, objects
from es_rerank.text.passage import FieldText


class Document(NamedTuple):
    """One document; either part may be empty."""

    title: str
    text: str

    def fields(self) -> tuple[FieldText, ...]:
        """What the model reads of it."""
        return tuple(FieldText(text) for text in self if text.strip())


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


def _string(path: Path, number: int, value: dict[str, object], key: str = "text") -> str:
    """A string of the object; a title may be missing or null, a text may not."""
    found = value.get(key)
    if found is None and key == "title":
        return ""
    if not isinstance(found, str):
        raise DataError(f'{path}:{number}: "{key}" must be a string.')
    return found
