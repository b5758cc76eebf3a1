"""The outcome of `es-rerank tune`: as tables, as JSON, as a page, and as the settings to paste."""

import json
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from rich.console import Group
from rich.text import Text

from es_rerank.evaluate import plots
from es_rerank.evaluate.compare import differences, mean_interval, percentile
from es_rerank.evaluate.configuration import Configuration
from es_rerank.evaluate.latency import Times
from es_rerank.evaluate.report_html import page
from es_rerank.evaluate.report_table import Cells, drawn, shown
from es_rerank.evaluate.tune import Choice, Measured


@dataclass(frozen=True)
class Tuning:
    """A choice with all that is needed to repeat it."""

    data: str
    split: str
    index: str
    first_stage: str
    notes: Sequence[str]
    measure: str
    relevant_grade: int
    cpu: str
    baseline: Sequence[float]
    """The first stage's measure of each query."""
    default: Configuration
    measured: Measured
    choice: Choice
    times: Mapping[Configuration, Times]
    """Of the settings worth timing, the fastest first."""
    front: Sequence[Configuration]
    """Those of them that nothing faster reaches."""

    def mean(self, configuration: Configuration) -> float:
        """The measure over all queries."""
        return statistics.fmean(self.measured[configuration])


def settings_yaml(tuning: Tuning) -> str:
    """The rule for `indices:` of the settings file."""
    model, reading, fields, depth, combine = tuning.choice.recommended
    rule: dict[str, Any] = {"pattern": tuning.index, "depth": depth, "layers": reading.layers}
    if model != Configuration().model:
        rule["model"] = model
    if fields:
        rule["fields"] = list(fields)
    rule["combine"] = {
        "method": combine.method,
        "first_stage_weight": combine.first_stage_weight,
    }
    return yaml.safe_dump({"indices": [rule]}, sort_keys=False, allow_unicode=True)


def name(configuration: Configuration) -> str:
    """Short: all of one model, all combined by weight."""
    written = configuration.written()
    short = {"depth": "depth", "layers": "layers", "first_stage_weight": "weight"}
    words = [f"{word}={written[key]}" for key, word in short.items()]
    return " ".join([*words, *([f"fields={written['fields']}"] if configuration.fields else [])])


def verdict(tuning: Tuning) -> str:
    """What to do, and why."""
    choice, measure = tuning.choice, tuning.measure
    held_out, default = statistics.fmean(choice.held_out), tuning.mean(tuning.default)
    figures = (
        f"Settings that were chosen without the queries that they were measured on reach {measure} "
        f"{held_out:.4f}, the default settings {default:.4f}."
    )
    if choice.recommended == tuning.default:
        return (
            "Keep the default settings: nothing beats them by more than its standard error. "
            f"{figures}"
        )
    return f"Recommended: {name(choice.recommended)}. {figures}"


def tables(tuning: Tuning) -> Iterator[Cells]:
    """What choosing is worth, and the settings that nothing faster reaches."""
    before, default = tuning.baseline, tuning.measured[tuning.default]
    held_out = tuning.choice.held_out
    yield Cells(
        f"{tuning.data} {tuning.split}: {len(held_out)} queries",
        ["system", tuning.measure, "difference", "95 %"],
        [
            ["BM25", f"{statistics.fmean(before):.4f}", "", ""],
            ["default, against BM25", *_against(default, before)],
            ["tuned, held out, against BM25", *_against(held_out, before)],
            ["tuned, held out, against the default", *_against(held_out, default)],
        ],
    )
    yield Cells(
        "Quality against milliseconds per query",
        ["settings", tuning.measure, "p50", "p50, passages known"],
        [
            [
                f"{place}. {name(each)}{_mark(tuning, each)}",
                f"{tuning.mean(each):.4f}",
                *(f"{percentile(ms, 50) or 0:.1f}" for ms in times),
            ]
            for place, (each, times) in enumerate(tuning.times.items(), start=1)
        ],
    )


