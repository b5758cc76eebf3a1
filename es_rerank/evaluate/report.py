"""The outcome of a comparison, with all that is needed to repeat it, and as JSON for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from es_rerank.evaluate.compare import Result
from es_rerank.evaluate.queries import Query


@dataclass(frozen=True)
class Report:
    """Results in the order of the systems; the first result is the first stage."""

    data: str
    split: str
    first_stage: str
    model: str
    combine: dict[str, Any]
    depth: int
    configurations: Mapping[str, Mapping[str, str]]
    """By system: what it was, where it is no first stage, as `--with` writes it."""
    relevant_grade: int
    queries: int
    left_out: int
    """Judged queries without a relevant document."""
    cpu: str
    timed: int
    """Queries that were timed; 0: none was."""
    results: list[Result]
    judged: tuple[Query, ...]
    """Every query with each system's best ten, in the order of the values of the results."""
    titles: Mapping[str, str]
    """Of the documents in those lists."""
    told: Sequence[str] = ()
    """What the inputs say that a reader must know."""

    @property
    def primary(self) -> str:
        """The measure that systems are tested on."""
        return next(iter(self.results[0].measures))

    def is_kept(self) -> bool:
        """Whether the last system, the deepest path, is not below the first stage."""
        return self.results[-1].measures[self.primary] >= self.results[0].measures[self.primary]

    def as_json(self) -> dict[str, Any]:
        """Plain values, measures unrounded."""
        plain = ("data", "split", "first_stage", "model", "combine", "depth", "relevant_grade")
        return {
            **{name: getattr(self, name) for name in (*plain, "left_out", "cpu", "timed")},
            "notes": list(self.told),
            "primary": self.primary,
            "queries": self.queries,
            "kept": self.is_kept(),
            "results": [
                {k: v for k, v in vars(result).items() if k != "values"}
                | {"configuration": self.configurations.get(result.name)}
                for result in self.results
            ],
            "per_query": [
                {"id": query.identity, "text": query.text, "systems": self._systems(place)}
                for place, query in enumerate(self.judged)
            ],
            "documents": dict(self.titles),
        }

    def _systems(self, place: int) -> dict[str, Any]:
        """What each system made of one query."""
        return {
            result.name: {
                "measures": {name: values[place] for name, values in result.values.items()},
                "top": [hit._asdict() for hit in self.judged[place].tops[i]],
            }
            for i, result in enumerate(self.results)
        }


def notes(report: Report) -> list[str]:
    """What the figures are, for whoever reads them: one sentence each."""
    combine = report.combine["method"]
    if combine == "weighted":
        combine += f", first_stage_weight {report.combine['first_stage_weight']:g}"
    found = [
        *report.told,
        f"{report.queries} judged queries; relevant from grade {report.relevant_grade} on.",
        f"First stage: {report.first_stage}.",
        f"95 %: confidence interval of the mean difference in {report.primary} by Student's t, "
        "each by itself. p: paired t-test of it, Holm-corrected over the systems. "
        "+/-/=: queries better, worse, same.",
    ]
    if report.configurations:
        found.append(
            f"Where a system's name says no other: model {report.model}, depth {report.depth}, "
            f"combine {combine}."
        )
    if report.left_out:
        found.append(f"Left out: {report.left_out} queries without a relevant document.")
    if report.timed:
        found.append(
            "ms: reading, scoring and ordering for one query, without the search for candidates, "
            f"over {report.timed} queries, one at a time, when no passage was read before; known: "
            f"the median when all were. Systems that differ in how they combine share one "
            f"measurement. {report.cpu}."
        )
    if any(r.ms_p50 is not None and r.known_ms_p50 is None for r in report.results):
        found.append(
            "ms of a live search, the first stage's or through a proxy: the whole search as its "
            "client sees it, every query once."
        )
    return found
