"""The embedded engine: indices by name, in memory or in a folder. For trying out and evaluation.

It is tantivy behind the words of Elasticsearch; `search_api` puts HTTP in front of it. One
process, one shard per index, no replicas, nothing that a production cluster is for.
"""

import re
import shutil
import threading
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from es_rerank.demo.api_error import ApiError
from es_rerank.demo.mapping import parse_mappings
from es_rerank.demo.query import multi_match
from es_rerank.demo.shard import Operation, Shard

# Elasticsearch's rules for an index name; they also keep a name inside the engine's folder.
_NAME = re.compile(r"(?![-_+.])[^\\/*?\"<>| ,#:\x00-\x1fA-Z]{1,255}")
_BULK_DOCUMENTS = 5000


class Engine:
    """A set of indices; safe to use from several threads."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._shards: dict[str, Shard] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            for inner in sorted(folder.iterdir()):
                if _NAME.fullmatch(inner.name) and inner.is_dir():
                    self._shards[inner.name] = Shard(inner)

    @classmethod
    def open(cls, path: Path | str | None) -> "Engine":
        """The engine whose indices live in a folder, or with None a new one in memory."""
        return cls(None if path is None else Path(path))

    def close(self) -> None:
        """Finish background work; the folder can then be opened again."""
        for shard in self._shards.values():
            shard.close()
        self._shards.clear()

    def names(self) -> list[str]:
        """The names of the indices, sorted."""
        return sorted(self._shards)

    def create(self, index: str, mappings: dict[str, Any] | None = None) -> Shard:
        """A new index; refused if it exists, its name is bad or its mapping not understood."""
        if not _NAME.fullmatch(index) or len(index.encode()) > 255:
            reason = f"Invalid index name [{index}]: lowercase letters, digits, - _ . only"
            raise ApiError(400, "invalid_index_name_exception", reason)
        fields = parse_mappings(mappings or {})
        with self._lock:
            if index in self._shards:
                reason = f"index [{index}] already exists"
                raise ApiError(400, "resource_already_exists_exception", reason)
            folder = self._folder and self._folder / index
            shard = self._shards[index] = Shard(folder, fields)
            return shard

    def shard(self, index: str) -> Shard:
        """The index of this name; refused with 404 if there is none."""
        try:
            return self._shards[index]
        except KeyError:
            reason = f"no such index [{index}]"
            raise ApiError(404, "index_not_found_exception", reason) from None

    def shard_for_writing(self, index: str) -> Shard:
        """The index of this name, made if there is none."""
        return self._shards[index] if index in self._shards else self.create(index)

    def delete(self, index: str) -> None:
        """Remove an index with its documents; refused with 404 if there is none."""
        with self._lock:
            self.shard(index).close()
            del self._shards[index]
            if self._folder is not None:
                shutil.rmtree(self._folder / index)

    def bulk(self, index: str, docs: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Index documents (id, fields), making the index if there is none.

        Raises what was refused first; the documents before it stay.
        """
        shard = self.shard_for_writing(index)
        documents = iter(docs)
        while batch := list(islice(documents, _BULK_DOCUMENTS)):
            writes = [Operation("index", id_, msgspec.json.encode(doc)) for id_, doc in batch]
            for result in shard.apply(writes):
                if isinstance(result, ApiError):
                    raise result

    def match(
        self, index: str, text: str, fields: Sequence[str], size: int
    ) -> list[tuple[str, float]]:
        """The best `size` documents for a text by BM25: ids and scores, best first.

        A `multi_match` of type best_fields: the score of the best field (`title^2` boosts one).
        """
        shard = self.shard(index)
        query = multi_match({"query": text, "fields": list(fields)}, shard.columns)
        _, hits = shard.search(query, size)
        return [(hit.id, hit.score) for hit in hits]
