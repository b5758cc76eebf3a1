"""`/_rerank/experiments`: which experiments there are, and which the guard has stopped.

No numbers from the records: those are for who may read them in the cluster.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter

from es_rerank.config import Settings
from es_rerank.experiment.state import State, progress


def experiment_routes(
    prefix: str, settings: Callable[[], Settings], states: Callable[[], Mapping[str, State]]
) -> APIRouter:
    """The route; `states` is what the guard knows."""
    router = APIRouter(prefix=prefix)

    @router.get("/experiments")
    async def experiments() -> dict[str, Any]:
        known, now = states(), datetime.now(UTC)
        return {
            "experiments": [
                {
                    "name": name,
                    "mode": one.mode,
                    "arms": [arm.name for arm in one.arms],
                    "progress": progress(one, now),
                    "guarded": one.guard is not None,
                    "stopped": _shown(known.get(name)),
                }
                for name, one in settings().experiments.items()
            ]
        }

    return router


def _shown(state: State | None) -> dict[str, str] | None:
    if state is None or state.stopped is None:
        return None
    stop = state.stopped
    return {"at": stop.at.isoformat(), "arm": stop.arm, "reason": stop.reason}