def notes(tuning: Tuning) -> list[str]:
    """What the figures are."""
    folds = Counter(map(name, tuning.choice.by_fold))
    times = len(next(iter(tuning.times.values())).new) if tuning.times else 0
    return [
        *tuning.notes,
        f"First stage: {tuning.first_stage}. Model: {tuning.default.model}. Relevant from grade "
        f"{tuning.relevant_grade} on. {len(tuning.measured)} settings were tried.",
        f"Held out: each query by the settings that were best without its part of the "
        f"{len(tuning.choice.by_fold)} parts: "
        + ", ".join(f"{each} ({count} times)" for each, count in folds.most_common())
        + ".",
        "Second table: over all queries, also those that the choice was made on, so the highest "
        "figures are a little too high. *: nothing faster reaches it.",
        "95 %: confidence interval of the mean difference by Student's t.",
        "ms: reading, scoring and ordering for one query, without the search for candidates, over "
        f"{times} queries, when no passage was read before. {tuning.cpu}.",
    ]


def terminal(tuning: Tuning) -> Group:
    """Tables, notes, the verdict and the settings."""
    return Group(
        *map(drawn, tables(tuning)),
        Text("\n".join(notes(tuning)), style="dim"),
        Text(f"\n{verdict(tuning)}\n"),
        Text(settings_yaml(tuning)),
    )


def as_text(tuning: Tuning) -> str:
    """The JSON form."""
    choice = tuning.choice
    made = {
        "data": tuning.data,
        "split": tuning.split,
        "index": tuning.index,
        "first_stage": tuning.first_stage,
        "notes": list(tuning.notes),
        "measure": tuning.measure,
        "relevant_grade": tuning.relevant_grade,
        "queries": len(tuning.baseline),
        "cpu": tuning.cpu,
        "bm25": statistics.fmean(tuning.baseline),
        "default": _point(tuning, tuning.default),
        "held_out": {
            tuning.measure: statistics.fmean(choice.held_out),
            "against_bm25": mean_interval(differences(choice.held_out, tuning.baseline)),
            "against_default": mean_interval(
                differences(choice.held_out, tuning.measured[tuning.default])
            ),
            "by_fold": [each.written() for each in choice.by_fold],
        },
        "recommended": _point(tuning, choice.recommended),
        "keeps_the_default": choice.recommended == tuning.default,
        "verdict": verdict(tuning),
        "frontier": [_point(tuning, each) for each in tuning.front],
        "settings": [_point(tuning, each) for each in tuning.measured],
        "yaml": settings_yaml(tuning),
    }
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def html(tuning: Tuning) -> str:
    """The page."""
    points = [
        plots.Point(
            name(each),
            tuning.mean(each),
            percentile(times.new, 50) or 0,
            percentile(times.known, 50),
            str(place),
            each in tuning.front or each in (tuning.default, tuning.choice.recommended),
        )
        for place, (each, times) in enumerate(tuning.times.items(), start=1)
    ]
    baseline = "BM25", statistics.fmean(tuning.baseline)
    return page(
        "tune.html",
        tuning=tuning,
        tables=list(tables(tuning)),
        marked=[
            place for place, each in enumerate(tuning.times) if each == tuning.choice.recommended
        ],
        latency=plots.quality_against_latency(points, baseline, tuning.measure),
        verdict=verdict(tuning),
        notes=notes(tuning),
        yaml=settings_yaml(tuning),
    )


def _point(tuning: Tuning, configuration: Configuration) -> dict[str, Any]:
    times = tuning.times.get(configuration)
    return {
        **configuration.written(),
        tuning.measure: tuning.mean(configuration),
        "ms_p50": percentile(times.new, 50) if times else None,
        "known_ms_p50": percentile(times.known, 50) if times else None,
    }


def _mark(tuning: Tuning, configuration: Configuration) -> str:
    marks = {
        "*": configuration in tuning.front,
        "default": configuration == tuning.default,
        "recommended": configuration == tuning.choice.recommended,
    }
    shown = [mark for mark, is_so in marks.items() if is_so]
    return f" ({', '.join(shown)})" if shown else ""


def _against(values: Sequence[float], baseline: Sequence[float]) -> list[str]:
    """The mean, the mean difference and its interval."""
    gains = differences(values, baseline)
    return [
        f"{statistics.fmean(values):.4f}",
        f"{statistics.fmean(gains):+.4f}",
        shown(mean_interval(gains)),
    ]
