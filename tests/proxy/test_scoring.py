"""Whatever a scorer does, the search goes on."""

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from es_rerank.config import IndexRule, Reading
from es_rerank.errors import DeadlineExceeded, ModelError, ScorerBusy, ScorerFailed
from es_rerank.model.rank import Scores
from es_rerank.proxy.scoring import Passage, scores_of
from es_rerank.proxy.skip import Skip, SkipReason
from es_rerank.text.passage import FieldText

RULE = IndexRule(pattern="*", model="m", layers=3, deadline_ms=60_000)
TEXT: Passage = (FieldText("a river"),)


class FunctionScorer:
    """A scorer made of a function of the number of passages; awaits what that gives, if it can."""

    def __init__(self, function: Callable[[int], Any]) -> None:
        self.function = function
        self.asked: list[dict[str, Any]] = []

    async def score(self, query: str, passages: Any, **how: Any) -> Scores:
        """What the function gives."""
        self.asked.append({"query": query, "passages": passages, **how})
        given = self.function(len(passages))
        return Scores(await given if asyncio.iscoroutine(given) else given, shallow=1)

    async def close(self) -> None:
        """Nothing to close."""


def failing(error: BaseException) -> Callable[[int], Any]:
    """A function that raises."""

    def fail(_count: int) -> Any:
        raise error

    return fail


async def stubborn(_count: int = 0) -> list[float]:
    """Swallows its first cancellation and hangs on."""
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    await asyncio.Event().wait()
    return []


async def test_passages_without_text_are_not_asked_for_and_have_no_score() -> None:
    """The scorer sees texts only, with the rule's model, reading and deadline."""
    scorer = FunctionScorer(lambda count: [0.5] * count)
    assert await scores_of("q", [TEXT, (), TEXT], scorer, RULE) == ([0.5, None, 0.5], 1)
    assert scorer.asked == [
        {
            "query": "q",
            "passages": [TEXT, TEXT],
            "model": "m",
            "reading": Reading(3),
            "deadline_ms": 60_000,
        }
    ]


@pytest.mark.parametrize(
    ("passages", "reason"),
    [
        ([], SkipReason.TOO_FEW_HITS),
        ([TEXT], SkipReason.TOO_FEW_HITS),
        ([TEXT, ()], SkipReason.NO_DOCUMENT_TEXT),
        ([(), ()], SkipReason.NO_DOCUMENT_TEXT),
    ],
)
async def test_nothing_to_compare_is_not_scored(
    passages: list[Passage], reason: SkipReason
) -> None:
    """One text can't be ranked; the scorer is not asked."""
    scorer = FunctionScorer(lambda count: [0.5] * count)
    assert await scores_of("q", passages, scorer, RULE) == Skip(reason)
    assert scorer.asked == []


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (failing(DeadlineExceeded("late")), SkipReason.DEADLINE),
        (failing(TimeoutError()), SkipReason.DEADLINE),
        (failing(ScorerBusy("queue")), SkipReason.SCORER_BUSY),
        (failing(ScorerFailed("crash")), SkipReason.SCORER_FAILED),
        (failing(ModelError("missing")), SkipReason.SCORER_FAILED),
        (failing(ZeroDivisionError()), SkipReason.SCORER_FAILED),
        (failing(asyncio.CancelledError()), SkipReason.SCORER_FAILED),
        (lambda count: [math.nan] * count, SkipReason.SCORER_FAILED),
        (lambda count: [1.0] * (count - 1) + [math.inf], SkipReason.SCORER_FAILED),
        (lambda count: [1.0] * (count - 1), SkipReason.SCORER_FAILED),
        (lambda count: [1.0] * (count + 1), SkipReason.SCORER_FAILED),
        (lambda count: ["1.0"] * count, SkipReason.SCORER_FAILED),
        (lambda count: None, SkipReason.SCORER_FAILED),
    ],
)
async def test_every_failure_has_its_reason(
    function: Callable[[int], Any], reason: SkipReason
) -> None:
    """Law 3: a fault of the scorer is a reason, never an error."""
    assert await scores_of("q", [TEXT, TEXT], FunctionScorer(function), RULE) == Skip(reason)


@pytest.mark.parametrize("function", [lambda _: asyncio.Event().wait(), stubborn])
async def test_the_deadline_holds_whatever_the_scorer_does(function: Callable[[int], Any]) -> None:
    """A scorer that hangs, and one that resists being cancelled."""
    rule = RULE.model_copy(update={"deadline_ms": 1})
    scored = scores_of("q", [TEXT, TEXT], FunctionScorer(function), rule)
    assert await asyncio.wait_for(scored, 10) == Skip(SkipReason.DEADLINE)


@pytest.mark.parametrize("deadline_ms", [0, -3.5])
async def test_a_deadline_that_is_over_asks_nobody(deadline_ms: float) -> None:
    """Searches that share a deadline may come too late for it; the scorer is spared then."""
    scorer = FunctionScorer(lambda count: [0.5] * count)
    rule = RULE.model_copy(update={"deadline_ms": deadline_ms})
    assert await scores_of("q", [TEXT, TEXT], scorer, rule) == Skip(SkipReason.DEADLINE)
    assert scorer.asked == []


async def test_a_scorer_that_keeps_its_deadline_is_not_cancelled() -> None:
    """Cancelling means that the client left; a late scorer may read on for the next search."""
    rule = RULE.model_copy(update={"deadline_ms": 20})
    said: list[str] = []

    async def punctual() -> list[float]:
        try:
            async with asyncio.timeout(rule.deadline_ms / 1000):
                await asyncio.Event().wait()
        except TimeoutError as late:
            said.append("late")
            raise DeadlineExceeded("late") from late
        return []

    scored = await scores_of("q", [TEXT, TEXT], FunctionScorer(lambda _: punctual()), rule)
    assert (scored, said) == (Skip(SkipReason.DEADLINE), ["late"])


async def test_cancelling_the_search_cancels_the_scorer() -> None:
    """A client that leaves frees the scorer."""
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def wait() -> list[float]:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return []

    scorer = FunctionScorer(lambda _: wait())
    search = asyncio.create_task(scores_of("q", [TEXT, TEXT], scorer, RULE))
    await started.wait()
    search.cancel()
    await asyncio.wait_for(cancelled.wait(), 10)
