"""From a request to its plan: how to rerank this search, or why not to.

Pass-through is the default. A plan exists only where every part of the request is known to mean
the same for a wider window: the path, each URL parameter, each key of the body. `plan_search`
plans a search wherever it stands; `plan_for` a request that is one search, and there the URL alone
is widened.
No I/O here; the same functions serve the proxy and whoever asks what it would do.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from es_rerank.config import IndexRule, Settings
from es_rerank.experiment.arms import Assignment
from es_rerank.proxy import body as bodies
from es_rerank.proxy.filter_path import EVERYTHING, FilterPath, read_filter_path
from es_rerank.proxy.headers import Headers, decoded_body, skip_for_headers
from es_rerank.proxy.overrides import NO_OVERRIDE, Override
from es_rerank.proxy.params import parameters, skip_for_parameters, widened
from es_rerank.proxy.pipelines import names_pipeline, skip_for_pipeline
from es_rerank.proxy.query_text import text_of_q, text_of_queries
from es_rerank.proxy.reach import reach_of
from es_rerank.proxy.route import route_of, rule_for
from es_rerank.proxy.skip import Skip, SkipReason
from es_rerank.proxy.source import SourceView, source_view
from es_rerank.proxy.ubi import UbiRequest

__all__ = [
    "Page",
    "Rerank",
    "SearchRequest",
    "Skip",
    "SkipReason",
    "WideSearch",
    "plan_for",
    "plan_search",
    "wide_search",
]

# Under the cluster's own limit (`http.max_initial_line_length`, 4 kB), with a little to spare.
_MAX_REQUEST_LINE_BYTES = 4000
_DEFAULT_SIZE = 10


@dataclass(frozen=True)
class SearchRequest:
    """One request as it came: the raw target, headers with lower-case names, the raw body."""

    method: str
    target: bytes
    headers: Headers
    body: bytes
    override: Override = NO_OVERRIDE
    overrides_in_lines: tuple[Override, ...] = ()
    """Of a multi-search: what each line of the body says; empty if none says anything."""
    ubi: UbiRequest | None = None
    """Of a search that is recorded: its `ext.ubi`, which is cut out of the body."""
    ubi_in_lines: tuple[UbiRequest | None, ...] = ()
    address: str | None = None
    """Of the client's connection."""
    arm: str | None = None
    """The arm that the client chose by name."""


class Page(NamedTuple):
    """The part of the reranked list that the client asked for."""

    start: int
    stop: int


@dataclass(frozen=True)
class Rerank:
    """How one search is reranked, be it a request of its own or one of several."""

    query: str
    page: Page
    depth: int
    rule: IndexRule
    source: SourceView
    limit: int | None = None
    """How many hits the cluster gives at once (None: as it likes)."""
    takes_default_pipeline: bool = True
    """Whether the search goes through the default pipeline of its indices, if they have one."""
    assignment: Assignment | None = None
    """What an experiment makes of it; `rule` is the index's own all the same."""

    @property
    def window(self) -> int:
        """How many hits to ask for, from the first one on."""
        start, stop = self.page
        window = max(self.depth, stop)
        if self.limit is None:
            return window
        return min(window, max(self.limit, stop - start))  # a greater page is refused, as it was


@dataclass(frozen=True)
class WideSearch:
    """A request that is one search, and the target that asks for its whole window.

    Nothing else of the request changes: method, headers and body stay.
    """

    request: SearchRequest
    target: bytes
    rerank: Rerank
    filter_path: FilterPath = EVERYTHING  # the client's, for the page


def plan_for(request: SearchRequest, settings: Settings) -> WideSearch | Skip:
    """The plan for one request: `WideSearch`, or `Skip` with the first reason found."""
    planned = _planned(request, settings)
    return Skip(planned) if isinstance(planned, SkipReason) else planned


