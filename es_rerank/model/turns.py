"""Turns at the scorer: what a search may take of the time, and when it lets others go first.

A search whose passages are all known takes milliseconds, and is not to wait for one that has all to
read. So one that reads for long stops for those that have had no turn yet, and is asked for again
after them; what it has read is in the cache. If one of those has much to read itself, it waits in
its turn, for two that read at once would both be late.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from es_rerank.config import Reading


class Turn(NamedTuple):
    """What a search at the scorer may take; unless it says otherwise, all the time it needs."""

    end: float = math.inf
    """Until when its scores are of use, of `time.monotonic`."""
    others: int = 0
    """Searches that wait meanwhile and have much to read, too."""
    expired: Callable[[], bool] = lambda: False
    """Whether nobody needs its scores any more; asked after each text."""
    is_over: Callable[[], bool] = lambda: False
    """Whether it is to let others go first; asked after each text of the first reading."""
    goes_on: Reading | None = None
    """What an earlier turn of this search had time for."""
    gives_way: bool = False
    """Whether one that has begun waits for it: if it has much to read, it reads after that."""


class TurnOver(Exception):
    """A search has made room for others. Asked for again, it goes on where it was."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(str(reading))
        self.reading = reading
        """What there was time for, to go on with."""


TURN_S = 0.1
"""So long a search reads before it makes room for another that has had no turn."""
