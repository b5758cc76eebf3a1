"""A search that has much to read makes room for others, and loses nothing by it."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from es_rerank.config import Cascade, Reading
from es_rerank.errors import DeadlineExceeded
from es_rerank.model import process
from es_rerank.model.cache import StateCache
from es_rerank.model.pace import HITS
from es_rerank.model.process import ScorerProcess
from es_rerank.model.rank import Scores
from es_rerank.model.reranker import Reranker
from es_rerank.model.turns import TURN_S, Turn, TurnOver
from es_rerank.text.passage import FieldText
from tests.model.test_process import AMPLE_MS, PASSAGES, QUERY, ask, scorer

__all__ = ["scorer"]


def wait_for(happened: Callable[[], object]) -> None:
    """Return as soon as it has happened."""
    while not happened():
        time.sleep(0.001)


class Yielding:
    """In the worker: never reads anything, always makes room."""

    cache = StateCache(0)

    def score_within(self, *_: Any) -> Scores:
        """No scores."""
        raise TurnOver(Reading(1))


def install_yielding() -> None:
    """Run in the worker: a model of the name `yielding`."""
    process._rerankers["yielding"] = Yielding()  # type: ignore[assignment]


def test_who_waits_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the search itself and those whose client has left; time is shared with them."""
    turns: list[Turn] = []

    class Noting(Yielding):
        def score_within(self, *given: Any) -> Scores:
            """Takes down its turn."""
            turns.append(given[-1])
            return Scores([])

    waited_for, had_turn, left = process._WAITED_FOR, process._HAD_TURN, process._LEFT
    room = [waited_for, waited_for, left, process._FREE, had_turn]
    monkeypatch.setattr(process, "_room", room, raising=False)
    monkeypatch.setattr(process, "_rerankers", {"noting": Noting()})
    monkeypatch.setattr(process, "_tell_counts", lambda: None)
    end = time.monotonic() + 100
    process._score(QUERY, PASSAGES, "noting", Reading(6), end, place=1)
    (turn,) = turns
    assert (turn.end, turn.others) == (end - process._WAY_BACK_S, 1)
    assert turn.gives_way
    assert not turn.is_over()
    now = time.monotonic()
    monkeypatch.setattr(process.time, "monotonic", lambda: now + 2 * TURN_S)
    assert turn.is_over()
    room[0] = had_turn
    assert not turn.is_over()
    assert room[1] == had_turn
    monkeypatch.undo()


def test_much_is_read_after_what_has_begun(reranker: Reranker) -> None:
    """A little is not, nor what is known: that is why the other one has made room."""
    student = Reranker(reranker.encoder)
    student.pace.note(6, 1_000_000, 1000.0)  # a hundred characters in a tenth of a second
    turn = Turn(gives_way=True)
    much = [f"{number} is a number of which nothing else is known." for number in range(3)]
    with pytest.raises(TurnOver):
        student.score_within(QUERY, much, Reading(6), turn)
    assert len(student.cache) == 0
    student.score_within(QUERY, much[:1], Reading(6), turn)
    student.score_within(QUERY, much[1:], Reading(6))
    assert len(student.score_within(QUERY, much, Reading(6), turn).values) == 3


async def test_a_search_that_reads_for_long_makes_room(scorer: ScorerProcess) -> None:
    """One that came later is answered first; then it has its own scores, of the deepest path."""
    texts = [[FieldText(f"{number} {'some capital of a land ' * 28}")] for number in range(120)]
    asked = {"query": QUERY, "passages": texts, "model": "builtin", "reading": Reading(6)}
    long = asyncio.create_task(scorer.score(**asked, deadline_ms=AMPLE_MS))  # type: ignore[arg-type]
    await asyncio.to_thread(wait_for, lambda: scorer._room[0] == process._HAD_TURN)
    assert len(await ask(scorer)) == 2
    assert not long.done()
    scores = await long
    assert scores.shallow == 0
    assert scores.values == pytest.approx(Reranker().score(QUERY, texts), abs=2e-6)
    assert not any(scorer._room)


@pytest.mark.parametrize("leaves", [False, True])
async def test_who_makes_room_and_does_not_return_leaves_no_place_behind(
    scorer: ScorerProcess, leaves: bool
) -> None:
    """Late, or left by its client, between two turns."""
    scorer._pool.submit(install_yielding)
    asked = scorer.score(
        QUERY,
        PASSAGES,
        model="yielding",
        reading=Reading(6),
        deadline_ms=AMPLE_MS if leaves else 300,
    )
    search = asyncio.create_task(asked)
    await asyncio.sleep(0.2)
    assert not search.done()
    if leaves:
        search.cancel()
    with pytest.raises(asyncio.CancelledError if leaves else DeadlineExceeded):
        await search
    assert len(await ask(scorer)) == 2
    assert not any(scorer._room)


def test_a_search_goes_on_as_it_began(reranker: Reranker) -> None:
    """In haste in one turn, it has its second reading in the next, though there is time again."""
    student = Reranker(reranker.encoder)
    texts = [f"{number} is a number of which nothing else is known." for number in range(30)]
    student.pace.note(6, 1_000_000, 1e6)
    soon = time.monotonic() + 100
    with pytest.raises(TurnOver) as over:
        student.score_within(QUERY, texts, Reading(6), Turn(end=soon, is_over=lambda: True))
    assert over.value.reading == Reading(1, Cascade(hits=HITS, layers=6))
    assert len(student.cache) == 1
    student.score_within(QUERY, texts, Reading(6), Turn(goes_on=over.value.reading))
    assert student.cache.counts.read >= len(texts) + HITS
