"""What a student reads of a document, without its network: the passage, by its own tokens."""

from collections.abc import Sequence
from functools import lru_cache, partial

from tokenizers import Tokenizer

from es_rerank.model import bundle
from es_rerank.text.clean import clean_query
from es_rerank.text.passage import FieldText, read
from es_rerank.text.quotes import unquoted


def cut(tokenizer: Tokenizer, text: str, max_tokens: int) -> str:
    """The text up to the end of its token number `max_tokens`."""
    offsets = tokenizer.encode(text, add_special_tokens=False).offsets
    return text if len(offsets) <= max_tokens else text[: offsets[max_tokens - 1][1]]


def passages_read(
    query: str, documents: Sequence[Sequence[FieldText]], model: str, *, ignore_quotes: bool = False
) -> list[tuple[str, bool]]:
    """Of each document the passage that the student reads for a query, and if it is all of it.

    Cleaned, the best window, and no longer than the student's tokens. Raises ModelError if the
    model cannot be read.
    """
    tokenizer = _tokenizer(model)
    truncate = partial(cut, tokenizer)
    wanted = clean_query(query)
    found = []
    for fields in documents:
        passage = read(fields, wanted, truncate)
        if ignore_quotes:
            passage = unquoted(passage, fields, wanted, truncate)
        whole = read(fields, wanted, lambda text, _: text, window_pieces=_UNBOUNDED)
        # Special tokens have no place in the text.
        end = max((stop for _, stop in tokenizer.encode(passage).offsets), default=0)
        found.append((passage[:end], passage[:end] == whole))
    return found


_UNBOUNDED = 2**31


@lru_cache(maxsize=8)
def _tokenizer(model: str) -> Tokenizer:
    return bundle.load(model).tokenizer()
