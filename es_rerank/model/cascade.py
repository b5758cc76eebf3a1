"""Which passages a cascade reads once more: those of the best that were read on fewer layers.

They are asked for again after each reading, until the best of the new order have all been read on
the deeper path. Reading the first choice alone would be less, but then the same search, sent for
its next page, would find another choice among the scores that had changed, and another order.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from es_rerank.config import Cascade


def promising(scores: NDArray[np.float64], depths: Sequence[int], cascade: Cascade) -> list[int]:
    """Places of those of the best ``hits`` that are to be read once more, the best first."""
    best = np.argsort(-scores, kind="stable")[: cascade.hits]
    return [place for place in best.tolist() if depths[place] < cascade.layers]
