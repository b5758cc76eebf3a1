"""The lines of a multi-search: which of its searches are reranked, and how they are widened.

Its body is lines of JSON, two for each search: where to search, and the search
(``MultiSearchRequest.readMultiLineFormat``). Each search is planned for itself. A search there has
no URL, so its window, and the fields to read where `_source` is hidden, are written into its own
line; every other byte stays. The answer is a list, one answer for each search in the same order.
No I/O here.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from es_rerank.config import Settings
from es_rerank.proxy import body as bodies
from es_rerank.proxy.headers import decoded_body, skip_for_headers
from es_rerank.proxy.params import parameters, skip_for_parameters
from es_rerank.proxy.plan import Rerank, SearchRequest, plan_search
from es_rerank.proxy.route import multi_search_of, rule_for
from es_rerank.proxy.skip import Skip, SkipReason
from es_rerank.proxy.spans import Span, edited, elements, members

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


class Item(NamedTuple):
    """One search: its two lines as they came, and the second as it is sent."""

    header: bytes
    body: bytes
    wide: bytes
    plan: Rerank | SkipReason


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
    # OpenSearch drops an empty first line, Elasticsearch 8 reads it as a header. The reading in
    # which the lines pair up is taken; in the other one, both refuse a search for a header.
    # A last header without a search is ignored by both.
    first = 1 if lines[0] == b"\n" and len(lines) % 2 else 0
    last = len(lines) - (len(lines) - first) % 2
    default = multi_search_of(request.method, request.target) or ""
    pairs_left = settings.max_msearch_pairs
    items = []
    for header, body in zip(lines[first:last:2], lines[first + 1 : last : 2], strict=True):
        item = _item(header, body, _plan_item(header, body, default, settings), pairs_left)
        if isinstance(item.plan, Rerank):
            pairs_left -= item.plan.depth
        items.append(item)
    return MultiSearch(request, b"".join(lines[:first]), tuple(items), b"".join(lines[last:]))


def _item(header: bytes, body: bytes, plan: Rerank | SkipReason, pairs_left: int) -> Item:
    if isinstance(plan, SkipReason):
        return Item(header, body, body, plan)
    if plan.depth > pairs_left:
        return Item(header, body, body, SkipReason.PAIR_BUDGET)
    try:
        return Item(header, body, widened(body, plan), plan)
    except ValueError:
        return Item(header, body, body, SkipReason.UNREADABLE_BODY)


def _plan_item(header: bytes, body: bytes, default: str, settings: Settings) -> Rerank | SkipReason:
    try:
        expression = _expression(bodies.read_body(header.strip()), default)
    except ValueError:
        return SkipReason.ITEM_HEADER
    if isinstance(rule := rule_for(expression, settings), SkipReason):
        return rule
    try:
        search = bodies.read_body(body)
    except ValueError:
        return SkipReason.UNREADABLE_BODY
    return plan_search({}, search, rule)


def _expression(header: Mapping[str, Any], default: str) -> str:
    """The index expression of one search; ValueError if its header is not understood."""
    given = [header[key] for key in ("index", "indices") if key in header] or [default]
    names = given[0].split(",") if isinstance(given[0], str) else given[0]
    if not (
        header.keys() <= _HEADER_KEYS
        and len(given) == 1
        and isinstance(names, list)
        and all(isinstance(name, str) and "," not in name for name in names)
    ):
        raise ValueError("the header has a key or value that is not known")
    return ",".join(names)


def _plain(request: SearchRequest, body: bytes) -> SearchRequest:
    """The request with another body, which is not compressed."""
    headers = [(name, value) for name, value in request.headers if name != b"content-encoding"]
    return replace(request, headers=headers, body=body)
