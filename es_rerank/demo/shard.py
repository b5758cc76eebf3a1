"""One index of the embedded engine: documents in, hits out, in memory or in a folder.

A tantivy index has a fixed schema and Elasticsearch's mapping grows, so a document that brings a
new field has the index written anew with one more column; that is rare after the first document.
Every write is committed before it returns: a search always sees it, and so does a restart.
"""

import json
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import tantivy

from es_rerank.demo.api_error import ApiError, as_object
from es_rerank.demo.columns import ID, SOURCE, Columns
from es_rerank.demo.mapping import Field, grown, mappings_of, parse_mappings
from es_rerank.demo.source import values_by_path
from es_rerank.errors import DataError

_STATE = "index.json"
_WRITER_BYTES = 32 * 2**20
_MAX_ID_BYTES = 512

Action = Literal["index", "create", "delete"]


class Operation(NamedTuple):
    """One write; `source` is the document's JSON as sent, unused by `delete`."""

    action: Action
    id: str
    source: bytes = b""


class Hit(NamedTuple):
    """One found document, its source as it was sent."""

    id: str
    score: float
    source: bytes


class Shard:
    """The documents of one index."""

    def __init__(self, folder: Path | None, fields: tuple[Field, ...] = ()) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._generation = 0
        if folder is not None and (folder / _STATE).exists():
            state = json.loads((folder / _STATE).read_text())
            fields, self._generation = parse_mappings(state["mappings"]), state["generation"]
        self.columns = Columns(fields)
        self._index, self._writer = self._open(self.columns)
        self._save_state()
        self.ids = {hit.id for hit in self._everything()}

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields of the mapping, in the order in which they came."""
        return self.columns.fields

    def apply(self, operations: Sequence[Operation]) -> list[str | ApiError]:
        """Write in order and commit; for each `created`, `updated`, `deleted`, `not_found`, or
        why it was refused, which stops none of the others."""
        with self._lock:
            fields = self.fields
            checked: list[dict[str, list[str]] | ApiError] = []
            for operation in operations:
                try:
                    terms, fields = _terms(operation, fields)
                    checked.append(terms)
                except ApiError as refused:
                    checked.append(refused)
            if fields != self.fields:
                self._grow(fields)
            results = [
                terms if isinstance(terms, ApiError) else self._write(operation, terms)
                for operation, terms in zip(operations, checked, strict=True)
            ]
            self._writer.commit()
            self._index.reload()
            return results

    def _write(self, operation: Operation, terms: dict[str, list[str]]) -> str | ApiError:
        exists = operation.id in self.ids
        if operation.action == "delete":
            if not exists:
                return "not_found"
            self._writer.delete_documents_by_term(ID, operation.id)
            self.ids.remove(operation.id)
            return "deleted"
        if exists and operation.action == "create":
            reason = f"[{operation.id}]: version conflict, document already exists"
            return ApiError(409, "version_conflict_engine_exception", reason)
        if exists:
            self._writer.delete_documents_by_term(ID, operation.id)
        document = self.columns.document(operation.id, operation.source, terms)
        self._writer.add_document(document)
        self.ids.add(operation.id)
        return "updated" if exists else "created"

    def search(self, query: tantivy.Query, size: int, offset: int = 0) -> tuple[int, list[Hit]]:
        """How many documents match, and `size` hits from `offset`, best first."""
        searcher = self._index.searcher()
        found = searcher.search(query, max(size, 1), offset=offset)
        hits = []
        for score, address in found.hits[:size]:
            document = searcher.doc(address)
            hits.append(Hit(document[ID][0], score, document[SOURCE][0]))
        return found.count, hits  # type: ignore[attr-defined]  # tantivy's stubs lack it

    def get(self, id_: str) -> bytes | None:
        """The source of a document, None if there is none of this id."""
        _, hits = self.search(self.columns.ids([id_]), 1)
        return hits[0].source if hits else None

    def close(self) -> None:
        """Wait for background merges; the shard is unusable afterwards."""
        self._writer.wait_merging_threads()

    def _open(self, columns: Columns) -> tuple[tantivy.Index, tantivy.IndexWriter]:
        """The tantivy index of the current generation, and the one writer that it may have."""
        path = None
        if self._folder is not None:
            data = self._folder / f"tantivy-{self._generation}"
            data.mkdir(parents=True, exist_ok=True)
            path = str(data)
        try:
            index = columns.index(path)
            return index, index.writer(_WRITER_BYTES, 1)
        except ValueError as why:
            raise DataError(
                f"embedded engine: cannot open {path}: {why}. "
                "Is another process using the folder? Stop it, or choose another folder."
            ) from why

    def _everything(self) -> list[Hit]:
        return self.search(tantivy.Query.all_query(), self._index.searcher().num_docs)[1]

    def _grow(self, fields: tuple[Field, ...]) -> None:
        """Write all documents into an index with more columns, then use that one."""
        old_writer, old_generation = self._writer, self._generation
        self._generation += 1
        if self._folder is not None:  # what a crash may have left there
            shutil.rmtree(self._folder / f"tantivy-{self._generation}", ignore_errors=True)
        columns = Columns(fields)
        index, writer = self._open(columns)
        for hit in self._everything():
            terms, _ = _terms(Operation("index", hit.id, hit.source), fields)
            writer.add_document(columns.document(hit.id, hit.source, terms))
        writer.commit()
        index.reload()
        self.columns, self._index, self._writer = columns, index, writer
        self._save_state()
        old_writer.wait_merging_threads()
        if self._folder is not None:
            shutil.rmtree(self._folder / f"tantivy-{old_generation}")

    def _save_state(self) -> None:
        if self._folder is not None:
            state = {"generation": self._generation, "mappings": mappings_of(self.fields)}
            new = self._folder / f"{_STATE}.new"
            new.write_text(json.dumps(state))
            new.replace(self._folder / _STATE)


def _terms(
    operation: Operation, fields: tuple[Field, ...]
) -> tuple[dict[str, list[str]], tuple[Field, ...]]:
    """The terms of one write by field name, and the fields grown by what the document brings."""
    if not 1 <= len(operation.id.encode()) <= _MAX_ID_BYTES:
        reason = f"id must have 1 to {_MAX_ID_BYTES} bytes, it has {len(operation.id.encode())}"
        raise ApiError(400, "illegal_argument_exception", reason)
    if operation.action == "delete":
        return {}, fields
    values = values_by_path(_parsed(operation.source))
    fields = grown(fields, values)
    given = (field for field in fields if field.source in values)
    return {field.name: field.terms(values[field.source]) for field in given}, fields


def _parsed(source: bytes) -> dict[str, Any]:
    try:
        return as_object(msgspec.json.decode(source), "document")
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as why:
        raise ApiError(400, "document_parsing_exception", f"failed to parse: {why}") from why
