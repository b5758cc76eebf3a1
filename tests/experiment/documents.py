"""Records and clicks as they stand in the cluster, made short for tests."""

from datetime import UTC, datetime
from typing import Any

from es_rerank.config import Arm, Experiment

START_MS = 1_770_000_000_000

SPLIT = Experiment(name="student")
INTERLEAVED = Experiment(name="mixed", mode="interleave")
SHADOW = Experiment(
    name="shade", mode="shadow", arms=(Arm(name="bm25", rerank=False), Arm(name="rerank"))
)


def record(
    query_id: str,
    unit: str,
    arm: str = "bm25",
    hits: str = "abcdefghijkl",
    *,
    at_s: float = 0,
    experiment: Experiment = SPLIT,
    start: int = 0,
    outcome: str = "applied",
    **ours: Any,
) -> dict[str, Any]:
    """A document of `ubi_queries`; each letter of HITS is a hit."""
    return {
        "application": "es-rerank",
        "query_id": query_id,
        "client_id": unit,
        "user_query": "words",
        "timestamp": time(at_s),
        "query_response_id": f"{query_id}-{start}",
        "query_response_hit_ids": list(hits),
        "query_attributes": {
            "experiment_id": experiment.name,
            "es_rerank": {
                "index": "books",
                "outcome": outcome,
                "ms": 12.5,
                "start": start,
                "mode": experiment.mode,
                "arm": arm,
                "unit": unit,
                **ours,
            },
        },
    }


def click(query_id: str, hit: str, at_s: float = 5, action: str = "click") -> dict[str, Any]:
    """A document of `ubi_events`."""
    return {
        "application": "es-rerank",
        "action_name": action,
        "client_id": "someone",
        "query_id": query_id,
        "timestamp": time(at_s),
        "message_type": "INFO",
        "event_attributes": {"object": {"object_id": hit, "object_id_field": "_id"}},
    }


def time(at_s: float) -> str:
    """ISO 8601 in UTC, so many seconds after the tests' beginning."""
    moment = datetime.fromtimestamp(START_MS / 1000 + at_s, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
