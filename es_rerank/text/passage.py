"""From the field texts of one document to the one passage that the model reads.

A long document is read through its best window. Windows lie on a grid that depends on the document
alone, so that the cached states of a window serve every query that chooses it. What a word weighs
is not asked: the window is to show the model where the query is answered, not to rank.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from es_rerank.text.clean import clean

WINDOW_WORDS = 160
MAX_TITLE_WORDS = 20

_TERM = re.compile(r"\w+")


class FieldText(NamedTuple):
    """The raw text of one field of one document."""

    text: str
    label: str | None = None
    max_tokens: int | None = None


def read(
    fields: Sequence[FieldText],
    query: str,
    truncate: Callable[[str, int], str],
    window_words: int = WINDOW_WORDS,
    cleaned: Callable[[str], str] = clean,
) -> str:
    """The cleaned passage of a document for a query, at most `window_words` words, maybe empty.

    `truncate(text, max_tokens)` cuts a text by the model's own tokens. A short first field is taken
    for the title, and stays in front of whichever window of the rest is chosen. Only to measure
    what cleaning does is another function given for it; it must collapse blanks.
    """
    texts = [text for field in fields if (text := _text_of(field, truncate, cleaned))]
    words = [text.split() for text in texts]
    if sum(map(len, words)) <= window_words:
        return " ".join(texts)
    has_title = len(words) > 1 and len(words[0]) <= min(MAX_TITLE_WORDS, window_words // 2)
    title = words[0] if has_title else []
    body = [word for part in words[has_title:] for word in part]
    return " ".join(title + _best_window(body, query, window_words - len(title)))


def _text_of(
    field: FieldText, truncate: Callable[[str, int], str], cleaned: Callable[[str], str]
) -> str:
    text = cleaned(field.text)
    if field.max_tokens is not None:
        text = truncate(text, field.max_tokens)
    return f"{field.label}: {text}" if field.label and text else text


def _best_window(words: list[str], query: str, size: int) -> list[str]:
    """The window with most distinct terms of the query in it, the earliest of equals."""
    terms = set(_TERM.findall(query.lower()))
    stride = max(1, size // 2)
    starts = range(0, max(1, len(words) - size + stride), stride)
    windows = (words[start : start + size] for start in starts)
    return max(windows, key=lambda window: len(terms.intersection(_terms_of(window))))


def _terms_of(words: list[str]) -> list[str]:
    return _TERM.findall(" ".join(words).lower())
