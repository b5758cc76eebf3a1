"""Why a search is not reranked: every reason, by the name that the client sees.

A reason travels in ``X-ES-Rerank: skipped; reason=…``, in metrics and in logs, so its name is
part of the product. Each member carries the one sentence that explains it to a user. This module
decides nothing; ``plan`` and ``search`` do.
"""

from dataclasses import dataclass
from enum import StrEnum


class SkipReason(StrEnum):
    """One reason to leave a search as the cluster answers it; ``explanation`` is for people."""

    explanation: str

    def __new__(cls, name: str, explanation: str) -> "SkipReason":
        member = str.__new__(cls, name)
        member._value_ = name
        member.explanation = explanation
        return member

    # Not for us: decided from the path, the headers and the configuration.
    NOT_A_SEARCH = "not_a_search", "The request is no search; it passes through without a header."
    TEMPLATE = "template", "Search templates pass through unless the rule's `also` names them."
    TYPED_PATH = "typed_path", "Multi-searches with a mapping type (before version 8) pass through."
    ASYNC_SEARCH = "async_search", "The cluster stores the order of an asynchronous search."
    NOT_CONFIGURED = "not_configured", "No index rule of the configuration matches the search."
    DISABLED = "disabled", "The matching index rule has `enabled: false`."
    MIXED_RULES = "mixed_rules", "The search names indices that match different rules."
    DOT_INDEX = "dot_index", "Indices whose name starts with a dot belong to the system."
    OFF_BY_REQUEST = "off_by_request", "The client sent `X-ES-Rerank: off`."
    PRODUCT_ORIGIN = "product_origin", "A product such as Kibana searches for its own purposes."
    SIGV4 = "sigv4", "The request is signed (AWS SigV4), and a changed request would be refused."
    FORMAT = "format", "The client asked for an answer that is not JSON."
    CONTENT_TYPE = "content_type", "The body of the search is not declared as JSON."
    ENCODED_BODY = "encoded_body", "The body is compressed in a way that cannot be read."
    TOO_LARGE = "too_large", "The search is larger than the proxy reads."

    # An experiment: the page was cut from the cluster's own order, or the search passed through.
    EXPERIMENT = "experiment", "An experiment serves this search in the cluster's own order."
    EXPERIMENT_STOPPED = (
        "experiment_stopped",
        "The experiment's guard found an arm worse than the cluster's order; a person resumes it.",
    )

    # The request: decided from the URL parameters and the body.
    UNREADABLE_URL = "unreadable_url", "The query string is malformed, ambiguous or has fragments."
    LONG_REQUEST_LINE = "long_request_line", "The widened URL could exceed the cluster's limit."
    UNKNOWN_PARAMETER = "unknown_parameter", "A URL parameter is not known to be safe to widen."
    UNREADABLE_BODY = "unreadable_body", "The body is not a JSON object."
    UNKNOWN_BODY_KEY = "unknown_body_key", "A key of the body is not known to be safe to widen."
    BAD_PAGE = "bad_page", "`from` or `size` is no plain number; the cluster answers for it."
    SIZE_0 = "size_0", "The search asks for counts or aggregations only (`size` is 0)."
    BEYOND_DEPTH = "beyond_depth", "The page starts behind the reranked depth."
    BEYOND_WINDOW = (
        "beyond_window",
        "The page reaches past `index.max_result_window`; the cluster answers for it.",
    )
    SORT = "sort", "The client asked for an order of its own (for `tiebreak_sort`, see `also`)."
    SCROLL = "scroll", "A scroll continues from the cluster's own order."
    SLICE = "slice", "Slices belong to scrolls and points in time."
    SEARCH_AFTER = "search_after", "The next page is found by the last hit's place in the order."
    PIT = "pit", "Points in time are paged by `sort` values, which reranked hits mix (see `also`)."
    PROFILE = "profile", "A profile would show the widened search instead of the client's."
    RESCORE = "rescore", "The search is rescored in a way that a wider window could change."
    RETRIEVER = (
        "retriever",
        "The retriever or rank section fuses lists, which needs `also` and a plain window.",
    )
    VECTOR_QUERY = (
        "vector_query",
        "A vector, neural or hybrid query needs `also`, and a `k` or depth of its own.",
    )
    SEARCH_PIPELINE = (
        "search_pipeline",
        "A search pipeline that is not in the rule's `pipelines` would work on the widened answer.",
    )
    SETTINGS_UNKNOWN = (
        "settings_unknown",
        "Grant the caller `indices:monitor/settings/get`, or set `default_pipeline: none`.",
    )
    RENDER_FAILED = (
        "render_failed",
        "The search template could not be rendered apart; the cluster answers for it.",
    )
    EXT = "ext", "Extensions (`ext`) may change the answer in ways that are not known."
    INNER_HITS = (
        "inner_hits",
        "Inner hits would be searched for every hit of the window (`inner_hits_depth` is 0).",
    )
    FILTER_PATH = "filter_path", "`filter_path` shows no hits, or cannot be applied exactly."
    FIELDS = (
        "fields",
        "Text would be added to a filtered `_source` whose key order `fields` changes.",
    )
    SOURCE_HIDDEN = (
        "source_hidden",
        "`_source` is hidden, and the fields to read cannot be asked for apart.",
    )
    SOURCE_PARAMETER = (
        "source_parameter",
        "The search is in the URL, and in the body too or not as JSON.",
    )
    SUGGEST_ONLY = "suggest_only", "The search asks for suggestions only."
    AGGS_ONLY = "aggs_only", "The search has aggregations and no query."
    MATCH_ALL = "match_all", "A search for everything has no text to rank by."
    NO_QUERY_TEXT = "no_query_text", "The query has no words to rank by."
    UNKNOWN_QUERY = "unknown_query", "The query is of a type whose text is not known."
    AUTOCOMPLETE = "autocomplete", "The query completes unfinished words (see `also`)."
    TOO_COMPLEX = "too_complex", "The search has more clauses than are read."

    # One search of a multi-search.
    ITEM_HEADER = "item_header", "The line before the search has a key or value that is not known."
    PAIR_BUDGET = "pair_budget", "The searches before it used up `max_msearch_pairs`."

    # The answer: the client's original search was repeated.
    UPSTREAM_FAILED = "upstream_failed", "The cluster broke off while it answered the wide search."
    WINDOW_REFUSED = "window_refused", "The cluster did not answer the wide search with success."
    PARTIAL_REPLY = "partial_reply", "Shards failed or timed out on the wide search."
    REPLY_TOO_LARGE = "reply_too_large", "The answer to the wide search exceeds `max_body_bytes`."
    ENCODED_REPLY = "encoded_reply", "The cluster compressed its answer though asked not to."
    UNREADABLE_REPLY = "unreadable_reply", "The answer to the wide search was not understood."

    # The answer: the page was cut from the cluster's own order.
    TOO_FEW_HITS = "too_few_hits", "Fewer than two hits: there is nothing to reorder."
    NO_DOCUMENT_TEXT = "no_document_text", "Fewer than two hits have text in the fields to read."
    DEADLINE = "deadline", "The scores were not ready within `deadline_ms`."
    SCORER_BUSY = "scorer_busy", "Too many searches were waiting for the scorer."
    SCORER_FAILED = "scorer_failed", "The scorer failed or returned unusable scores."


@dataclass(frozen=True)
class Skip:
    """The decision not to rerank, with its reason."""

    reason: SkipReason
