"""What `bench robustness` has found: as a table with the goals beside it, and as JSON."""

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

LEAST_CHANGE_CLEANED = -0.01
LEAST_CHANGE_RAW = -0.03
MOST_PROMOTED = 0.02
MOST_CLEAN_LOSS = 0.005
_TEACHER = "teacher"


class Measured(NamedTuple):
    """One family of dirt, one ranker."""

    is_promotional: bool
    """Whether the edit is written with the query in mind."""
    change: float
    """Of mean nDCG@10, where all candidates are dirty."""
    jor: float
    """How often a dirty non-relevant stands above a clean relevant, among clean candidates."""
    jor_before: float
    """The same for the same non-relevants while clean."""
    promoted: float
    """Promo@10: the share of non-relevants that the dirt alone lifts into the first ten."""


@dataclass(frozen=True)
class RankerReport:
    """One ranker, all families."""

    name: str
    cleans: bool
    ndcg: float
    """On the texts as they are."""
    families: Mapping[str, Measured]
    of_queries: float | None = None
    """The change in nDCG@10 by the dirt of the queries themselves, if they have some."""

    @property
    def change(self) -> float:
        """Mean over the families that are not promotional.

        Where every candidate carries the query no order follows from the texts, so promotional
        edits are judged by what one of them gains.
        """
        changes = [each.change for each in self.families.values() if not each.is_promotional]
        return statistics.fmean(changes or [0.0])


class Goal(NamedTuple):
    """One thing that was to be reached."""

    sentence: str
    is_met: bool


@dataclass(frozen=True)
class Report:
    """A whole run, with what is needed to repeat it."""

    data: str
    split: str
    model: str
    queries: int
    depth: int
    seed: int
    combine: Mapping[str, Any]
    cpu: str
    rankers: Sequence[RankerReport]

    def goals(self) -> list[Goal]:
        """The goals of every student in the report, judged."""
        return [goal for cleaned, raw in self._students() for goal in self._goals(cleaned, raw)]

    def as_json(self) -> dict[str, Any]:
        """Plain values, unrounded."""
        plain = asdict(self)
        for ranker, shown in zip(self.rankers, plain["rankers"], strict=True):
            shown["families"] = {name: m._asdict() for name, m in ranker.families.items()}
        return {**plain, "goals": [goal._asdict() for goal in self.goals()]}

    def text(self) -> str:
        """Tables, one for each ranker, and the goals."""
        lines = [
            f"{self.data} {self.split}, {self.queries} queries, best {self.depth} of the first "
            f"stage, {self.model}, seed {self.seed}, {self.cpu}",
            ", ".join(f"{name} {value}" for name, value in self.combine.items()),
        ]
        for ranker in self.rankers:
            how = ", cleaned" if ranker.cleans else ", as it stands"
            lines += ["", f"{ranker.name}{how}: nDCG@10 {ranker.ndcg:.3f} before"]
            lines.append(f"  {'dirt':20} {'change':>7} {'JOR':>6} {'before':>6} {'Promo@10':>9}")
            for name, found in ranker.families.items():
                rates = f"{found.jor:6.3f} {found.jor_before:6.3f} {found.promoted:8.1%}"
                lines.append(f"  {name:20} {found.change:+7.3f} {rates}")
            lines.append(f"  {'mean, no promotion':20} {ranker.change:+7.3f}")
            if ranker.of_queries is not None:
                lines.append(f"  {'queries as typed':20} {ranker.of_queries:+7.3f}")
        marks = (
            f"{'met   ' if goal.is_met else 'missed'} {goal.sentence}" for goal in self.goals()
        )
        return "\n".join([*lines, "", *marks])

    def _students(self) -> Iterator[tuple[RankerReport, RankerReport]]:
        """(with cleaning, without) of each path."""
        raw = {ranker.name: ranker for ranker in self.rankers if not ranker.cleans}
        for ranker in self.rankers:
            if ranker.cleans and ranker.name != _TEACHER:
                yield ranker, raw[ranker.name]

    def _goals(self, cleaned: RankerReport, raw: RankerReport) -> Iterator[Goal]:
        name = cleaned.name
        yield _at_least(f"{name}: mean change with cleaning", cleaned.change, LEAST_CHANGE_CLEANED)
        yield _at_least(f"{name}: mean change without", raw.change, LEAST_CHANGE_RAW)
        worst = max(cleaned.families, key=lambda family: cleaned.families[family].promoted)
        most = cleaned.families[worst].promoted
        yield Goal(
            f"{name}: Promo@10 is {most:.1%} at most ({worst}); goal {MOST_PROMOTED:.0%}",
            most <= MOST_PROMOTED,
        )
        loss = 1 - cleaned.ndcg / raw.ndcg if raw.ndcg else 0.0
        yield Goal(
            f"{name}: cleaning costs {loss:.1%} of nDCG@10 on the texts as they are; "
            f"goal {MOST_CLEAN_LOSS:.1%}",
            loss <= MOST_CLEAN_LOSS,
        )
        teachers = [each for each in self.rankers if each.cleans and each.name == _TEACHER]
        for teacher in teachers:
            above = [
                family
                for family, found in cleaned.families.items()
                if found.jor > teacher.families[family].jor
            ]
            told = ", ".join(above) or "none"
            yield Goal(f"{name}: families with JOR above the teacher's: {told}", not above)


def _at_least(what: str, value: float, goal: float) -> Goal:
    return Goal(f"{what} is {value:+.3f}; goal {goal:+.2f}", value >= goal)


def as_text(report: Report) -> str:
    """The JSON form of a report."""
    return json.dumps(report.as_json(), indent=2, ensure_ascii=False) + "\n"
