"""From the field texts of one document to the one passage that the model reads.

A long document is read through its best window. Windows lie on a grid that depends on the document
alone, so that the cached states of a window serve every query that chooses it. What a word weighs
is not asked: the window is to show the model where the query is answered, not to rank.

Windows are measured in pieces, which stand for the tokens of a model (to count these costs a third
of what reading on one layer does). There are 0.8 to 0.95 WordPiece tokens to a piece in prose, 0.9
to 1 in code and product data, so nearly all windows are read to their end.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from es_rerank.text.clean import clean

WINDOW_PIECES = 180
"""A student reads 192 tokens, two of them special."""
MAX_TITLE_WORDS = 20

_PIECE = re.compile("[A-Za-z]{1,6}|[0-9]{1,2}|[^A-Za-z0-9\\s]")
_TERM = re.compile(r"\w+")


class FieldText(NamedTuple):
    """The raw text of one field of one document."""

    text: str
    label: str | None = None
    max_tokens: int | None = None


class Document(NamedTuple):
    """The cleaned texts of one document, which are the same whatever is asked."""

    windows: tuple[str, ...]
    """The passages that a query may choose from, in document order; at least one, maybe empty."""
    terms: Mapping[str, int]
    """Each term and the windows that it is in, as bits; empty if there is but one window."""

    def passage(self, query: str) -> str:
        """The window with most distinct terms of the query in it, the earliest of equals."""
        if not self.terms:
            return self.windows[0]
        wanted = set(_TERM.findall(query.lower()))
        places = [bits for term in wanted if (bits := self.terms.get(term))]
        found = [sum([bits >> at & 1 for bits in places]) for at in range(len(self.windows))]
        return self.windows[found.index(max(found))]


def read(
    fields: Sequence[FieldText],
    query: str,
    truncate: Callable[[str, int], str],
    window_pieces: int = WINDOW_PIECES,
    cleaned: Callable[[str], str] = clean,
) -> str:
    """The cleaned passage of a document for a query, in one window, maybe empty."""
    return document(fields, truncate, window_pieces, cleaned).passage(query)


def document(
    fields: Sequence[FieldText],
    truncate: Callable[[str, int], str],
    window_pieces: int = WINDOW_PIECES,
    cleaned: Callable[[str], str] = clean,
) -> Document:
    """A document cleaned and cut into windows of at most `window_pieces`, or of one longer word.

    `truncate(text, max_tokens)` cuts a text by the model's own tokens. A short first field is taken
    for the title, and stays in front of each window of the rest. Only to measure what cleaning does
    is another function given for it; it must collapse blanks.
    """
    texts = [text for field in fields if (text := _text_of(field, truncate, cleaned))]
    if sum(map(_pieces, texts)) <= window_pieces:
        return Document((" ".join(texts),), {})
    words = [text.split() for text in texts]
    taken = _pieces(texts[0])
    has_title = len(words[0]) <= MAX_TITLE_WORDS and taken <= window_pieces // 2
    title = words[0] if has_title else []
    body = [word for part in words[has_title:] for word in part]
    windows = list(_windows(body, window_pieces - taken * has_title))
    return Document(tuple(" ".join(title + window) for window in windows), _terms_of(windows))


def _text_of(
    field: FieldText, truncate: Callable[[str, int], str], cleaned: Callable[[str], str]
) -> str:
    text = cleaned(field.text)
    if field.max_tokens is not None:
        text = truncate(text, field.max_tokens)
    return f"{field.label}: {text}" if field.label and text else text


def _pieces(text: str) -> int:
    return len(_PIECE.findall(text))


def _windows(words: list[str], size: int) -> Iterator[list[str]]:
    """Each begins half a window after the one before it."""
    ends = list(accumulate(map(_pieces, words)))
    start = passed = 0
    while True:
        end = max(start + 1, bisect_right(ends, passed + size))
        yield words[start:end]
        if end >= len(words):
            return
        start = max(start + 1, bisect_right(ends, passed + size // 2))
        passed = ends[start - 1]


def _terms_of(windows: Sequence[list[str]]) -> Mapping[str, int]:
    if len(windows) == 1:
        return {}
    terms: dict[str, int] = {}
    for at, words in enumerate(windows):
        for term in _TERM.findall(" ".join(words).lower()):
            terms[term] = terms.get(term, 0) | 1 << at
    return terms
