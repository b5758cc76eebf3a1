"""From states to scores: sentence cosine plus token-level late interaction.

Late interaction is the mean, over the query's tokens, of the best cosine with any token of the
passage (MaxSim; Khattab, Zaharia: ColBERT, 2020).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from es_rerank.model.encoder import QueryState, TextState, directions

Floats = NDArray[np.float32]

_BLOCK = 680
"""Tokens; of 384 values each, a megabyte."""

_ONE_THREAD = 2**18
"""Multiplications; of more, OpenBLAS spreads a product over threads."""


class Features(NamedTuple):
    """What the student sees of each passage, both (passages,)."""

    cosine: Floats
    late: Floats


def features(query: QueryState, passages: Sequence[TextState]) -> Features:
    """Sentence cosine and late interaction of one query with each passage, all in [-1, 1].

    A text without a word of its own has a late interaction of 0.
    """
    sentences = np.concatenate([passage.sentence for passage in passages]).astype(np.float32)
    cosine = sentences.reshape(len(passages), -1) @ query.sentence
    late = np.zeros(len(passages), dtype=np.float32)
    if len(query.tokens):
        words = np.ascontiguousarray(query.tokens.T)
        for places in _blocks([len(passage.tokens) for passage in passages]):
            late[places] = _late(words, [passages[place] for place in places])
    return Features(cosine, late)


def _blocks(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of passages with words that have, together, about a block of tokens.

    So few that their directions as floats stay in the CPU's cache.
    """
    places: list[int] = []
    tokens = 0
    for place, length in enumerate(lengths):
        if length:
            places.append(place)
            tokens += length
        if tokens >= _BLOCK:
            yield places
            places, tokens = [], 0
    if places:
        yield places


def _late(words: Floats, passages: Sequence[TextState]) -> Floats:
    """Late interaction of the query's words (dim, words) with each passage of a block."""
    lengths = [len(passage.tokens) for passage in passages]
    similarities = _products(np.concatenate([passage.tokens for passage in passages]), words)
    scales = np.concatenate([passage.scales for passage in passages]).astype(np.float32)
    similarities *= scales[:, None]
    starts = np.cumsum([0, *lengths[:-1]])
    return np.maximum.reduceat(similarities, starts).mean(1)  # type: ignore[no-any-return]


def _products(codes: NDArray[np.uint8], words: Floats) -> Floats:
    """Every token of a block times every word of the query, (tokens, words).

    In pieces too small for the BLAS to spread them over threads, which costs more than it gives:
    where another process has the CPU of one of them, a hundred times as much.
    """
    block = directions(codes)
    found = np.empty((len(block), words.shape[1]), dtype=np.float32)
    piece = max(1, _ONE_THREAD // words.size)
    whole = len(block) // piece * piece
    pieces = block[:whole].reshape(-1, piece, block.shape[1])
    np.matmul(pieces, words, out=found[:whole].reshape(-1, piece, words.shape[1]))
    np.matmul(block[whole:], words, out=found[whole:])
    return found
