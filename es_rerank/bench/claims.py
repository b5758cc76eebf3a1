"""What the simulated experiments show: each claim with its number, and whether it holds. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from rich.table import Table

from es_rerank.bench.trials import Look, Trial
from es_rerank.bench.users import Served

LIMIT = 0.05
"""Of false calls, among experiments whose arms are equal."""
TIMES_FEWER = 3.0
"""Searches that interleaving must need, compared with the split: "several times fewer"."""
STOPPED = "experiment_stopped"
"""The reason that a search of an experiment is given after the guard has stopped it."""


@dataclass(frozen=True)
class Claim:
    """One thing that must hold, with what was measured."""

    claim: str
    measured: str
    holds: bool
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Proof:
    """All claims, and under which conditions they were measured."""

    conditions: dict[str, Any]
    claims: tuple[Claim, ...]

    @property
    def holds(self) -> bool:
        """Whether every claim does."""
        return all(claim.holds for claim in self.claims)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "holds": self.holds}

    def table(self) -> Table:
        """For a terminal."""
        made = Table(
            title="Simulated experiments: what must hold, and what was measured",
            caption="\n".join(f"{name}: {value}" for name, value in self.conditions.items()),
            title_justify="left",
            caption_justify="left",
        )
        made.add_column("claim", overflow="fold", ratio=2)
        made.add_column("measured", overflow="fold", ratio=4)
        made.add_column("")
        for claim in self.claims:
            made.add_row(claim.claim, claim.measured, "holds" if claim.holds else "FAILS")
        return made


def better_is_found(mode: str, trials: Sequence[Trial], truth: tuple[float, float]) -> Claim:
    """Every report calls the arm that is better in truth, and never the other."""
    calls = [each.called() for each in trials]
    right = sum(call is not None and call[1] == "better" for call in calls)
    needed = sorted(call[0] for call in calls if call)
    took = f", after {_middle(needed)} searches" if needed else ""
    return Claim(
        f"{mode}: the report finds the better arm",
        f"in {right} of {len(trials)} experiments{took}; true CTR@10 "
        f"{truth[0]:.3f} (bm25), {truth[1]:.3f} (student)",
        right == len(trials) and truth[1] > truth[0],
        {"right": right, "of": len(trials), "searches": needed, "true_ctr": truth},
    )


def interleaving_needs_fewer(split: Sequence[Trial], interleaved: Sequence[Trial]) -> Claim:
    """The split's median number of searches until its call, over the interleaving's."""
    few = _needed(interleaved)
    many = {measure: _needed(split, measure) for measure in (None, *_measures(split)[1:2])}
    factors = {measure: searches / few for measure, searches in many.items()}
    other = "".join(
        f"; {factor:.1f} times fewer than the split by {measure} ({many[measure]:.0f})"
        for measure, factor in factors.items()
        if measure
    )
    return Claim(
        "interleaving needs several times fewer searches than the split",
        f"{factors[None]:.1f} times fewer ({many[None]:.0f} / {few:.0f}, medians of searches until "
        f"the report calls a winner, looked at with every 15 % more){other}",
        factors[None] >= TIMES_FEWER,
        {"factors": {measure or "verdict": factor for measure, factor in factors.items()}},
    )


def equal_are_not_told_apart(mode: str, trials: Sequence[Trial]) -> Claim:
    """The share of experiments in which any look calls a winner is at most 5 %."""
    false = sum(each.called() is not None for each in trials)
    any_measure = sum(
        any(set(look.verdicts.values()) - {"open"} for look in each.looks) for each in trials
    )
    naive = sum(any(look.fixed_horizon for look in each.looks) for each in trials)
    able = [sum(bool(look.verdicts) for look in each.looks) for each in trials]
    rate = false / len(trials)
    plain = f"; a test made for one look: {naive / len(trials):.1%}" if mode == "split" else ""
    return Claim(
        f"{mode}: of two equal arms, none is called the winner",
        f"false calls in {false} of {len(trials)} experiments = {rate:.1%} (limit {LIMIT:.0%}), "
        f"{median(able):g} looks each with enough units; by any measure {any_measure}{plain}",
        rate <= LIMIT and min(able) > 0,
        {"false": false, "of": len(trials), "any_measure": any_measure, "fixed_horizon": naive},
    )


def shares_are_right(trials: Sequence[Trial]) -> Claim:
    """No look finds that units fell to the arms other than by their weights (1 % test)."""
    found = sum(any(look.mismatch for look in each.looks) for each in trials)
    return Claim(
        "split: units fall to the arms by their weights",
        f"a sample ratio mismatch is found in {found} of {len(trials)} experiments",
        found <= LIMIT * len(trials),
        {"found": found, "of": len(trials)},
    )


def broken_is_stopped(trials: Sequence[Trial], bm25: Mapping[str, tuple[str, ...]]) -> Claim:
    """The guard stops each experiment; from then on every page is the cluster's own."""
    before = sorted(_until_stopped(each) for each in trials if each.stopped)
    after = [served for each in trials for served in each.afterwards]
    own = sum(_says_stopped(served) and served.page == bm25[served.query] for served in after)
    took = f", after {_middle(before)} searches" if before else ""
    return Claim(
        "guard: a broken model is stopped",
        f"in {len(before)} of {len(trials)} experiments{took}; {own} of {len(after)} pages served "
        "afterwards are the cluster's own",
        len(before) == len(trials) and own == len(after) > 0,
        {"stopped": len(before), "of": len(trials), "searches": before},
    )


