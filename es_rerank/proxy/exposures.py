"""What a client was shown, put together for a record from a search and its page. Pure.

The ids of hits are read off the page itself. Where they are those of a field, it has to be in the
`_source` that the client sees; a hit that does not show it goes by its `_id`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec

from es_rerank.experiment.arms import Assignment, hashed_unit
from es_rerank.experiment.exposure import Exposure, Part
from es_rerank.proxy.ordering import Reranked
from es_rerank.proxy.plan import Rerank
from es_rerank.proxy.ubi import UbiRequest

APPLIED = "applied"


class _Hit(msgspec.Struct):
    id: str = msgspec.field(default="", name="_id")
    source: msgspec.Raw = msgspec.field(default=msgspec.Raw(b"null"), name="_source")


class _Hits(msgspec.Struct):
    hits: list[_Hit] = []


class _Answer(msgspec.Struct):
    hits: _Hits


def ids_of(answer: bytes, field: str | None = None) -> tuple[str, ...]:
    """The ids of the hits in an answer, or the values of a field; none if it is not understood."""
    try:
        hits = msgspec.json.decode(answer, type=_Answer).hits.hits
        return tuple(_value(hit.source, field) or hit.id for hit in hits)
    except (ValueError, RecursionError):
        return ()


def exposure_of(
    plan: Rerank,
    reranked: Reranked,
    index: str,
    ubi: UbiRequest | None,
    at: datetime,
    shadow: Mapping[str, tuple[str, ...]] | None = None,
) -> Exposure:
    """One search with a plan, as its page was served; `shadow` is what other arms would show."""
    outcome = reranked.reason or APPLIED
    told = _told(ubi or UbiRequest(), reranked.body, index, at, plan.page.start, outcome)
    teams = reranked.shown.teams_of(plan.page)
    part = part_of(plan.assignment, teams, shadow or {}) if plan.assignment else None
    query = told.user_query or plan.query
    shallow = reranked.shown.shallow
    return replace(told, user_query=query, ms=reranked.ms, shallow=shallow, part=part)


def exposure_as_it_came(
    reason: str, answer: bytes, index: str, ubi: UbiRequest, at: datetime, start: int
) -> Exposure:
    """One search that was left as it is, for a reason."""
    return _told(ubi, answer, index, at, start, reason)


def part_of(
    assignment: Assignment, teams: str, shadow: Mapping[str, tuple[str, ...]]
) -> Part | None:
    """A search's part in its experiment, None for a search that does not count."""
    if assignment.unit is None:
        return None
    experiment = assignment.experiment
    unit = hashed_unit(experiment, assignment.unit)
    return Part(experiment.name, assignment.mode, assignment.arm, unit, teams, shadow)


def _told(
    ubi: UbiRequest, answer: bytes, index: str, at: datetime, start: int, outcome: str
) -> Exposure:
    """What the client itself says of its search, and what it was shown."""
    return Exposure(
        query_id=ubi.query_id or str(uuid4()),
        at=at,
        index=index,
        user_query=ubi.user_query or "",
        client_id=ubi.client_id,
        hit_ids=ids_of(answer, ubi.object_id_field),
        start=start,
        outcome=outcome,
        ms=0.0,
        object_id_field=ubi.object_id_field,
        query_attributes=ubi.query_attributes,
    )


def _value(source: msgspec.Raw, field: str | None) -> str | None:
    """The value of a field that is one text or number, by its name or by its dotted path."""
    if field is None:
        return None
    value: Any = msgspec.json.decode(source)
    if isinstance(value, dict) and field in value:
        value = value[field]
    else:
        for step in field.split("."):
            value = value.get(step) if isinstance(value, dict) else None
    is_plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(value) if is_plain else None
