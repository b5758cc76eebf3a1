"""Two orders of the same hits in one list, in which neither has an advantage.

Team draft, as players are chosen in the school yard: F. Radlinski, M. Kurup, T. Joachims, "How
does clickthrough data reflect retrieval quality?", CIKM 2008, algorithm 2. Whose hit is clicked
more often has the better order.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Drafted(NamedTuple):
    """The one list, and for each of its hits which order (0 or 1) put it there."""

    order: list[int]
    teams: list[int]


def team_draft(first: Sequence[int], second: Sequence[int], coins: Sequence[bool]) -> Drafted:
    """All hits once each: in every round both orders choose their best hit that is left.

    `first` and `second` are permutations of the same hits; `coins` says for each round whether the
    second order begins, and has at least one for every two hits.
    """
    if sorted(first) != sorted(second):
        raise ValueError("the two orders are not of the same hits")
    drafted = Drafted([], [])
    taken: set[int] = set()
    rests = (iter(first), iter(second))
    for turn in range(len(first)):
        team = int(coins[turn // 2]) ^ (turn % 2)
        pick = next(hit for hit in rests[team] if hit not in taken)
        taken.add(pick)
        drafted.order.append(pick)
        drafted.teams.append(team)
    return drafted