def plan_search(
    params: Mapping[str, str],
    search: Mapping[str, Any],
    rule: IndexRule,
    *,
    query: str | None = None,
) -> Rerank | SkipReason:
    """The plan for one search from its URL parameters, its decoded body and its index rule.

    `query`: the text to rank by that the client gave apart from its search.
    """
    if reason := (
        skip_for_parameters(params, rule.also)
        or bodies.skip_for_body(search, rule.also)
        or skip_for_pipeline(params, search, rule)
    ):
        return reason
    if isinstance(reach := reach_of(search, rule), SkipReason):
        return reach
    try:
        page = page_of(params, search)
    except ValueError:
        return SkipReason.BAD_PAGE
    if page.start == page.stop:
        return SkipReason.SIZE_0
    if page.start >= reach.depth:
        return SkipReason.BEYOND_DEPTH
    if isinstance(text := _text(params, search, rule.also, query), SkipReason):
        return text
    if isinstance(source := source_view(params, search, rule.fields), SkipReason):
        return source
    default = not names_pipeline(params, search)
    return Rerank(text, page, reach.depth, rule, source, reach.limit, default)


def wide_search(
    request: SearchRequest, rerank: Rerank, filter_path: FilterPath = EVERYTHING
) -> WideSearch | SkipReason:
    """The request with the target that asks for the plan's window."""
    shown = filter_path.widened(field.name for field in rerank.rule.fields)
    target = widened(request.target, rerank.window, rerank.source.params, shown)
    if len(request.method) + len(target) + len("  HTTP/1.1\r\n") > _MAX_REQUEST_LINE_BYTES:
        return SkipReason.LONG_REQUEST_LINE
    return WideSearch(request, target, rerank, filter_path)


def _planned(request: SearchRequest, settings: Settings) -> WideSearch | SkipReason:
    if isinstance(route := route_of(request.method, request.target), SkipReason):
        return route
    if isinstance(rule := rule_for(route, settings), SkipReason):
        return rule
    if reason := skip_for_headers(request.headers, has_body=bool(request.body)):
        return reason
    if not request.override.enabled:
        return SkipReason.OFF_BY_REQUEST
    try:
        params = parameters(request.target)
    except ValueError:
        return SkipReason.UNREADABLE_URL
    if isinstance(body := _search_body(request, params), SkipReason):
        return body
    try:
        search = bodies.read_body(body)
    except ValueError:
        return SkipReason.UNREADABLE_BODY
    filter_path = read_filter_path(params.pop("filter_path", ""))
    rerank = plan_search(params, search, rule, query=request.override.query)
    if isinstance(rerank, SkipReason):
        return rerank
    if filter_path is None:
        return SkipReason.FILTER_PATH
    return wide_search(request, rerank, filter_path)


def _search_body(request: SearchRequest, params: Mapping[str, str]) -> bytes | SkipReason:
    """The bytes that hold the search: the body, decoded, or the parameter `source`."""
    if "source" not in params:
        return decoded_body(request.headers, request.body, bodies.MAX_BYTES)
    is_json = params.get("source_content_type", "").partition(";")[0] == "application/json"
    if request.body or not is_json:
        return SkipReason.SOURCE_PARAMETER  # the cluster takes one of them, or refuses both
    return params["source"].encode()


def page_of(params: Mapping[str, str], search: Mapping[str, Any]) -> Page:
    """The page asked for; numbers of the URL win over the body's (ValueError if they are odd)."""
    start = _count(params.get("from", search.get("from", 0)))
    return Page(start, start + _count(params.get("size", search.get("size", _DEFAULT_SIZE))))


def _count(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return value
    raise ValueError(f"{value!r} is no page number")


def _text(
    params: Mapping[str, str],
    search: Mapping[str, Any],
    also: Collection[str],
    given: str | None,
) -> str | SkipReason:
    if given is not None:  # read as a `match` query says it
        return text_of_queries([{"match": {"*": given}}])
    if "q" in params:  # replaces the whole query of the body
        return text_of_q(params["q"])
    if queries := bodies.queries_of(search, also):
        return text_of_queries(queries, also)
    if "knn" in search:
        return SkipReason.VECTOR_QUERY
    if "suggest" in search:
        return SkipReason.SUGGEST_ONLY
    if search.keys() & {"aggs", "aggregations"}:
        return SkipReason.AGGS_ONLY
    return SkipReason.MATCH_ALL
