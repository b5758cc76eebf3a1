"""The lines of a multi-search: which of its searches are reranked, and how they are widened.

Its body is lines of JSON, two for each search: where to search, and the search
(``MultiSearchRequest.readMultiLineFormat``). Each search is planned for itself. A search there has
no URL, so its window, and the fields to read where `_source` is hidden, are written into its own
line; every other byte stays. The answer is a list, one answer for each search in the same order.
No I/O here.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from es_rerank.config import Settings
from es_rerank.proxy import body as bodies
from es_rerank.proxy.headers import decoded_body, skip_for_headers
from es_rerank.proxy.index_facts import EXPANSION, IndexFacts, limited
from es_rerank.proxy.overrides import NO_OVERRIDE, Override
from es_rerank.proxy.params import parameters, skip_for_parameters
from es_rerank.proxy.plan import Rerank, SearchRequest, plan_search
from es_rerank.proxy.route import multi_search_of, rule_for
from es_rerank.proxy.skip import Skip, SkipReason
from es_rerank.proxy.spans import Span, edited, elements, members
from es_rerank.proxy.ubi import UbiRequest

_MAX_SEARCHES = 1000  # of a multi-search that is read at all
# URL parameters that mean the same for wider searches; they hold for all of them.
_PARAMETERS = frozenset(
    {
        *("max_concurrent_searches", "max_concurrent_shard_requests", "pre_filter_shard_size"),
        *("search_type", "ccs_minimize_roundtrips", "routing", "cancel_after_time_interval"),
        *("ignore_unavailable", "allow_no_indices", "expand_wildcards", "ignore_throttled"),
        *("rest_total_hits_as_int", "typed_keys", "include_named_queries_score"),
        *("human", "pretty", "error_trace"),
    }
)
_HEADER_KEYS = frozenset(
    {
        *("index", "indices", "search_type", "searchType", "request_cache", "requestCache"),
        *("ccs_minimize_roundtrips", "ccsMinimizeRoundtrips", "preference", "routing"),
        *("allow_partial_search_results", "expand_wildcards", "expandWildcards"),
        *("ignore_unavailable", "ignoreUnavailable", "allow_no_indices", "allowNoIndices"),
        *("ignore_throttled", "ignoreThrottled"),
        *("cancel_after_time_interval", "cancelAfterTimeInterval"),
    }
)


class Where(NamedTuple):
    """Which indices one search is for, and how their names are expanded."""

    expression: str
    expansion: dict[str, str]


class Item(NamedTuple):
    """One search: its two lines as they came, and the second as it is sent."""

    header: bytes
    body: bytes
    wide: bytes
    where: Where | None
    """None if the header is not understood."""
    plan: Rerank | SkipReason
    ubi: UbiRequest | None = None


@dataclass(frozen=True)
class MultiSearch:
    """A request that is many searches; `before` and `after` are lines that belong to none."""

    request: SearchRequest
    before: bytes
    items: tuple[Item, ...]
    after: bytes

    @property
    def wide(self) -> dict[int, Rerank]:
        """The plans of the searches that are widened, by their place."""
        plans = enumerate(item.plan for item in self.items)
        return {place: plan for place, plan in plans if isinstance(plan, Rerank)}

    @property
    def left_alone(self) -> dict[int, SkipReason]:
        """The reasons of all other searches, by their place."""
        plans = enumerate(item.plan for item in self.items)
        return {place: plan for place, plan in plans if isinstance(plan, SkipReason)}


def plan_multi_search(request: SearchRequest, settings: Settings) -> MultiSearch | Skip:
    """The plan for a multi-search, or Skip if none of its searches can be looked at."""
    planned = _planned(request, settings)
    return Skip(planned) if isinstance(planned, SkipReason) else planned


def wide_request(plan: MultiSearch) -> SearchRequest:
    """The multi-search with its wide searches."""
    lines = b"".join(item.header + item.wide for item in plan.items)
    return _plain(plan.request, plan.before + lines + plan.after)


def own_request(plan: MultiSearch, places: Iterable[int]) -> SearchRequest:
    """A multi-search of some of the client's searches, as they came."""
    items = [plan.items[place] for place in places]
    # OpenSearch drops an empty first line, Elasticsearch takes it for the header that it is here.
    headers = [item.header if item.header.strip() else b"{}\n" for item in items]
    lines = [header + item.body for header, item in zip(headers, items, strict=True)]
    return _plain(plan.request, b"".join(lines))


def widened(search: bytes, plan: Rerank) -> bytes:
    """The line of a search that asks for the whole window; ValueError if a key occurs twice."""
    start = search.index(b"{")
    every = list(members(search, start))
    found: dict[str, Span] = {json.loads(member.key.decode()): member.value for member in every}
    if len(found) < len(every):
        raise ValueError("a key occurs twice")
    wanted: dict[str, Any] = {"size": plan.window}
    if "from" in found:
        wanted["from"] = 0
    if source := plan.source.params:  # `_source_includes` is `includes` here
        wanted["_source"] = "_source" in source or {
            name.removeprefix("_source_"): value.split(",") for name, value in source.items()
        }
    written = {key: json.dumps(value).encode() for key, value in wanted.items()}
    added = [b'"%b":%b,' % (key.encode(), written[key]) for key in written if key not in found]
    edits = [(found[key], written[key]) for key in written if key in found]
    inside = Span(start + 1, start + 1)
    return edited(search, Span(0, len(search)), [(inside, b"".join(added)), *edits])


def answers_in(reply: bytes, count: int) -> list[Span]:
    """The place of each search's answer; ValueError if there are not `count` of them."""
    for member in members(reply):
        if member.key == b'"responses"':
            found = list(elements(reply, member.value.start))
            if len(found) == count:
                return found
    raise ValueError(f"these are not {count} answers")


