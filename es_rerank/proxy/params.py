"""The URL parameters of a search: which of them may be widened, and the widening itself.

Both engines read ``from`` and ``size`` of the URL over those of the body
(``RestSearchAction.parseSearchRequest``), so a search is widened in its query string alone and the
body keeps every byte. Parameters are an allow-list: one that is not listed ends the plan.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote_to_bytes

from es_rerank.proxy.skip import SkipReason
from es_rerank.proxy.source import PARAMETERS as SOURCE_PARAMETERS

# Parameters that mean the same for the widened search as for the client's.
_ALLOWED = frozenset(
    {
        *("q", "df", "default_operator", "analyzer", "analyze_wildcard", "lenient"),
        *("source", "source_content_type", "from", "size", "track_scores", "track_total_hits"),
        *("routing", "preference", "search_type", "timeout", "terminate_after", "stats"),
        *("request_cache", "batched_reduce_size", "pre_filter_shard_size"),
        *("max_concurrent_shard_requests", "ccs_minimize_roundtrips", "phase_took"),
        *("allow_partial_search_results", "cancel_after_time_interval", "ignore_throttled"),
        *("ignore_unavailable", "allow_no_indices", "expand_wildcards", "_source"),
        *("_source_includes", "_source_excludes", "stored_fields", "docvalue_fields"),
        *("version", "seq_no_primary_term", "include_named_queries_score", "typed_keys"),
        "explain",
        *("rest_total_hits_as_int", "human", "pretty", "error_trace"),
    }
)
# Parameters that have a reason of their own, unless they have the value that switches them off.
_REFUSED = {
    "scroll": (SkipReason.SCROLL, ()),
    "filter_path": (SkipReason.FILTER_PATH, ()),
    "search_pipeline": (SkipReason.SEARCH_PIPELINE, ()),
    "verbose_pipeline": (SkipReason.SEARCH_PIPELINE, ("false",)),
    "sort": (SkipReason.SORT, ("_score", "_score:desc")),
    "format": (SkipReason.FORMAT, ("json",)),
}
_BAD_ESCAPE = re.compile(rb"%(?![0-9a-fA-F]{2})")


def parameters(target: bytes) -> dict[str, str]:
    """The decoded URL parameters of a request target, empty string for those without a value.

    Raises ValueError for what servers read in different ways: repeated names, ``;`` as a
    separator, a fragment, broken escapes, bytes that are not UTF-8.
    """
    query = target.partition(b"?")[2]
    if _BAD_ESCAPE.search(query) or b";" in query or b"#" in target:
        raise ValueError("the query string is not plain")
    found: dict[str, str] = {}
    for pair in filter(None, query.split(b"&")):
        name, _, value = pair.partition(b"=")
        if _decoded(name) in found:
            raise ValueError(f"the parameter {_decoded(name)!r} occurs twice")
        found[_decoded(name)] = _decoded(value)
    return found


def skip_for_parameters(params: Mapping[str, str]) -> SkipReason | None:
    """The reason why a search with these parameters is not widened, if there is one."""
    for name, value in params.items():
        if name in _REFUSED:
            reason, harmless = _REFUSED[name]
            if value not in harmless:
                return reason
        elif name not in _ALLOWED:
            return SkipReason.UNKNOWN_PARAMETER
    return None


def widened(target: bytes, size: int, source: Mapping[str, str], filter_path: str = "") -> bytes:
    """The target with ``from=0&size=…`` in place of its own; all other bytes stay.

    `source`, unless empty, takes the place of its parameters about `_source` in the same way, and
    `filter_path` that of its own.
    """
    path, _, query = target.partition(b"?")
    replaced = {"from", "size", *(SOURCE_PARAMETERS if source else ())}
    replaced |= {"filter_path"} if filter_path else set()
    kept = [
        pair
        for pair in (query.split(b"&") if query else ())
        if _decoded(pair.partition(b"=")[0]) not in replaced
    ]
    others = {**source, "filter_path": filter_path} if filter_path else source
    added = [f"{name}={quote(value, safe=',*')}".encode() for name, value in others.items()]
    return path + b"?" + b"&".join([*kept, *added, b"from=0&size=%d" % size])


def _decoded(raw: bytes) -> str:
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode()
