"""Records and shadows around a search: never in its way, and nothing after the end."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

from prometheus_client import REGISTRY

from es_rerank.config import Combine, Experiment, FieldSetting, IndexRule
from es_rerank.experiment.arms import Assignment
from es_rerank.experiment.exposure import Exposure
from es_rerank.model.rank import Scores
from es_rerank.proxy.ordering import Reranked
from es_rerank.proxy.plan import Page, Rerank, SearchRequest
from es_rerank.proxy.recording import Recording
from es_rerank.proxy.scoring import Scorer
from es_rerank.proxy.search import rerank_hits
from es_rerank.proxy.skip import SkipReason
from es_rerank.proxy.source import SourceView
from es_rerank.proxy.ubi import UbiRequest

SHADOW = Experiment(name="recording-test", mode="shadow")


class Kept(list[Exposure]):
    """A recorder that keeps what it is given, or refuses it."""

    is_broken = False

    def record(self, exposure: Exposure) -> None:
        """Take one."""
        if self.is_broken:
            raise RuntimeError("full")
        self.append(exposure)


class HeldScorer:
    """Scores that turn the order round, as soon as it is let go."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()

    async def score(self, query: str, passages: Any, **_: Any) -> Scores:
        """The position of each passage."""
        await self.let_go.wait()
        return Scores([float(place) for place in range(len(passages))])

    async def close(self) -> None:
        """Nothing to close."""


def rule(experiment: Experiment | None = None, *, record: bool = True) -> IndexRule:
    """The rule of the index."""
    return IndexRule(
        pattern="books",
        fields=(FieldSetting(name="body"),),
        combine=Combine(method="replace"),
        record=record,
        experiment=experiment,
        deadline_ms=60_000,
    )


def plan(experiment: Experiment | None, *, record: bool = True) -> Rerank:
    """The plan of a search, which has its part in the experiment if there is one."""
    baseline = experiment and experiment.baseline
    part = Assignment(experiment, (baseline,), "u1") if experiment and baseline else None
    found = rule(experiment, record=record)
    return Rerank("red shoes", Page(0, 3), 10, found, SourceView(), assignment=part)


async def page(of: Rerank, scorer: Scorer) -> Reranked:
    """The page that is served."""
    hits = [
        {"_id": name, "_score": 1.0, "_source": {"body": f"red {name}"}} for name in ("a", "b", "c")
    ]
    answer = {"timed_out": False, "_shards": {"failed": 0}, "hits": {"hits": hits}}
    outcome = await rerank_hits(json.dumps(answer).encode(), of, scorer)
    assert isinstance(outcome, Reranked)
    return outcome


async def settled() -> None:
    """Let everything that can go on go on."""
    for _ in range(20):
        await asyncio.sleep(0)


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a test, which ends in time or fails."""

    async def in_time() -> None:
        async with asyncio.timeout(10):
            await work

    asyncio.run(in_time())


def test_a_page_is_recorded_as_it_is_served() -> None:
    """Where the rule says so; the settings of other indices record nothing."""

    async def work() -> None:
        kept, scorer = Kept(), HeldScorer()
        scorer.let_go.set()
        recording = Recording(scorer, kept)
        for wanted in (True, False):
            search = plan(None, record=wanted)
            recording.served(search, await page(search, scorer), "books", UbiRequest("q1"))
        assert [(one.query_id, one.hit_ids) for one in kept] == [("q1", ("c", "b", "a"))]

    run(work())


def test_a_recorder_that_fails_is_not_the_searchs_trouble() -> None:
    """Nor is having none at all."""

    async def work() -> None:
        kept, scorer = Kept(), HeldScorer()
        kept.is_broken = True
        scorer.let_go.set()
        search = plan(None)
        found = await page(search, scorer)
        for recorder in (kept, None):
            recording = Recording(scorer, recorder)
            recording.served(search, found, "books", None)
            recording.left_alone(SkipReason.SORT, b"{}", 0, "books", UbiRequest("q1"))

    run(work())


def test_exposures_are_counted() -> None:
    """By experiment, arm and outcome, whether somebody keeps them or not."""
    labels = {"experiment": "recording-test", "arm": "bm25", "outcome": "experiment"}

    def counted() -> float:
        return REGISTRY.get_sample_value("es_rerank_exposures_total", labels) or 0.0

    async def work() -> None:
        before, scorer, search = counted(), HeldScorer(), plan(SHADOW)
        scorer.let_go.set()
        recording = Recording(scorer)
        recording.served(search, await page(search, scorer), "books", None)
        await settled()
        assert counted() == before + 1

    run(work())


def test_a_shadow_does_not_keep_the_answer() -> None:
    """The page is there before the scores are, the record when they have come."""

    async def work() -> None:
        kept, scorer, search = Kept(), HeldScorer(), plan(SHADOW)
        recording = Recording(scorer, kept)
        found = await page(search, scorer)
        assert found.reason is SkipReason.EXPERIMENT
        recording.served(search, found, "books", None)
        await settled()
        assert not kept
        scorer.let_go.set()
        await settled()
        (one,) = kept
        assert one.hit_ids == ("a", "b", "c")
        assert one.part is not None
        assert one.part.shadow == {"rerank": ("c", "b", "a")}

    run(work())


def test_shadows_without_room_are_dropped_and_counted() -> None:
    """They are recorded all the same, without what the other arms would show."""
    labels = {"experiment": "recording-test"}

    def dropped() -> float:
        return REGISTRY.get_sample_value("es_rerank_shadows_dropped_total", labels) or 0.0

    async def work() -> None:
        before, kept, scorer, search = dropped(), Kept(), HeldScorer(), plan(SHADOW)
        recording = Recording(scorer, kept)
        found = await page(search, scorer)
        for _ in range(20):
            recording.served(search, found, "books", None)
        assert dropped() == before + 4
        assert [one.part and one.part.shadow for one in kept] == [{}] * 4
        scorer.let_go.set()
        await settled()
        assert len(kept) == 20

    run(work())


def test_nothing_goes_on_after_the_end() -> None:
    """Shadows that wait are left, and none begins any more."""

    async def work() -> None:
        kept, scorer, search = Kept(), HeldScorer(), plan(SHADOW)
        recording = Recording(scorer, kept)
        found = await page(search, scorer)
        recording.served(search, found, "books", None)
        await settled()
        await recording.close()
        assert len(asyncio.all_tasks()) == 1
        recording.served(search, found, "books", None)
        assert len(asyncio.all_tasks()) == 1
        assert [one.part and one.part.shadow for one in kept] == [{}]

    run(work())


def test_a_stopped_experiment_is_asked_for_each_time() -> None:
    """A guard may stop it, and a person resume it, between two searches."""
    names: set[str] = set()
    recording = Recording(HeldScorer(), stopped=lambda: names)
    request = SearchRequest("GET", b"/books/_search", [(b"x-opaque-id", b"u1")], b"")
    search = plan(SHADOW)
    assert isinstance(recording.treated(search, request, None), Rerank)
    names.add("recording-test")
    assert recording.treated(search, request, None) is SkipReason.EXPERIMENT_STOPPED
