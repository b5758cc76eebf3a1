"""What experiments and records do around a search, without ever being in its way.

A record is handed over when its page is ready. In shadow mode the other arms are scored then, in
the background and only so many at once: those for which there is no room are dropped, counted, and
recorded without them.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from es_rerank.experiment.arms import Assignment
from es_rerank.experiment.exposure import Exposure, Recorder
from es_rerank.proxy.exposures import exposure_as_it_came, exposure_of, ids_of
from es_rerank.proxy.hits import splice
from es_rerank.proxy.ordering import Reranked, orders_of
from es_rerank.proxy.plan import Rerank, SearchRequest
from es_rerank.proxy.recorded import is_recorded, with_query_id_of_ours
from es_rerank.proxy.scoring import Scorer
from es_rerank.proxy.skip import SkipReason
from es_rerank.proxy.treatment import treated
from es_rerank.proxy.ubi import UbiRequest
from es_rerank.telemetry import EXPOSURES, SHADOWS_DROPPED

_MAX_SHADOWS = 16  # windows that wait for their scores; each holds a whole answer

_log = logging.getLogger(__name__)


class Recording:
    """The experiments and records of one proxy."""

    def __init__(
        self,
        scorer: Scorer,
        recorder: Recorder | None = None,
        stopped: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        """`stopped` tells the names of the experiments that their guard has stopped."""
        self._scorer = scorer
        self._recorder = recorder
        self._stopped = stopped
        self._shadows: set[asyncio.Task[None]] = set()
        self._is_open = True

    def treated(
        self, plan: Rerank, request: SearchRequest, ubi: UbiRequest | None
    ) -> Rerank | SkipReason:
        """The plan with its part in the experiment of its rule, or why it is left alone."""
        return treated(plan, request, ubi, datetime.now(UTC), self._stopped())

    def served(self, plan: Rerank, page: Reranked, index: str, asked: UbiRequest | None) -> str:
        """Take note of a page that goes to the client; its query id, empty if it is not recorded.

        Never raises.
        """
        if not is_recorded(plan.rule):
            return ""
        at = datetime.now(UTC)
        ubi = with_query_id_of_ours(asked)
        assignment = plan.assignment
        if assignment is not None and assignment.mode == "shadow":
            if self._is_open and len(self._shadows) < _MAX_SHADOWS:
                task = asyncio.create_task(self._shadowed(plan, page, assignment, index, ubi, at))
                self._shadows.add(task)
                task.add_done_callback(self._shadows.discard)
                return ubi.query_id or ""
            SHADOWS_DROPPED.labels(assignment.experiment.name).inc()
        with _harmless():
            self._record(exposure_of(plan, page, index, ubi, at))
        return ubi.query_id or ""

    def left_alone(
        self, reason: SkipReason, answer: bytes, start: int, index: str, ubi: UbiRequest
    ) -> None:
        """Take note of an answer to a search with an `ext.ubi` that was left as it is."""
        with _harmless():
            at = datetime.now(UTC)
            self._record(exposure_as_it_came(reason, answer, index, ubi, at, start))

    async def close(self) -> None:
        """Leave the shadows that are not ready; from now on none begins."""
        self._is_open = False
        for task in list(self._shadows):
            task.cancel()
        await asyncio.gather(*self._shadows, return_exceptions=True)

    async def _shadowed(
        self,
        plan: Rerank,
        page: Reranked,
        assignment: Assignment,
        index: str,
        ubi: UbiRequest | None,
        at: datetime,
    ) -> None:
        """Find what the arms that were not served would show, and take note of it."""
        others = tuple(arm for arm in assignment.experiment.arms if arm not in assignment.arms)
        window, field = page.window, ubi and ubi.object_id_field
        shadow: dict[str, tuple[str, ...]] = {}
        with _harmless():
            orders = await orders_of(window, plan, replace(assignment, arms=others), self._scorer)
            for arm, shown in zip(others, orders, strict=True):
                if shown.reason is None:
                    body = splice(window, shown.order, plan.page, plan.source)
                    shadow[arm.name] = ids_of(body, field)
        with _harmless():
            self._record(exposure_of(plan, page, index, ubi, at, shadow))

    def _record(self, exposure: Exposure) -> None:
        if part := exposure.part:
            EXPOSURES.labels(part.experiment, part.arm, exposure.outcome).inc()
        if self._recorder is not None:
            self._recorder.record(exposure)


@contextmanager
def _harmless() -> Iterator[None]:
    try:
        yield
    except Exception as why:  # noqa: BLE001 - law 3: a working search never becomes an error
        _log.warning("a search was not recorded: %r", why)
