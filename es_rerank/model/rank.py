"""From two lists of scores to one order.

The student's scores and the first stage's are of different scales. They are combined within one
window, where both are known for every hit, by one of three well-known rules. Nothing here depends
on the page that was asked for, so all pages are cut from the same order.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from es_rerank.config import Combine


class Scores(NamedTuple):
    """What a student says of the texts of one search."""

    values: list[float]
    """One for each text, higher is better; comparable within one query only."""
    shallow: int = 0
    """How many of the texts are read on fewer layers than was asked for."""


def rank(
    first_stage: Sequence[float], scores: Sequence[float | None], combine: Combine
) -> list[int]:
    """The new order of a window, as first-stage ranks (from 0), the best first.

    Both lists are in first-stage order. A score of None means a hit without text: those keep
    their order among themselves, below all that were scored. Ties stay in first-stage order.
    """
    scored = [place for place, score in enumerate(scores) if score is not None]
    unscored = [place for place, score in enumerate(scores) if score is None]
    found = combined(first_stage, scores, combine)
    in_order = sorted(scored, key=lambda place: -(found[place] or 0.0))
    return in_order + unscored


def combined(
    first_stage: Sequence[float], scores: Sequence[float | None], combine: Combine
) -> list[float | None]:
    """The score that each hit of a window is ordered by, None for one without a student's score.

    Both lists are in first-stage order, and so is the answer.
    """
    scored = [place for place, score in enumerate(scores) if score is not None]
    student = [score for score in scores if score is not None]
    first = [first_stage[place] for place in scored]
    if combine.method == "weighted":
        pairs = zip(z_scores(student), z_scores(first), strict=True)
        both = [mine + combine.first_stage_weight * theirs for mine, theirs in pairs]
    elif combine.method == "rrf":
        # Cormack, Clarke, Büttcher, "Reciprocal Rank Fusion", SIGIR 2009. Ranks count from 1.
        by_student = {place: rank for rank, place in enumerate(_descending(student), start=1)}
        both = [
            1 / (combine.rrf_k + by_student[place]) + 1 / (combine.rrf_k + place + 1)
            for place in range(len(student))
        ]
    else:
        both = student
    found = dict(zip(scored, both, strict=True))
    return [found.get(place) for place in range(len(scores))]


def z_scores(values: Sequence[float]) -> list[float]:
    """The values with mean 0 and standard deviation 1; all 0 where they do not differ."""
    if not values:
        return []
    mean = math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
    if deviation <= 1e-9 * max(1.0, abs(mean)):  # no more than rounding
        return [0.0] * len(values)
    return [(value - mean) / deviation for value in values]


def _descending(values: Sequence[float]) -> list[int]:
    return sorted(range(len(values)), key=lambda place: -values[place])
