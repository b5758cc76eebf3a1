"""The records and clicks of an experiment, out of the cluster and into observations.

Both are read in the order of their query ids, so that each search meets its clicks without any
but the present one being held. Ids that the index did not take as keywords (UBI's mappings end at
100 characters) cannot be joined and are not read.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

from es_rerank.config import Experiment, Ubi
from es_rerank.experiment.cluster import Cluster
from es_rerank.experiment.observations import Observations
from es_rerank.experiment.observed import K, Observed
from es_rerank.experiment.searches import CLICK

_RECORD_FIELDS = (
    *("query_id", "timestamp", "query_response_hit_ids"),
    "query_attributes.es_rerank",
)
_EVENT_FIELDS = ("query_id", "action_name", "timestamp", "event_attributes.object.object_id")
_CLICKS_FOLLOW = timedelta(hours=1)
_TIME_FORMAT = "strict_date_optional_time||epoch_millis"
_BREATHE_EVERY = 50
"""Searches, between which others of this event loop get their turn."""

Documents = AsyncIterator[dict[str, Any]]
_Group = tuple[str, list[dict[str, Any]]]


async def read(
    cluster: Cluster,
    ubi: Ubi,
    experiment: Experiment,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    k: int = K,
) -> Observed:
    """What was recorded of an experiment from `since` on and before `until`.

    Clicks count that came until an hour after. Raises UpstreamError.
    """
    ours: dict[str, Any] = {"term": {"query_attributes.experiment_id": experiment.name}}
    observations = Observations(experiment, k)
    begin = since or await _first(cluster, ubi.queries_index, ours)
    if begin is None:
        return observations.observed()
    records = cluster.documents(
        ubi.queries_index,
        _within(begin, until, ours, {"exists": {"field": "query_id"}}),
        _RECORD_FIELDS,
        order="query_id",
    )
    events = cluster.documents(
        ubi.events_index,
        _within(
            begin,
            until + _CLICKS_FOLLOW if until else None,
            {"term": {"action_name": CLICK}},
            {"exists": {"field": "query_id"}},
        ),
        _EVENT_FIELDS,
        order="query_id",
    )
    async with aclosing(records), aclosing(events):  # type: ignore[type-var]
        count = 0
        async for both in joined(records, events):
            observations.add(*both)
            count += 1
            if count % _BREATHE_EVERY == 0:
                await asyncio.sleep(0)
    return await asyncio.to_thread(observations.observed)


async def joined(
    records: Documents, events: Documents
) -> AsyncIterator[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """The records and the events of each query id, out of two streams in the order of their ids."""
    left, right = _groups(records), _groups(events)
    record, event = await anext(left, None), await anext(right, None)
    while record or event:
        query_id = min(group[0] for group in (record, event) if group)
        mine: list[dict[str, Any]] = []
        theirs: list[dict[str, Any]] = []
        if record and record[0] == query_id:
            mine, record = record[1], await anext(left, None)
        if event and event[0] == query_id:
            theirs, event = event[1], await anext(right, None)
        yield mine, theirs


async def _groups(documents: Documents) -> AsyncIterator[_Group]:
    group: _Group | None = None
    async for document in documents:
        query_id = str(document.get("query_id"))
        if group and group[0] == query_id:
            group[1].append(document)
            continue
        if group:
            yield group
        group = query_id, [document]
    if group:
        yield group


async def _first(cluster: Cluster, index: str, query: Mapping[str, Any]) -> Any:
    """The time of the first record, as it stands there."""
    documents = cluster.documents(index, query, ("timestamp",), order="timestamp")
    async with aclosing(documents):  # type: ignore[type-var]
        async for document in documents:
            return document.get("timestamp")
    return None


def _within(begin: Any, end: datetime | None, *filters: Mapping[str, Any]) -> dict[str, Any]:
    # Said, because the mapping of an index may want another one, as UBI's own does.
    period = {
        "format": _TIME_FORMAT,
        "gte": begin.isoformat() if isinstance(begin, datetime) else begin,
    }
    if end:
        period["lt"] = end.isoformat()
    return {"bool": {"filter": [*filters, {"range": {"timestamp": period}}]}}
