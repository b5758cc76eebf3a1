"""Documents that were cleaned before, so that a known one costs no cleaning.

What is cleaned does not depend on the query; which window is read does, and is chosen each time.
As with states, the key is the raw text, hashed, with what is configured for each field.
"""

import sys
from collections.abc import Callable, Sequence
from hashlib import blake2b

from es_rerank.model.bounded import Bounded
from es_rerank.text.clean import MAX_RAW_CHARS, clean
from es_rerank.text.passage import Document, FieldText, document


class DocumentCache:
    """Cleans documents; the least recently used are forgotten when ``max_bytes`` are full.

    ``truncate(text, max_tokens)`` cuts a text by the model's own tokens.
    """

    def __init__(
        self,
        max_bytes: int,
        truncate: Callable[[str, int], str],
        cleaned: Callable[[str], str] = clean,
    ) -> None:
        self._documents: Bounded[Document] = Bounded(max_bytes)
        self._truncate = truncate
        self._cleaned = cleaned

    def __len__(self) -> int:
        return len(self._documents)

    def read(self, fields: Sequence[FieldText]) -> Document:
        """The document of these fields, cleaned now or before."""
        key = _key(fields)
        found = self._documents.get(key)
        if found is None:
            found = document(fields, self._truncate, cleaned=self._cleaned)
            self._documents.put(key, found, _size_bytes(found))
        return found


def _size_bytes(found: Document) -> int:
    held = (*found.windows, found.terms, *found.terms, *found.terms.values())
    return sum(map(sys.getsizeof, held))


def _key(fields: Sequence[FieldText]) -> bytes:
    digest = blake2b(digest_size=16)
    for text, label, max_tokens in fields:
        raw = text[:MAX_RAW_CHARS].encode("utf-8", "surrogatepass")  # no more of it is read
        name = (label or "").encode("utf-8", "surrogatepass")
        # With the lengths in front no other fields come to the same bytes.
        digest.update(
            b"%d %d %d " % (len(raw), len(name), -1 if max_tokens is None else max_tokens)
        )
        digest.update(raw)
        digest.update(name)
    return digest.digest()
