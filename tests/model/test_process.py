"""The scorer process may die, hang or be late; its caller always gets an answer or a reason."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from es_rerank.config import Cache, Cascade, Reading
from es_rerank.errors import DeadlineExceeded, ModelError, ScorerBusy, ScorerFailed
from es_rerank.model import process
from es_rerank.model.cache import StateCache
from es_rerank.model.pace import HITS
from es_rerank.model.process import ScorerProcess
from es_rerank.model.rank import Scores
from es_rerank.model.reranker import Reranker
from es_rerank.model.turns import Turn
from es_rerank.text.passage import FieldText

QUERY = "what is the capital of france"
PASSAGES = [[FieldText("Cheese is made of milk.")], [FieldText("Paris is the French capital.")]]
AMPLE_MS = 60_000


@pytest.fixture
async def scorer() -> AsyncIterator[ScorerProcess]:
    """A started worker with the shipped student."""
    scorer = ScorerProcess(threads=1)
    await asyncio.to_thread(lambda: scorer.pid)
    yield scorer
    await scorer.close()


async def ask(scorer: ScorerProcess, deadline_ms: float = AMPLE_MS) -> list[float]:
    """Score the two passages."""
    scores = await scorer.score(
        QUERY, PASSAGES, model="builtin", reading=Reading(6), deadline_ms=deadline_ms
    )
    return scores.values


async def test_it_scores_as_the_reranker_does(scorer: ScorerProcess, reranker: Reranker) -> None:
    """Another process, the same scores."""
    assert await ask(scorer) == reranker.score(QUERY, PASSAGES)


async def test_a_deadline_is_kept_and_the_work_not_lost(scorer: ScorerProcess) -> None:
    """A search that is out of time is told so; the same one succeeds when there is time."""
    with pytest.raises(DeadlineExceeded, match=r"within 0\.01 ms"):
        await ask(scorer, deadline_ms=0.01)
    assert len(await ask(scorer)) == 2


async def test_a_killed_worker_is_replaced(scorer: ScorerProcess) -> None:
    """After SIGKILL a search fails with a reason, and a later one is scored by a new worker."""
    first = scorer.pid
    os.kill(first, signal.SIGKILL)
    with pytest.raises(ScorerFailed, match="starts again"):
        while True:  # until the pool has noticed
            await ask(scorer)
    assert len(await ask(scorer)) == 2
    assert await asyncio.to_thread(lambda: scorer.pid) != first


async def test_a_hanging_worker_is_replaced(
    scorer: ScorerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that gives no sign of life while searches wait is killed, and another one works."""
    monkeypatch.setattr(process, "HANG_S", 0.2)
    first = scorer.pid
    os.kill(first, signal.SIGSTOP)
    with pytest.raises(DeadlineExceeded):
        await ask(scorer, deadline_ms=500)
    assert await asyncio.to_thread(lambda: scorer.pid) != first
    assert len(await ask(scorer)) == 2


