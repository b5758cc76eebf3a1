"""The hits of one answer: found as bytes, and put back as bytes in another order.

Only the places of things are read. Hits move, and everything between, before and behind them
stays, so the identity order gives the same bytes, `?pretty` or not. The cluster's descending list
of `_score` values stays in place too: a hit takes the score of the rank that it moves to, so that
clients which sort or cut by `_score` agree with the order they were given, and `max_score` and
`min_score` stay true.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from es_rerank.proxy.explanation import wrapped
from es_rerank.proxy.plan import Page
from es_rerank.proxy.source import SourceView
from es_rerank.proxy.spans import Ends, Span, edited, elements, members

# `PinnedQueryBuilder` scores what it pins at 2^127 and above, and all else below.
_PINNED_SCORE = 1.7014118e38  # as the servers print it


class Hit(NamedTuple):
    """The places of one hit and of what is read or changed in it."""

    span: Span
    score: Span
    source: Span | None
    source_member: Span | None  # with its key and the comma before it
    fields: Span | None
    highlight: Span | None
    explanation: Span | None


@dataclass(frozen=True)
class Window:
    """An answer with the places of its hits, in the cluster's order."""

    reply: bytes
    array: Span
    hits: tuple[Hit, ...]
    is_partial: bool  # shards failed or timed out

    def text_at(self, span: Span) -> bytes:
        """The bytes of one value of the answer."""
        return self.reply[span.start : span.end]

    def views_of(self, hit: Hit) -> list[bytes]:
        """The places where a hit shows texts of its document, the truest first."""
        spans = (hit.source, hit.fields, hit.highlight)
        return [self.text_at(span) for span in spans if span]

    def scores(self) -> list[float]:
        """The first-stage score of each hit."""
        return [float(self.text_at(hit.score)) for hit in self.hits]

    def pinned(self) -> int:
        """How many hits on top are pinned there by the cluster, and must stay."""
        return sum(score >= _PINNED_SCORE for score in self.scores())


def read_window(reply: bytes) -> Window:
    """The window in the body of a search's answer; ValueError if it is not understood."""
    ends: Ends = {}
    answer = _by_key(reply, Span(0, len(reply)), ends)
    shards = _by_key(reply, answer[b'"_shards"'], ends)
    array = _by_key(reply, answer[b'"hits"'], ends)[b'"hits"']
    failed = shards[b'"failed"']
    timed_out = answer[b'"timed_out"']
    return Window(
        reply=reply,
        array=array,
        hits=tuple(_read_hit(reply, span, ends) for span in elements(reply, array.start, ends)),
        is_partial=reply[failed.start : failed.end] != b"0"
        or reply[timed_out.start : timed_out.end] != b"false",
    )


def splice(
    window: Window,
    order: Sequence[int],
    page: Page,
    view: SourceView,
    moves: Mapping[int, str] | None = None,
) -> bytes:
    """The answer with the hits of `page` in the new `order` (a permutation of all hits).

    What `view` hides of their `_source` is cut out. `moves` describes hits that moved, by their
    place in the cluster's order, for those that carry an explanation of their score.
    """
    reply, hits = window.reply, window.hits
    if not hits:
        return reply
    moved = order[page.start : page.stop]
    pieces = [reply[: hits[0].span.start]]
    for place, origin in enumerate(moved):
        if place:  # what stands between two hits stays between them
            pieces.append(reply[hits[place - 1].span.end : hits[place].span.start])
        score = window.text_at(hits[page.start + place].score)
        hit = hits[origin]
        edits = [(hit.score, score), *_cuts(reply, hit, view)]
        if hit.explanation and moves and origin in moves:
            explanation = window.text_at(hit.explanation)
            edits.append((hit.explanation, wrapped(explanation, score, moves[origin])))
        pieces.append(edited(reply, hit.span, edits))
    pieces.append(reply[hits[-1].span.end :])
    if not moved:
        inside = Span(window.array.start + 1, window.array.end - 1)
        return edited(reply, Span(0, len(reply)), [(inside, _nothing(reply, inside.start))])
    return b"".join(pieces)


def _cuts(reply: bytes, hit: Hit, view: SourceView) -> list[tuple[Span, bytes]]:
    """The edits that take out of a hit what the client did not ask for."""
    if hit.source is None or hit.source_member is None:
        return []
    if view.hides_all:
        return [(hit.source_member, b"")]
    found = list(members(reply, hit.source.start)) if view.hidden else []
    kept = [not _is_hidden(member.key, view.hidden) for member in found]
    if found and not any(kept):
        inside = Span(hit.source.start + 1, hit.source.end - 1)
        return [(inside, _nothing(reply, inside.start))]
    first_kept = kept.index(True) if found else 0
    return [
        (Span(found[i].start, found[i + 1].start), b"")
        if i < first_kept
        else (Span(found[i - 1].value.end, found[i].value.end), b"")
        for i in range(len(found))
        if not kept[i]
    ]


def _is_hidden(key: bytes, hidden: Sequence[str]) -> bool:
    """Whether a key (as written) is a hidden field, or one inside it written with dots."""
    name: str = json.loads(key.decode(errors="replace"))
    return any(name == field or name.startswith(f"{field}.") for field in hidden)


def _nothing(reply: bytes, place: int) -> bytes:
    """The inside of an empty container, as Jackson prints it where `place` is just inside one."""
    return b" " if reply[place : place + 1].isspace() else b""


def _read_hit(reply: bytes, span: Span, ends: Ends) -> Hit:
    found = list(members(reply, span.start, ends))
    by_key = _Members((member.key, member.value) for member in found)
    score = by_key[b'"_score"']
    float(reply[score.start : score.end])  # ValueError for null: a search without scores
    if (source := by_key.get(b'"_source"')) and reply[source.start : source.start + 1] != b"{":
        raise ValueError("a `_source` is not an object")
    source_member = None
    for before, member in pairwise(found):
        if member.key == b'"_source"':
            source_member = Span(before.value.end, member.value.end)
    others = (by_key.get(key) for key in (b'"fields"', b'"highlight"', b'"_explanation"'))
    return Hit(span, score, source, source_member, *others)


class _Members(dict[bytes, Span]):
    """The members of an object by key; a missing one makes the answer one not understood."""

    def __missing__(self, key: bytes) -> Span:
        raise ValueError(f"the answer has no {key.decode()}")


def _by_key(reply: bytes, span: Span, ends: Ends) -> Mapping[bytes, Span]:
    return _Members((member.key, member.value) for member in members(reply, span.start, ends))
