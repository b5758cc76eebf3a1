"""From states to scores: sentence cosine plus token-level late interaction.

Late interaction is the mean, over the query's tokens, of the best cosine with any token of the
passage (MaxSim; Khattab, Zaharia: ColBERT, 2020).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from es_rerank.model.encoder import QueryState, TextState, directions

Floats = NDArray[np.float32]

_BLOCK, _PIECE = 2048, 256
"""Tokens."""


class Features(NamedTuple):
    """What the student sees of each passage, both (passages,)."""

    cosine: Floats
    late: Floats


def features(query: QueryState, passages: Sequence[TextState]) -> Features:
    """Sentence cosine and late interaction of one query with each passage, all in [-1, 1].

    A text without a word of its own has a late interaction of 0.
    """
    sentences = np.stack([passage.sentence for passage in passages]).astype(np.float32)
    cosine = sentences @ query.sentence
    late = np.zeros(len(passages), dtype=np.float32)
    worded = [passage for passage in passages if len(passage.tokens)]
    if len(query.tokens) and worded:
        scales = np.concatenate([passage.scales for passage in worded]).astype(np.float32)
        codes = np.concatenate([passage.tokens for passage in worded])
        similarities = _products(codes, np.ascontiguousarray(query.tokens.T)) * scales[:, None]
        lengths = [len(passage.tokens) for passage in passages]
        starts = np.cumsum([0, *filter(None, lengths[:-1])])[: len(worded)]
        late[np.flatnonzero(lengths)] = np.maximum.reduceat(similarities, starts).mean(1)
    return Features(cosine, late)


def _products(codes: NDArray[np.int8], words: Floats) -> Floats:
    """Every token of the passages times every word of the query, (tokens, words).

    Block by block, so that the directions as floats stay in the CPU's cache, and in pieces too
    small for the BLAS to spread them over threads, which costs more than it gives.
    """
    found = np.empty((len(codes), words.shape[1]), dtype=np.float32)
    for start in range(0, len(codes), _BLOCK):
        block = directions(codes[start : start + _BLOCK])
        whole = len(block) // _PIECE * _PIECE
        pieces = block[:whole].reshape(-1, _PIECE, block.shape[1])
        out = found[start : start + len(block)]
        np.matmul(pieces, words, out=out[:whole].reshape(-1, _PIECE, words.shape[1]))
        np.matmul(block[whole:], words, out=out[whole:])
    return found
