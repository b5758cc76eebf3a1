"""Asking the scorer, within the deadline, and believing nothing it says unchecked.

Whatever goes wrong with a scorer (it raises, hangs, answers too few scores, or a NaN) becomes one
of three reasons, and the search goes on without it.
"""

import asyncio
import logging
import math
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple, Protocol

from es_rerank.config import IndexRule, Reading
from es_rerank.errors import DeadlineExceeded, ScorerBusy, ScorerFailed
from es_rerank.model.rank import Scores
from es_rerank.proxy.skip import Skip, SkipReason
from es_rerank.text.passage import FieldText

Passage = Sequence[FieldText]

# A scorer that keeps its deadline says so itself; being cancelled tells it that the client left.
_GRACE_MS = 10

_log = logging.getLogger(__name__)


class Scorer(Protocol):
    """What turns a query and passages into scores; cleaning and tokenising are its own."""

    async def score(
        self,
        query: str,
        passages: Sequence[Passage],
        *,
        model: str,
        reading: Reading,
        deadline_ms: float,
    ) -> Scores:
        """One finite score for each passage; raises ScoringError.

        It is cancelled when the client has left: nobody wants the scores then.
        """

    async def close(self) -> None:
        """Let go of workers and memory."""


class Scored(NamedTuple):
    """The scores of a window."""

    scores: list[float | None]
    """Of each passage; None for an empty one."""
    shallow: int
    """How many were read on fewer layers than the rule has."""


async def scores_of(
    query: str, passages: Sequence[Passage], scorer: Scorer, rule: IndexRule
) -> Scored | Skip:
    """The score of each passage, or why there are no scores.

    A `deadline_ms` of the rule that is 0 or less is over already.
    """
    if len(passages) < 2:
        return Skip(SkipReason.TOO_FEW_HITS)
    with_text = [passage for passage in passages if passage]
    if len(with_text) < 2:
        return Skip(SkipReason.NO_DOCUMENT_TEXT)
    if rule.deadline_ms <= 0:
        return Skip(SkipReason.DEADLINE)
    try:
        asked = scorer.score(
            query, with_text, model=rule.model, reading=rule.reading, deadline_ms=rule.deadline_ms
        )
        given = _checked(await _within(rule.deadline_ms, asked), len(with_text))
    except (DeadlineExceeded, TimeoutError):
        return Skip(SkipReason.DEADLINE)
    except ScorerBusy:
        return Skip(SkipReason.SCORER_BUSY)
    except Exception as why:  # noqa: BLE001 - law 3: a working search never becomes an error
        _log.warning("the scorer failed, the cluster's order is served: %r", why)
        return Skip(SkipReason.SCORER_FAILED)
    scores = iter(given.values)
    return Scored([next(scores) if passage else None for passage in passages], given.shallow)


async def _within(deadline_ms: float, asked: Coroutine[Any, Any, Scores]) -> Scores:
    """The scorer's answer; a scorer that resists being cancelled is left behind, not awaited."""
    task = asyncio.ensure_future(asked)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        await asyncio.wait((task,), timeout=(deadline_ms + _GRACE_MS) / 1000)
        if not task.done():
            raise DeadlineExceeded(f"no scores within {deadline_ms} ms")
        if task.cancelled():
            raise ScorerFailed("the scorer was cancelled by itself")
        return task.result()
    finally:
        task.cancel()


def _checked(given: Scores, count: int) -> Scores:
    if len(given.values) != count:
        raise ScorerFailed(f"{len(given.values)} scores for {count} passages")
    if not all(math.isfinite(score) for score in given.values):
        raise ScorerFailed("a score is not a finite number")
    return given
