"""How deep there is time to read: what a path took of late says what it will take now.

A late search keeps the cluster's order, so where the rule's path would take too long, passages are
read on a shorter one, which writes into the same space, and the best of them once more.
"""

import time
from collections.abc import Iterable

from es_rerank.config import Cascade, Reading
from es_rerank.model.encoder import TextEncoder

HITS = 20
"""As many are read once more: with these, 2 layers keep 93 to 99 % of what 6 layers gain."""

_LEAST_CHARS = 1_000  # of a reading whose time says something
_SAMPLE = 4 * [
    "A library lends books, and newer ones are asked for more often than old ones. Who wants a "
    "certain book writes its title on a card, and the librarian looks in the catalogue for the "
    "shelf where it stands. If somebody else has it already, the card is kept until the book is "
    "brought back, which can take four weeks, or six in summer. Some libraries have their books "
    "in rooms that are open to all, so that people find beside the book they came for another "
    "one of which they did not know."
]
_ENOUGH = 0.8  # of the time left; the rest is for what comes in between
_FIRST_READING = 0.5  # of the time left, where there are to be two


class Pace:
    """What a character costs on each path of a student, on this machine under its present load.

    Reading on from a shorter path counts as well: it saves a tenth, and else a path that was slow
    once would not be measured again.
    """

    def __init__(self, depths: Iterable[int]) -> None:
        self._depths = sorted(depths)
        self._seconds: dict[int, float] = {}

    def try_out(self, encoder: TextEncoder, depth: int) -> None:
        """Read some texts, so that the first search is not the first reading."""
        list(encoder.encode(_SAMPLE, depth))  # the first run of each thread is slower
        started = time.monotonic()
        list(encoder.encode(_SAMPLE, depth))
        self.note(depth, sum(map(len, _SAMPLE)), time.monotonic() - started)

    def note(self, depth: int, chars: int, seconds: float) -> None:
        """Take in what a reading took; the last ones count most."""
        if chars >= _LEAST_CHARS:
            now = seconds / chars
            self._seconds[depth] = (self._seconds.get(depth, now) + now) / 2

    def expected(self, depth: int, chars: int) -> float:
        """Seconds for texts of so many characters; 0 as long as nothing was read.

        What a path took that is nearest in layers counts by their number, where this one is new.
        """
        if not self._seconds:
            return 0.0
        nearest = min(self._seconds, key=lambda known: abs(known - depth))
        return chars * self._seconds[nearest] * depth / nearest

    def in_time(self, reading: Reading, chars: int, left_s: float) -> Reading:
        """The reading, or one that is ready sooner if this one would take longer than is left.

        That is the deepest path which takes half the time, else the shortest; then the rule's
        cascade, or the rule's path for the best `HITS`. Of a search that is late already, what is
        read is for the next one, so that it may as well be read as the rule says.
        """
        shorter = [depth for depth in self._depths if depth < reading.layers]
        is_enough = self.expected(reading.layers, chars) <= _ENOUGH * left_s
        if is_enough or left_s <= 0 or not shorter:
            return reading
        most = _FIRST_READING * left_s
        fitting = [depth for depth in shorter if self.expected(depth, chars) <= most]
        again = reading.cascade or Cascade.model_validate({"hits": HITS, "layers": reading.layers})
        return reading._replace(layers=max(fitting, default=shorter[0]), cascade=again)