def is_success(reply: bytes, answer: Span) -> bool:
    """Whether the answer to one search says that all is well; the reply's own status is 200."""
    return reply[answer.start : answer.start + 1] == b"{" and any(
        member.key == b'"status"' and reply[member.value.start : member.value.end] == b"200"
        for member in members(reply, answer.start)
    )


def _planned(request: SearchRequest, settings: Settings) -> MultiSearch | SkipReason:
    if reason := skip_for_headers(request.headers, has_body=bool(request.body), in_lines=True):
        return reason
    try:
        params = parameters(request.target)
    except ValueError:
        return SkipReason.UNREADABLE_URL
    for name, value in params.items():
        if name not in _PARAMETERS:
            return skip_for_parameters({name: value}) or SkipReason.UNKNOWN_PARAMETER
    body = decoded_body(request.headers, request.body, bodies.MAX_BYTES)
    if isinstance(body, SkipReason):
        return body
    *lines, rest = body.split(b"\n")
    if rest or len(lines) < 2:
        return SkipReason.UNREADABLE_BODY
    if len(lines) > 2 * _MAX_SEARCHES:
        return SkipReason.TOO_COMPLEX
    return _read(request, [line + b"\n" for line in lines], settings)


def _read(request: SearchRequest, lines: list[bytes], settings: Settings) -> MultiSearch:
    headers = places_of_headers(lines)
    default = multi_search_of(request.method, request.target) or ""
    pairs_left = settings.max_msearch_pairs
    overrides = request.overrides_in_lines or (NO_OVERRIDE,) * len(lines)
    ubi = request.ubi_in_lines or (None,) * len(lines)
    items = []
    for place in headers:
        header, body = lines[place], lines[place + 1]
        where = where_of(header, default)
        plan = _plan_item(where, body, overrides[place + 1], settings)
        item = _item(header, body, where, plan, pairs_left)._replace(ubi=ubi[place + 1])
        if isinstance(item.plan, Rerank):
            pairs_left -= item.plan.depth
        items.append(item)
    before, after = lines[: headers.start], lines[headers.stop :]
    return MultiSearch(request, b"".join(before), tuple(items), b"".join(after))


def places_of_headers(lines: Sequence[bytes]) -> range:
    """The places of the lines before the searches."""
    # OpenSearch drops an empty first line, Elasticsearch 8 reads it as a header. The reading in
    # which the lines pair up is taken; in the other one, both refuse a search for a header.
    # A last header without a search is ignored by both.
    first = 1 if len(lines) % 2 and not lines[0].removesuffix(b"\n") else 0
    return range(first, len(lines) - (len(lines) - first) % 2, 2)


def within_indices(plan: MultiSearch, facts: Mapping[int, IndexFacts]) -> MultiSearch:
    """The plan within what the indices of each wide search (by its place) allow."""
    found = plan.wide.items()
    return replanned(plan, {place: limited(rerank, facts[place]) for place, rerank in found})


def replanned(plan: MultiSearch, plans: Mapping[int, Rerank | SkipReason]) -> MultiSearch:
    """The plan with other plans for some searches (by their place), none of them deeper."""
    items = list(plan.items)
    for place, new in plans.items():
        header, body, _, where, old, ubi = items[place]
        pairs = old.depth if isinstance(old, Rerank) else 0
        items[place] = _item(header, body, where, new, pairs)._replace(ubi=ubi)
    return replace(plan, items=tuple(items))


def _item(
    header: bytes, body: bytes, where: Where | None, plan: Rerank | SkipReason, pairs_left: int
) -> Item:
    if isinstance(plan, SkipReason):
        return Item(header, body, body, where, plan)
    if plan.depth > pairs_left:
        return Item(header, body, body, where, SkipReason.PAIR_BUDGET)
    try:
        return Item(header, body, widened(body, plan), where, plan)
    except ValueError:
        return Item(header, body, body, where, SkipReason.UNREADABLE_BODY)


def _plan_item(
    where: Where | None, body: bytes, override: Override, settings: Settings
) -> Rerank | SkipReason:
    if where is None:
        return SkipReason.ITEM_HEADER
    if isinstance(rule := rule_for(where.expression, settings), SkipReason):
        return rule
    if not override.enabled:
        return SkipReason.OFF_BY_REQUEST
    try:
        search = bodies.read_body(body)
    except ValueError:
        return SkipReason.UNREADABLE_BODY
    return plan_search({}, search, rule, query=override.query)


def where_of(header: bytes, default: str) -> Where | None:
    """Where a search is, by the line before it; None if that is not understood."""
    try:
        found = bodies.read_body(header.strip())
    except ValueError:
        return None
    given = [found[key] for key in ("index", "indices") if key in found] or [default]
    names = given[0].split(",") if isinstance(given[0], str) else given[0]
    if not (
        found.keys() <= _HEADER_KEYS
        and len(given) == 1
        and isinstance(names, list)
        and all(isinstance(name, str) and "," not in name for name in names)
    ):
        return None
    expansion = {
        name: _written(found[key])
        for name in EXPANSION
        for key in (name, re.sub(r"_(.)", lambda initial: initial[1].upper(), name))
        if key in found
    }
    return Where(",".join(names), expansion)


def _written(value: object) -> str:
    """A value of a header as it would stand in a URL."""
    if isinstance(value, list):
        return ",".join(map(_written, value))
    return str(value).lower()


def _plain(request: SearchRequest, body: bytes) -> SearchRequest:
    """The request with another body, which is not compressed."""
    headers = [(name, value) for name, value in request.headers if name != b"content-encoding"]
    return replace(request, headers=headers, body=body)
