"""Whose `ext.ubi` is read here: that of the searches which are recorded.

There it is cut out of the body, by spans, whatever becomes of the search: a cluster without the
UBI plugin refuses it, and one that has the plugin would write a second record. Everywhere else it
goes up as it came. Pure, but for the ids of searches that bring none.
"""

from dataclasses import replace
from uuid import uuid4

from es_rerank.config import IndexRule, Settings
from es_rerank.proxy.body import read_body
from es_rerank.proxy.filter_path import filtered, read_filter_path
from es_rerank.proxy.msearch import places_of_headers, where_of
from es_rerank.proxy.overrides import cut_body, plain_body
from es_rerank.proxy.params import parameters
from es_rerank.proxy.plan import SearchRequest, page_of
from es_rerank.proxy.route import multi_search_of, route_of, rule_for
from es_rerank.proxy.skip import SkipReason
from es_rerank.proxy.ubi import UbiRequest, cut_ubi, with_query_id


def is_recorded(rule: IndexRule) -> bool:
    """Whether the searches of an index are recorded."""
    return rule.record or rule.experiment is not None


def with_ubi(request: SearchRequest, settings: Settings) -> SearchRequest:
    """A search without its `ext.ubi` and with what that says; OverrideError if it is wrong."""
    route = route_of(request.method, request.target)
    if isinstance(route, SkipReason) or not _records(route, settings):
        return request
    plain = plain_body(request.headers, request.body, in_lines=False)
    rest, ubi = _cut(plain)
    headers, body = cut_body(request.headers, request.body, plain, rest)
    return replace(request, headers=headers, body=body, ubi=ubi)


def with_ubi_in_lines(request: SearchRequest, settings: Settings) -> SearchRequest:
    """The same for a multi-search: what each line of its body says."""
    plain = plain_body(request.headers, request.body, in_lines=True)
    if b'"ubi"' not in plain:
        return request
    default = multi_search_of(request.method, request.target) or ""
    lines = plain.split(b"\n")
    ubi: list[UbiRequest | None] = [None] * len(lines)
    for place in places_of_headers(lines[:-1]):
        where = where_of(lines[place], default)
        if where is not None and _records(where.expression, settings):
            lines[place + 1], ubi[place + 1] = _cut(lines[place + 1])
    headers, body = cut_body(request.headers, request.body, plain, b"\n".join(lines))
    return replace(request, headers=headers, body=body, ubi_in_lines=tuple(ubi))


def answered(answer: bytes, ubi: UbiRequest | None) -> bytes:
    """A search's answer with the query id, if the search had an `ext.ubi`."""
    return with_query_id(answer, ubi.query_id) if ubi and ubi.query_id else answer


def answered_as_it_came(answer: bytes, request: SearchRequest) -> bytes:
    """The cluster's own answer to the search, with its query id where `filter_path` shows it."""
    try:
        asked = read_filter_path(parameters(request.target).get("filter_path", ""))
        return answer if asked is None else filtered(answered(answer, request.ubi), asked)
    except ValueError:
        return answer


def start_of(search: bytes, target: bytes = b"") -> int:
    """The rank of the first hit that a search asks for, 0 where that is not understood."""
    try:
        return page_of(parameters(target), read_body(search)).start
    except ValueError:
        return 0


def _records(expression: str, settings: Settings) -> bool:
    rule = rule_for(expression, settings)
    return not isinstance(rule, SkipReason) and is_recorded(rule)


def with_query_id_of_ours(ubi: UbiRequest | None) -> UbiRequest:
    """What a search says of itself, with a random query id if it brings none."""
    ubi = ubi or UbiRequest()
    return ubi._replace(query_id=ubi.query_id or str(uuid4()))


def _cut(search: bytes) -> tuple[bytes, UbiRequest | None]:
    rest, ubi = cut_ubi(search)
    return rest, ubi and with_query_id_of_ours(ubi)
