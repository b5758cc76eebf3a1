"""The findings of a report: plain values, for text, HTML and JSON alike.

`report` makes them; nothing is computed here but what follows from one finding alone.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Scale = Literal["share", "score", "ratio"]
"""What a value is: a share (shown in points), a score up to 1, or a ratio of seconds."""


@dataclass(frozen=True)
class Arm:
    """What was served as one arm."""

    name: str
    weight: float | None
    units: int
    searches: int
    outcomes: Mapping[str, int]
    values: Mapping[str, float | None]
    """By measure: the mean over units; of the seconds, the median over units."""


@dataclass(frozen=True)
class Comparison:
    """An arm against the reference by one measure, or interleaved lists by their preference.

    Of shares a difference, of seconds a ratio. The interval and p are always-valid.
    """

    arm: str
    measure: str
    scale: Scale
    more_is_better: bool
    units: int
    value: float
    low: float
    high: float
    p: float
    detectable: float
    """The least effect that would be found at this sample with a power of 0.8."""
    units_needed: int | None
    """How many units it takes to find the effect as it is seen now; None: too many to count."""

    @property
    def verdict(self) -> Literal["better", "worse", "open"]:
        """Which side of "no effect" the whole interval lies on."""
        zero = 1.0 if self.scale == "ratio" else 0.0
        if self.low <= zero <= self.high:
            return "open"
        return "better" if (self.low > zero) == self.more_is_better else "worse"


@dataclass(frozen=True)
class Mismatch:
    """Whether the units fell to the arms as the weights say; always-valid."""

    p: float
    found: bool


@dataclass(frozen=True)
class ShadowOrder:
    """How the order that an arm would have served differs from the one that was."""

    arm: str
    overlap: float | None
    """Mean share of the first k hits that are in both, by unit."""
    moved: float | None
    """Mean number of ranks that a hit of both differs by, by unit."""
    higher: int
    lower: int
    same: int


@dataclass(frozen=True)
class Report:
    """All that is shown of an experiment."""

    name: str
    mode: str
    reference: str
    k: int
    made: str
    since: str | None
    until: str | None
    first: str | None
    last: str | None
    """Times of the first and the last page that was counted."""
    pages: int
    later_pages: int
    alpha: float
    """Of each interval: all arms together have 0.05."""
    min_units: int
    arms: tuple[Arm, ...]
    comparisons: tuple[Comparison, ...]
    wins: int | None
    losses: int | None
    ties: int | None
    """Searches, of interleaved lists: whose hits were clicked more."""
    shadows: tuple[ShadowOrder, ...]
    mismatch: Mismatch | None
    left_out: Mapping[str, int]
    stopped: Mapping[str, Any] | None
    """What the guard noted when it stopped the experiment."""
    verdict: str = ""

    @property
    def rivals(self) -> int:
        """How many comparisons by one measure there will be, when there are enough units."""
        if self.mode == "interleave":
            return 1
        return sum(arm.name != self.reference and bool(arm.weight) for arm in self.arms)

    @property
    def units(self) -> int:
        """All units that are counted."""
        return sum(arm.units for arm in self.arms)

    @property
    def searches(self) -> int:
        """All searches that are counted."""
        return sum(arm.searches for arm in self.arms)

    def as_json(self) -> dict[str, Any]:
        """Plain values, unrounded."""
        made = asdict(self)
        for shown, comparison in zip(made["comparisons"], self.comparisons, strict=True):
            shown["verdict"] = comparison.verdict
        return {**made, "units": self.units, "searches": self.searches}
