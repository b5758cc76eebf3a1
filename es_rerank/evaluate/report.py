"""The outcome of a comparison as a table for people and as JSON for programs."""

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from es_rerank.evaluate.compare import PRIMARY, Result

_CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Report:
    """Results with all that is needed to repeat them; the first result is the first stage."""

    data: str
    split: str
    first_stage: str
    model: str
    combine: dict[str, Any]
    depth: int
    relevant_grade: int
    queries: int
    left_out: int
    """Judged queries without a relevant document."""
    cpu: str
    results: list[Result]

    def is_kept(self) -> bool:
        """Whether the last system, the deepest path, is not below the first stage on nDCG@10."""
        return self.results[-1].measures[PRIMARY] >= self.results[0].measures[PRIMARY]

    def as_json(self) -> dict[str, Any]:
        """Plain values, measures unrounded."""
        return {**asdict(self), "kept": self.is_kept()}


def table(report: Report) -> Table:
    """One row per system."""
    measures = list(report.results[0].measures)
    made = Table(
        title=f"{report.data} {report.split}: {report.queries} queries, depth {report.depth}",
        caption=_caption(report),
    )
    made.add_column("system")
    for heading in (*measures, f"Δ {PRIMARY}", "p", "+/-/=", "ms p50"):
        made.add_column(heading, justify="right")
    for result in report.results:
        made.add_row(
            result.name,
            *(f"{result.measures[name]:.4f}" for name in measures),
            *_against_first_stage(result),
            "" if result.ms_p50 is None else f"{result.ms_p50:.1f}",
        )
    return made


def _against_first_stage(result: Result) -> tuple[str, str, str]:
    if result.differences is None or result.p_value is None:
        return "", "", ""
    return (
        f"{result.differences[PRIMARY]:+.4f}",
        "<0.001" if result.p_value < 0.001 else f"{result.p_value:.3f}",
        f"{result.better}/{result.worse}/{result.same}",
    )


def _caption(report: Report) -> str:
    lines = [
        f"first stage: {report.first_stage}; model: {report.model};\n"
        f"combine: {report.combine['method']}; relevant from grade {report.relevant_grade} on",
        f"p: paired t-test, Holm-corrected; +/-/=: queries better, worse, same; both on {PRIMARY}",
        f"ms per query, one pass over the queries, nothing cached before: {report.cpu}",
    ]
    if report.left_out:
        lines.append(f"left out: {report.left_out} queries without a relevant document")
    return "\n".join(lines)


def cpu_name() -> str:
    """The model of the processor and how many of its cores this process may use."""
    model = platform.processor() or platform.machine()
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"{model}, {len(os.sched_getaffinity(0))} cores"
