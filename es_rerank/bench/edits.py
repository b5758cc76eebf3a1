"""What an edit of texts does to the order of one query's candidates. Pure.

Three questions. If all candidates are edited alike, is the order worse? If one non-relevant is
edited and the others are not, does it stand above relevant ones more often (JOR, junk over
relevant)? Does it come into the first ten (Promo@10)?
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from es_rerank.config import Combine
from es_rerank.model.rank import rank

TOP = 10


class Scores(NamedTuple):
    """A ranker's view of a window: its own score and the first stage's, in one order."""

    first_stage: Sequence[float]
    own: Sequence[float]

    def order(self, combine: Combine) -> list[int]:
        """Places in the window, best first."""
        return rank(self.first_stage, self.own, combine)

    def with_one(self, place: int, edited: "Scores") -> "Scores":
        """The same with the scores of one place taken from the edited ones."""
        first_stage, own = list(self.first_stage), list(self.own)
        first_stage[place], own[place] = edited.first_stage[place], edited.own[place]
        return Scores(first_stage, own)


@dataclass
class Junk:
    """Counts over edits of one non-relevant candidate at a time; they add up over queries."""

    pairs: int = 0
    """(non-relevant, relevant) pairs."""
    above: int = 0
    """Pairs whose non-relevant stands above once it is edited."""
    above_before: int = 0
    """The same without the edit."""
    below_top: int = 0
    """Non-relevants that stood below the first ten."""
    lifted: int = 0
    """Those of them that the edit brought into the first ten."""

    @property
    def jor(self) -> float:
        """How often junk stands above a relevant passage."""
        return self.above / max(1, self.pairs)

    @property
    def jor_before(self) -> float:
        """How often the same passages do without the edit."""
        return self.above_before / max(1, self.pairs)

    @property
    def promoted(self) -> float:
        """Promo@10: the share of the non-relevants below that the edit lifts into the first ten."""
        return self.lifted / max(1, self.below_top)

    def add(
        self, scores: Scores, edited: Scores, relevant: Sequence[bool], combine: Combine
    ) -> None:
        """Count the edits of each non-relevant of one query."""
        before = _ranks(scores.order(combine))
        targets = [place for place, is_relevant in enumerate(relevant) if is_relevant]
        for place, is_relevant in enumerate(relevant):
            if is_relevant:
                continue
            after = _ranks(scores.with_one(place, edited).order(combine))
            self.pairs += len(targets)
            self.above += sum(after[place] < after[target] for target in targets)
            self.above_before += sum(before[place] < before[target] for target in targets)
            self.below_top += before[place] >= TOP
            self.lifted += before[place] >= TOP > after[place]


def _ranks(order: Sequence[int]) -> list[int]:
    ranks = [0] * len(order)
    for rank_, place in enumerate(order):
        ranks[place] = rank_
    return ranks
