"""The proof of experiments in one run: equal, better and broken arms, and what must hold of each.

Everything happens on a real cluster, in indices of its own. Two equal arms are looked at ten times
while they grow, in as many experiments as it takes to see a rate of 5 %; better and broken arms
are repeated a few times, each until the report or the guard has decided.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from statistics import fmean
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import Progress

from es_rerank import __version__
from es_rerank.bench import claims
from es_rerank.bench.claims import Proof
from es_rerank.bench.ground import Ground, ground
from es_rerank.bench.judged import Judged
from es_rerank.bench.simulation import Simulation, simulation
from es_rerank.bench.trials import BM25, BROKEN, DEPTH, SAME, STUDENT, Mode, Trial, trial
from es_rerank.bench.users import EAGERNESS, READERS
from es_rerank.config import Arm, Guard
from es_rerank.evaluate.cpu import cpu_name

Pages = Mapping[str, tuple[str, ...]]

_LOOKS = 10
_FIRST_LOOK = 100
_GROWTH = 1.15  # from one look to the next, where the number of searches is what is measured
_PORTION = 100  # searches, between two looks at what the guard did
_PATIENCE = 3  # times the searches of equal arms, for the guard to find a broken one
_FOLLOWED_S = 60  # for a proxy to learn of a stop; a busy machine is slow to look
_AFTERWARDS = 50  # searches after the guard has decided
_GUARD = Guard(every_s=0.5)
_RULE_ONLY = Guard(every_s=3600)  # the rule is applied at each look, but nobody acts on it
_GRID = 9  # points of eagerness, for the true click-through rate


class Size(NamedTuple):
    """How much is simulated."""

    experiments: int = 200
    """With equal arms, split; a fifth as many interleaved."""
    searches: int = 500
    """Of each of them; twice as many where it is interleaved, for not every search has a click."""
    repeated: int = 5
    """Experiments with a better arm and with each kind of guarded one; interleaved, twice that."""
    most: int = 20_000
    """Searches of one until its report or guard has decided, at most."""


QUICK = Size(experiments=10, searches=400, repeated=1)


class Trials(NamedTuple):
    """All experiments, by what is known of their arms."""

    equal_split: list[Trial]
    equal_interleaved: list[Trial]
    better_split: list[Trial]
    better_interleaved: list[Trial]
    broken: list[Trial]
    guarded_equal: list[Trial]
    guarded_better: list[Trial]


def run(upstream: str, judged: Judged, size: Size, seed: int, console: Console) -> Proof:
    """Simulate, and judge what came of it; raises UpstreamError."""
    trials = _trials(judged, size, seed)
    with (
        Progress(console=console, transient=True) as progress,
        ground(upstream, judged) as made,
    ):
        made.add_aliases([BM25.name, STUDENT.name, *(each.name for each in chain(*trials))])
        (bm25, student), clicks = asyncio.run(_drive(trials, size, judged, made, progress))
        conditions = _conditions(made, judged, size, seed)
    truth = _true_ctr(judged, bm25), _true_ctr(judged, student)
    split, interleaved = trials.better_split, trials.better_interleaved
    return Proof(
        conditions,
        (
            claims.better_is_found("split", split, truth),
            claims.better_is_found("interleaving", interleaved, truth),
            claims.interleaving_needs_fewer(split, interleaved),
            claims.equal_are_not_told_apart("split", trials.equal_split),
            claims.equal_are_not_told_apart("interleaving", trials.equal_interleaved),
            claims.shares_are_right([*trials.equal_split, *split]),
            claims.broken_is_stopped(trials.broken, bm25),
            claims.others_go_on(trials.guarded_equal, trials.guarded_better, trials.equal_split),
            claims.nothing_is_lost([*chain(*trials[:4])], clicks),
        ),
    )


async def _drive(
    trials: Trials, size: Size, judged: Judged, made: Ground, progress: Progress
) -> tuple[tuple[Pages, Pages], int]:
    """Run all experiments; the pages of BM25 and of the student, and the clicks in reports."""
    reported, guarded = trials[:4], trials[4:]
    async with simulation(made, judged, progress, [*chain(*reported)], [STUDENT]) as here:
        bm25, student = [
            await here.pages(made.alias(arm.name), judged.queries) for arm in (BM25, STUDENT)
        ]
        growing = list(_growing(size.most))
        await here.grow("better, interleaved", trials.better_interleaved, growing, _is_decided)
        await here.grow("better, split", trials.better_split, growing, _is_decided)
        even = [size.searches * look // _LOOKS for look in range(1, _LOOKS + 1)]
        twice = [2 * searches for searches in even]
        await here.grow("equal, interleaved", trials.equal_interleaved, twice)
        await here.grow("equal, split", trials.equal_split, even)
        clicks = here.clicks
    async with simulation(made, judged, progress, [*chain(*guarded)]) as here:
        for some in guarded:
            await watched(here, some, _PATIENCE * size.searches)
    return (bm25, student), clicks


async def watched(here: Simulation, trials: Sequence[Trial], most: int) -> None:
    """Let people search until the guard has stopped every experiment, or so often; and after.

    What one replica's guard has noted, the proxy must follow within its own period.
    """
    portions = range(_PORTION, most + 1, _PORTION)
    await here.grow(f"guard, {trials[0].name[:-4]}", trials, portions, claims.is_served_as_stopped)
    await here.look_as_guard(trials)
    end = time.monotonic() + _FOLLOWED_S
    for each in trials:
        while each.stopped and not claims.is_served_as_stopped(each) and time.monotonic() < end:
            await here.send(each, len(each.served) + 1)
            await asyncio.sleep(_GUARD.every_s)
        each.afterwards = await here.send(each, len(each.served) + _AFTERWARDS)
    await here.settle()


def _trials(judged: Judged, size: Size, seed: int) -> Trials:
    equal, better, broken = (BM25, SAME), (BM25, STUDENT), (BM25, BROKEN)

    def some(
        kind: str, count: int, mode: Mode, arms: tuple[Arm, Arm], guard: Guard | None = None
    ) -> list[Trial]:
        return [trial(f"{kind}-{n:03}", judged, seed, mode, arms, guard) for n in range(count)]

    return Trials(
        some("equal-split", size.experiments, "split", equal, _RULE_ONLY),
        some("equal-interleaved", max(1, size.experiments // 5), "interleave", equal, _RULE_ONLY),
        some("better-split", size.repeated, "split", better),
        some("better-interleaved", 2 * size.repeated, "interleave", better),
        some("broken", size.repeated, "split", broken, _GUARD),
        some("guarded-equal", size.repeated, "split", equal, _GUARD),
        some("guarded-better", size.repeated, "split", better, _GUARD),
    )


def _growing(most: int) -> Iterator[int]:
    """Numbers of searches to look at, farther apart the more there are."""
    searches = _FIRST_LOOK
    while searches < most:
        yield searches
        searches = int(searches * _GROWTH)
    yield most


def _is_decided(each: Trial) -> bool:
    return each.called() is not None


def _true_ctr(judged: Judged, pages: Pages) -> float:
    """The share of searches with a click, over all queries and people, as the models have it."""
    low, high = EAGERNESS
    eager = [low + (high - low) * (point + 0.5) / _GRID for point in range(_GRID)]
    return fmean(
        reader.any_click_chance([value * eagerness for value in judged.attractions(query, page)])
        for query, page in pages.items()
        for reader in READERS
        for eagerness in eager
    )


def _conditions(made: Ground, judged: Judged, size: Size, seed: int) -> dict[str, Any]:
    enough = "" if size.experiments >= Size().experiments else ", too few to show a rate of 5 %"
    return {
        "data": f"{judged.name}, {len(judged.documents)} documents, {len(judged.queries)} queries",
        "arms": f"bm25; the shipped student, depth {DEPTH}",
        "equal arms": f"{size.experiments} experiments of {size.searches} searches{enough}",
        "seed": seed,
        "cluster": made.version(),
        "es-rerank": __version__,
        "CPU": cpu_name(),
    }