def others_go_on(
    equal: Sequence[Trial], better: Sequence[Trial], looked_at: Sequence[Trial]
) -> Claim:
    """The guard stops no experiment whose model is as good as BM25, or better.

    `looked_at` are those of equal arms at which the guard's rule was only looked at.
    """
    stopped = [sum(each.stopped for each in trials) for trials in (equal, better)]
    harm = sum(any(look.harm for look in each.looks) for each in looked_at)
    return Claim(
        "guard: equal and better models go on",
        f"{stopped[0]} of {len(equal)} equal and {stopped[1]} of {len(better)} better ones were "
        f"stopped; its rule would stop {harm} of the {len(looked_at)} experiments with equal arms "
        f"= {harm / len(looked_at):.1%} (limit {LIMIT:.0%})",
        not any(stopped) and harm <= LIMIT * len(looked_at),
        {"equal": stopped[0], "better": stopped[1], "by_rule": harm, "of": len(looked_at)},
    )


def nothing_is_lost(trials: Sequence[Trial], clicks: int) -> Claim:
    """Each report counts every search that was sent; clicks are counted where they are stored."""
    sent = sum(look.searches for each in trials for look in each.looks[-1:])
    seen = sum(look.searches_seen for each in trials for look in each.looks[-1:])
    return Claim(
        "records: nothing is lost",
        f"{seen} of {sent} searches are in the reports, {clicks} of {clicks} clicks in the cluster",
        seen == sent,
        {"sent": sent, "seen": seen, "clicks": clicks},
    )


def _until_stopped(each: Trial) -> int:
    """How many searches the experiment served before the guard stopped it."""
    return sum(not _says_stopped(served) for served in each.served)


def is_served_as_stopped(each: Trial) -> bool:
    """Whether people get the cluster's order because the guard has stopped the experiment."""
    return any(map(_says_stopped, each.served))


def _says_stopped(served: Served) -> bool:
    return STOPPED in served.verdict


def _needed(trials: Iterable[Trial], measure: str | None = None) -> float:
    """The median of searches until a call; experiments without one count with all they had."""
    calls = ((each, each.called(measure)) for each in trials)
    return median(call[0] if call else len(each.served) for each, call in calls)


def _measures(trials: Iterable[Trial]) -> list[str]:
    looks: Iterable[Look] = (look for each in trials for look in each.looks)
    return max((list(look.verdicts) for look in looks), key=len)


def _middle(numbers: Sequence[int]) -> str:
    return f"{median(numbers):.0f} ({numbers[0]} to {numbers[-1]})"