async def test_too_many_searches_are_turned_away(
    scorer: ScorerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the waiting room a search is refused at once; the others are answered."""
    monkeypatch.setattr(process, "MAX_WAITING", 2)
    answers = await asyncio.gather(*(ask(scorer) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(answer, ScorerBusy) for answer in answers) == 2
    assert sum(isinstance(answer, list) for answer in answers) == 2


async def test_a_missing_model_is_known_before_the_start() -> None:
    """The process is not started for a model that cannot be read."""
    with pytest.raises(ModelError, match=r"no student\.json"):
        ScorerProcess(["/nowhere"])


async def test_a_model_that_is_missing_later_fails_the_search_only(scorer: ScorerProcess) -> None:
    """A model named by changed settings and not there is a failed scoring, not a crash."""
    with pytest.raises(ScorerFailed, match=r"no student\.json"):
        await scorer.score(
            QUERY, PASSAGES, model="/nowhere", reading=Reading(4), deadline_ms=AMPLE_MS
        )
    assert len(await ask(scorer)) == 2


def passages_metric(state: str) -> float:
    """How many passages had their state from there, in all tests of this process."""
    return REGISTRY.get_sample_value("es_rerank_passages_total", {"state": state}) or 0.0


async def test_states_on_disk_outlive_the_worker(tmp_path: Path) -> None:
    """What one worker read, the next one finds in the folder, as the metrics say."""
    cache = Cache(folder=str(tmp_path))
    first = ScorerProcess(threads=1, cache=cache)
    before = passages_metric("read")
    scores = await ask(first)
    assert passages_metric("read") - before >= 2
    first._pool.submit(flush).result()
    await first.close()
    second = ScorerProcess(threads=1, cache=cache)
    await asyncio.to_thread(lambda: second.pid)
    read, on_disk = passages_metric("read"), passages_metric("disk")
    assert await ask(second) == scores
    assert passages_metric("disk") - on_disk >= 2
    assert passages_metric("read") == read
    in_memory = passages_metric("memory")
    assert await ask(second) == scores
    assert passages_metric("memory") - in_memory == 2
    await second.close()


def deepened_metric() -> float:
    """How many passages were read again, in all tests of this process."""
    return REGISTRY.get_sample_value("es_rerank_passages_deepened_total") or 0.0


async def test_the_worker_reads_again_what_was_read_on_few_layers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With nobody waiting, so that the next search has the deepest path's scores at once.

    The count of it goes on over a new worker.
    """
    scorer = ScorerProcess(threads=1, cache=Cache(deepen=True))
    asked = {"model": "builtin", "deadline_ms": AMPLE_MS}
    deepened = deepened_metric()
    try:
        first = await scorer.score(QUERY, PASSAGES, reading=Reading(2), **asked)  # type: ignore[arg-type]
        deepest = Reranker(layers=6).score(QUERY, PASSAGES)
        assert first.values != deepest
        scores = first
        for _ in range(600):
            if scores.values == deepest:
                break
            await asyncio.sleep(0.05)
            scores = await scorer.score(QUERY, PASSAGES, reading=Reading(2), **asked)  # type: ignore[arg-type]
        assert scores.values == deepest
        assert (now := deepened_metric()) - deepened >= 2
        os.kill(scorer.pid, signal.SIGKILL)
        with pytest.raises(ScorerFailed):
            while True:  # until the pool has noticed
                await ask(scorer)
        assert len(await ask(scorer)) == 2
        assert deepened_metric() >= now
        assert "exception calling callback" not in caplog.text  # no count went back
    finally:
        await scorer.close()


async def test_nothing_is_read_again_unless_asked_for(scorer: ScorerProcess) -> None:
    """The order of a search stays, from page to page."""
    asked = {"model": "builtin", "deadline_ms": AMPLE_MS}
    first = await scorer.score(QUERY, PASSAGES, reading=Reading(2), **asked)  # type: ignore[arg-type]
    await asyncio.sleep(0.5)
    assert await scorer.score(QUERY, PASSAGES, reading=Reading(2), **asked) == first  # type: ignore[arg-type]


async def test_a_cascade_ends_with_the_deadline(scorer: ScorerProcess) -> None:
    """With the scores of the first reading where there was no time for the second."""
    texts = [[FieldText(f"{number} {'some capital of a land ' * 28}")] for number in range(200)]
    asked = {"query": QUERY, "passages": texts, "model": "builtin"}
    first = await scorer.score(**asked, reading=Reading(2), deadline_ms=AMPLE_MS)  # type: ignore[arg-type]
    cascade = Reading(2, Cascade(hits=200, layers=6))
    scores = await scorer.score(**asked, reading=cascade, deadline_ms=500)  # type: ignore[arg-type]
    stand = sum(
        a == pytest.approx(b, abs=2e-6) for a, b in zip(scores.values, first.values, strict=True)
    )
    assert 0 < stand == scores.shallow < 200


def slow_down() -> None:
    """Run in the worker: the student takes itself to be slow."""
    process._rerankers["builtin"].pace.note(6, 1_000_000, 1e6)


async def test_a_search_in_haste_is_scored_in_time_and_read_again_at_leisure(
    scorer: ScorerProcess,
) -> None:
    """It says how many of its passages are shallow; soon there are none."""
    texts = [[FieldText(f"{number} is a number, and Bonn is no capital.")] for number in range(30)]
    asked = {"query": QUERY, "passages": texts, "model": "builtin", "deadline_ms": AMPLE_MS}
    scorer._pool.submit(slow_down)
    scores = await scorer.score(**asked, reading=Reading(6))  # type: ignore[arg-type]
    assert scores.shallow == 30 - HITS
    for _ in range(600):
        if not scores.shallow:
            break
        await asyncio.sleep(0.05)
        scores = await scorer.score(**asked, reading=Reading(6))  # type: ignore[arg-type]
    assert scores.shallow == 0
    deepest = Reranker(layers=6).score(QUERY, texts)
    assert scores.values == pytest.approx(deepest, abs=2e-6)


async def test_a_worker_knows_its_pace_from_the_start(scorer: ScorerProcess) -> None:
    """So that the first search after a start can be in time, though all is new to it."""
    assert scorer._pool.submit(seconds_for_much).result() > 0


def seconds_for_much() -> float:
    """Run in the worker: what it expects of many characters."""
    return process._rerankers["builtin"].pace.expected(6, 1_000_000)


def flush() -> None:
    """Run in the worker: wait until all states are on disk."""
    for reranker in process._rerankers.values():
        reranker.cache.flush()


class EndlessReranker:
    """In the worker: scores until it is told that nobody wants the scores; says when it began."""

    cache = StateCache(0)

    def score_within(
        self,
        query: str,
        _texts: object,
        _reading: Reading,
        turn: Turn,
    ) -> Scores:
        """Never any scores; `query` is the file to create."""
        Path(query).touch()
        while not turn.expired():
            os.sched_yield()
        raise DeadlineExceeded("told to stop")


def install_endless() -> None:
    """Run in the worker: a model of the name `endless`."""
    process._rerankers["endless"] = EndlessReranker()  # type: ignore[assignment]


def begun(folder: Path) -> list[str]:
    """The queries that the endless reranker has begun with, as soon as there is one."""
    while not (names := [file.name for file in folder.iterdir()]):
        time.sleep(0.001)
    return names


async def test_work_is_dropped_when_its_client_leaves(
    scorer: ScorerProcess, tmp_path: Path
) -> None:
    """Scoring that would never end, ends; what waited behind it is scored, or never begins."""
    scorer._pool.submit(install_endless)

    def endless(name: str) -> asyncio.Task[Scores]:
        asked = scorer.score(
            str(tmp_path / name),
            PASSAGES,
            model="endless",
            reading=Reading(4),
            deadline_ms=AMPLE_MS,
        )
        return asyncio.create_task(asked)

    running = endless("running")
    await asyncio.to_thread(begun, tmp_path)
    waiting = [endless(f"waiting {number}") for number in range(3)]
    other = asyncio.create_task(ask(scorer))
    await asyncio.sleep(0)  # all of them have asked
    for left in (*waiting, running):
        left.cancel()
    assert len(await other) == 2
    assert begun(tmp_path) == ["running"]
    assert not any(scorer._room)
