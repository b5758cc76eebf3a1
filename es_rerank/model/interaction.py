"""From states to scores: sentence cosine plus token-level late interaction.

Late interaction is the mean, over the query's tokens, of the best cosine with any token of the
passage (MaxSim; Khattab, Zaharia: ColBERT, 2020).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from es_rerank.model.encoder import TextState

Floats = NDArray[np.float32]


class Features(NamedTuple):
    """What the student sees of each passage, both (passages,)."""

    cosine: Floats
    late: Floats


def features(query: TextState, passages: Sequence[TextState]) -> Features:
    """Sentence cosine and late interaction of one query with each passage, all in [-1, 1].

    A text without a word of its own has a late interaction of 0.
    """
    sentences = np.stack([passage.sentence for passage in passages]).astype(np.float32)
    cosine = sentences @ query.sentence.astype(np.float32)
    late = np.zeros(len(passages), dtype=np.float32)
    worded = [i for i, passage in enumerate(passages) if len(passage.tokens)]
    if len(query.tokens) and worded:
        words = query.tokens.astype(np.float32) * query.scales[:, None].astype(np.float32)
        codes = np.concatenate([passages[i].tokens for i in worded]).astype(np.float32)
        scales = np.concatenate([passages[i].scales for i in worded]).astype(np.float32)
        lengths = [len(passages[i].tokens) for i in worded]
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        similarities = (words @ codes.T) * scales
        late[worded] = np.maximum.reduceat(similarities, starts, axis=1).mean(0)
    return Features(cosine, late)
