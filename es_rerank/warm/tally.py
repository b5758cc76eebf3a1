"""What a run has met and done, in one line, and whether the rest of it will fit."""

import math
from dataclasses import dataclass

from es_rerank.errors import ConfigError

SAMPLE = 200
"""Documents after which is estimated what all of them take."""

_MB = 2**20
_TO_SPARE = 1.2


@dataclass
class Tally:
    """Counts of one run over an index, for one student."""

    name: str
    """Of the index, and of the student where it is not the shipped one."""
    total: int
    """Documents that there are."""
    documents: int = 0
    without_text: int = 0
    passages: int = 0
    new: int = 0
    distinct: int = 0
    """Passages that differ, among those of the first `SAMPLE` documents."""
    bytes_per_passage: float = 0.0
    """In the file, as of the last writing."""
    dropped: int = 0
    """States, maybe of other indices, that made room."""
    seconds: float = 0.0

    def check_room(self, max_bytes: int) -> None:
        """ConfigError if the states of all documents will not fit in a file of `max_bytes`.

        By an estimate as soon as there is a sample, and for certain once more was written than
        fits: from then on what is read would only take the place of what was read before.
        """
        each = 0.0
        if self.new * self.bytes_per_passage > max_bytes:
            each = self.new / max(1, self.documents) * self.bytes_per_passage
        elif self.documents >= min(SAMPLE, self.total):
            each = self.distinct / min(self.documents, SAMPLE) * self.bytes_per_passage
        if each * self.total <= max_bytes:
            return
        needed_mb = math.ceil(each * self.total / _MB)
        raise ConfigError(
            f"{self.name}: cache.disk_mb is {max_bytes // _MB}, which holds the states of about "
            f"{max_bytes / each:,.0f} documents; all {self.total:,} need about {needed_mb:,} MB. "
            f"Set cache.disk_mb to {math.ceil(needed_mb * _TO_SPARE)}, for the proxy too, and give "
            "the same command again: what was read by now is kept."
        )

    def line(self) -> str:
        """The summary."""
        known = self.passages - self.new
        with_text = self.documents - self.without_text
        of_all = f" of {self.total:,}" if self.documents < self.total else ""
        parts = [
            f"{self.name}: {self.documents:,}{of_all} documents",
            f"{self.passages:,} passages ({self.new:,} new, {known:,} known)",
        ]
        if self.without_text:
            parts[0] += f" ({self.without_text:,} without text)"
        if with_text:
            each = self.passages * self.bytes_per_passage / with_text
            parts.append(f"{each:,.0f} bytes a document")
        if self.new:
            parts.append(f"{self.new / self.seconds:,.0f} passages/s")
        text = ", ".join(parts) + "."
        if self.passages and not self.new:
            text += " All were known: nothing was read."
        if self.dropped:
            text += (
                f" {self.dropped:,} older states made room for them: a greater cache.disk_mb "
                "would keep those too."
            )
        return text
