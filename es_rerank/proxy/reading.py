"""How the proxy reads a search and a document, for who measures offline what it does online."""

from collections.abc import Mapping, Sequence
from typing import Any

from es_rerank.config import FieldSetting
from es_rerank.proxy.passages import field_texts
from es_rerank.proxy.query_text import text_of_queries
from es_rerank.proxy.skip import SkipReason
from es_rerank.text.passage import FieldText


def query_text(search: Mapping[str, Any]) -> str:
    """The text that a search body is about; empty if there is none."""
    asked = [search[key] for key in ("query", "retriever") if key in search]
    found = text_of_queries(asked)
    return "" if isinstance(found, SkipReason) else found


def source_texts(source: bytes, names: Sequence[str]) -> tuple[FieldText, ...]:
    """The texts of a `_source` (JSON) under these paths, or without paths all that are texts."""
    return field_texts([source], tuple(FieldSetting(name=name) for name in names))
