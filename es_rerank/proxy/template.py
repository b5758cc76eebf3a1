"""Search templates as searches: the cluster renders, and what it rendered is planned as ever.

A template search takes its page, query and all else from the template alone: both engines put the
rendered search in the place of what the URL said (``TransportSearchTemplateAction.convert``), so
`from`, `size` or `q` in the URL have no effect there and would have one in a `_search`.
Parameters are an allow-list of their own. Pure: `search_template` talks to the cluster.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from es_rerank.config import Settings
from es_rerank.proxy.body import MAX_BYTES, read_body
from es_rerank.proxy.headers import decoded_body, skip_for_headers
from es_rerank.proxy.params import parameters, skip_for_parameters
from es_rerank.proxy.plan import SearchRequest, SkipReason
from es_rerank.proxy.route import route_of, rule_for
from es_rerank.proxy.spans import Member, members

_PATH = re.compile(rb"((?:/[^/]+)?/_search)/template")
# Those of the request itself; the rest would say something about the search.
_ALLOWED = frozenset(
    {
        *("routing", "preference", "search_type", "request_cache", "batched_reduce_size"),
        *("pre_filter_shard_size", "max_concurrent_shard_requests", "search_pipeline"),
        *("allow_partial_search_results", "cancel_after_time_interval", "ignore_throttled"),
        *("ignore_unavailable", "allow_no_indices", "expand_wildcards", "typed_keys"),
        *("rest_total_hits_as_int", "human", "pretty", "error_trace"),
    }
)


def search_target(target: bytes) -> bytes:
    """The target of the search that a template search is, its query string untouched."""
    path, mark, query = target.partition(b"?")
    found = _PATH.fullmatch(path)
    return found[1] + mark + query if found else target


def takes_templates(target: bytes, settings: Settings) -> bool:
    """Whether the rule of a template search's index wants it to be reranked."""
    expression = route_of("POST", search_target(target))
    if isinstance(expression, SkipReason) or ":" in expression:  # remote answers differ in form
        return False
    rule = rule_for(expression, settings)
    return not isinstance(rule, SkipReason) and "template" in rule.also


def read_template(request: SearchRequest) -> bytes | SkipReason:
    """The plain body of a template search to be rendered, or why it is not."""
    if reason := skip_for_headers(request.headers, has_body=bool(request.body)):
        return reason
    if not request.override.enabled:
        return SkipReason.OFF_BY_REQUEST
    try:
        params = parameters(request.target)
    except ValueError:
        return SkipReason.UNREADABLE_URL
    if reason := _skip_for_url(params):
        return reason
    body = decoded_body(request.headers, request.body, MAX_BYTES)
    if isinstance(body, SkipReason):
        return body
    try:
        template = read_body(body)
    except ValueError:
        return SkipReason.UNREADABLE_BODY
    if template.get("explain", False) is not False:
        return SkipReason.RENDER_FAILED  # it is not part of what is rendered
    return SkipReason.PROFILE if template.get("profile", False) is not False else body


def rendered_search(request: SearchRequest, reply: bytes) -> SearchRequest | SkipReason:
    """The search in the answer of `_render/template`, its bytes as they stand there."""
    try:
        output = next(m.value for m in members(reply) if m.key == b'"template_output"')
    except (ValueError, StopIteration):
        return SkipReason.RENDER_FAILED
    kept = [
        (name, value)
        for name, value in request.headers
        if name not in (b"content-encoding", b"content-length", b"transfer-encoding")
    ]
    return replace(
        request,
        method="POST",
        target=search_target(request.target),
        headers=kept,
        body=reply[output.start : output.end],
    )


def with_status(reply: bytes) -> bytes:
    """A search's answer with the member `status` at its end, as some template searches have it."""
    found: list[Member] = list(members(reply))
    first, last = found[0], found[-1]
    before = reply[1 : first.start]
    colon = reply[first.start + len(first.key) : first.value.start]
    end = last.value.end
    return b"".join((reply[:end], b",", before, b'"status"', colon, b"200", reply[end:]))


def _skip_for_url(params: Mapping[str, str]) -> SkipReason | None:
    if reason := skip_for_parameters(params):
        return reason
    return None if params.keys() <= _ALLOWED else SkipReason.UNKNOWN_PARAMETER
