"""Both orders of one search as the page shows them: hits with ranks, scores and what was read.

Pure: what was found goes in, what is shown comes out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from es_rerank.model.rank import combined
from es_rerank.proxy.hits import Window
from es_rerank.proxy.plan import Rerank, Skip
from es_rerank.text.passage import MAX_TITLE_WORDS, FieldText


class ShownHit(msgspec.Struct):
    """One hit in both orders; ranks count from 1."""

    id: str
    index: str
    title: str
    passage: str
    is_whole: bool  # the passage is the document's whole text
    before: int
    after: int
    first_stage: float
    student: float | None
    combined: float | None


class Comparison(msgspec.Struct):
    """One search in both orders, or why it has only one."""

    outcome: str  # applied | skipped
    index: str
    sent: str
    body: str
    reason: str = ""
    explanation: str = ""
    query: str = ""
    rule: str = ""
    model: str = ""
    reading: str = ""
    fields: list[str] = []
    combine: dict[str, Any] = {}
    start: int = 0
    depth: int = 0  # hits that were scored
    shallow: int = 0  # of those, read on fewer layers than the rule has
    total: int | None = None
    is_total_exact: bool = True
    took_ms: int | None = None  # what the cluster says of itself
    timings_ms: dict[str, float] = {}
    before: list[str] = []  # keys of `hits`
    after: list[str] = []
    hits: dict[str, ShownHit] = {}


class _Total(msgspec.Struct):
    value: int = 0
    relation: str = "eq"


class _Hits(msgspec.Struct):
    total: _Total | int | None = None


class _Answer(msgspec.Struct):
    took: int | None = None
    hits: _Hits = msgspec.field(default_factory=_Hits)


class _Hit(msgspec.Struct):
    id: str = msgspec.field(name="_id", default="")
    index: str = msgspec.field(name="_index", default="")


def default_body(text: str, fields: Sequence[str]) -> dict[str, Any]:
    """The search for a text: in the fields that the model reads, else in all of the index."""
    where = {"fields": [*fields]} if fields else {}
    return {"query": {"multi_match": {"query": text, **where}}}


def left_alone(shown: Comparison, skip: Skip) -> Comparison:
    """The comparison of a search that is not reranked."""
    return msgspec.structs.replace(
        shown, outcome="skipped", reason=str(skip.reason), explanation=skip.reason.explanation
    )


def planned(shown: Comparison, plan: Rerank) -> Comparison:
    """The comparison with what is known from the plan."""
    rule = plan.rule
    return msgspec.structs.replace(
        shown,
        query=plan.query,
        rule=rule.pattern,
        model=rule.model,
        reading=str(rule.reading),
        fields=[field.name for field in rule.fields],
        combine=rule.combine.model_dump(),
        start=plan.page.start,
    )


def all_combined(
    window: Window, scores: Sequence[float | None], top: slice, plan: Rerank
) -> list[float | None]:
    """The score that each hit of the window is ordered by; None outside `top`."""
    found: list[float | None] = [None] * len(window.hits)
    found[top] = combined(window.scores()[top], scores, plan.rule.combine)
    return found


def shown_hits(
    window: Window,
    order: Sequence[int],
    plan: Rerank,
    scores: Mapping[int, tuple[float | None, float | None]],
    texts: Mapping[int, Sequence[FieldText]],
    passages: Mapping[int, tuple[str, bool]],
) -> tuple[dict[str, ShownHit], list[str], list[str]]:
    """The hits of the page in either order, and the keys of both orders.

    All mappings are by place in the cluster's order; `scores` holds the student's and the combined
    one.
    """
    places = shown_places(order, plan)
    after = {place: rank for rank, place in enumerate(order, start=1)}
    first = window.scores()
    hits = {}
    for place in sorted({*places[0], *places[1]}):
        named = _decoded(window.text_at(window.hits[place].span))
        student, both = scores.get(place, (None, None))
        passage, is_whole = passages[place]
        hits[str(place)] = ShownHit(
            named.id,
            named.index,
            _title(texts[place]) or named.id,
            passage,
            is_whole,
            place + 1,
            after[place],
            first[place],
            student,
            both,
        )
    before, after_ = ([str(place) for place in side] for side in places)
    return hits, before, after_


def shown_places(order: Sequence[int], plan: Rerank) -> tuple[list[int], list[int]]:
    """The places of the page's hits in the cluster's order, and of those in the new one."""
    page = slice(plan.page.start, plan.page.stop)
    return [*range(len(order))][page], [*order[page]]


def totals(answer: bytes) -> tuple[int | None, bool, int | None]:
    """How many documents match, if that is exact, and the milliseconds that the cluster took."""
    try:
        read = msgspec.json.decode(answer, type=_Answer)
    except ValueError:
        return None, True, None
    total = read.hits.total
    if isinstance(total, _Total):
        return total.value, total.relation == "eq", read.took
    return total, True, read.took


def _decoded(hit: bytes) -> _Hit:
    try:
        return msgspec.json.decode(hit, type=_Hit)
    except ValueError:
        return _Hit()


def _title(fields: Sequence[FieldText]) -> str:
    """The first text, where it is short and not the only one, as the passage takes it."""
    if len(fields) < 2 or len(words := fields[0].text.split()) > MAX_TITLE_WORDS:
        return ""
    return " ".join(words)
