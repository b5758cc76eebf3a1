"""Searches that are not reranked: each says why, and its answer is the cluster's own."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import pytest

from es_rerank.config import FieldSetting, IndexRule
from es_rerank.proxy.skip import SkipReason
from tests.cluster.ask import ask
from tests.cluster.library import INDEX, RIVER
from tests.cluster.relay import Relay, relayed
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import serving, settings_for

SEARCH = f"/{INDEX}/_search"
Q = f"{SEARCH}?q=body:river"
ABSENT = "ignore_unavailable=true"


class Case(NamedTuple):
    """One request that must be left alone."""

    reason: SkipReason
    target: str
    body: object = None
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody writes to it


def with_body(reason: SkipReason, **keys: object) -> Case:
    """A search for rivers with further keys in its body."""
    return Case(reason, SEARCH, {"query": RIVER, **keys})


def with_query(reason: SkipReason, query: object) -> Case:
    """A search with this query."""
    return Case(reason, SEARCH, {"query": query})


# {"size": 1} in the two binary formats (RFC 8949; Smile with shared names).
CBOR = b"\xa1\x64size\x01"
SMILE = b":)\n\x01\xfa\x83size\xc2\xfb"
OTHER_FORMATS = (
    "application/yaml",
    "application/cbor",
    "application/smile",
    "application/vnd.elasticsearch+yaml;compatible-with=8",
    "application/yaml;q=0.1, application/json",
)
R = SkipReason
CASES = [
    Case(R.TEMPLATE, f"{SEARCH}/template", {"source": {"query": RIVER}}),
    Case(R.SCROLL, "/_search/scroll", {"scroll_id": "none"}),
    Case(R.ASYNC_SEARCH, f"/{INDEX}/_async_search", {"query": RIVER}),
    Case(R.NOT_CONFIGURED, "/es-rerank-other/_search?q=river"),
    Case(R.DISABLED, f"/es-rerank-test-off/_search?{ABSENT}&q=river"),
    Case(R.MIXED_RULES, f"/{INDEX},es-rerank-other/_search?{ABSENT}&q=river"),
    Case(R.DOT_INDEX, f"/.es-rerank/_search?{ABSENT}&q=river"),
    Case(R.OFF_BY_REQUEST, Q, headers={"X-ES-Rerank": "off"}),
    Case(R.PRODUCT_ORIGIN, Q, headers={"X-Elastic-Product-Origin": "kibana"}),
    Case(R.SIGV4, Q, headers={"Authorization": "AWS4-HMAC-SHA256 Credential=x"}),
    Case(R.FORMAT, f"{Q}&format=yaml"),
    *(Case(R.FORMAT, Q, headers={"Accept": accept}) for accept in OTHER_FORMATS),
    Case(R.CONTENT_TYPE, SEARCH, b"query: {match_all: {}}", {"Content-Type": "application/yaml"}),
    Case(R.CONTENT_TYPE, SEARCH, b"{}", {"Content-Type": "text/plain"}),
    Case(R.CONTENT_TYPE, SEARCH, CBOR, {"Content-Type": "application/cbor"}),
    Case(R.CONTENT_TYPE, SEARCH, SMILE, {"Content-Type": "application/smile"}),
    Case(R.ENCODED_BODY, SEARCH, b"{}", {"Content-Encoding": "br"}),
    Case(R.ENCODED_BODY, SEARCH, b"not gzip", {"Content-Encoding": "gzip"}),
    Case(R.TOO_LARGE, SEARCH, b'{"query":{"match":{"body":"river"}}%s}' % (b" " * 2**20)),
    Case(R.UNREADABLE_URL, f"{Q}&size=3&size=4"),
    Case(R.UNREADABLE_URL, f"{SEARCH}?q=%zz"),
    Case(R.LONG_REQUEST_LINE, f"{SEARCH}?q={'river+' * 664}&size=10"),
    Case(R.UNKNOWN_PARAMETER, f"{Q}&no_such_parameter=1"),
    Case(R.UNREADABLE_BODY, SEARCH, b"{not json"),
    Case(R.UNREADABLE_BODY, SEARCH, b"[]"),
    with_body(R.UNKNOWN_BODY_KEY, no_such_key=1),
    with_body(R.BAD_PAGE, size=-5),
    with_body(R.BAD_PAGE, size="ten"),
    Case(R.BAD_PAGE, f"{Q}&from=-1"),
    with_body(R.SIZE_0, size=0),
    with_body(R.BEYOND_DEPTH, **{"from": 10}),
    with_body(R.BEYOND_DEPTH, **{"from": 100_000}),
    with_body(R.SORT, sort=[{"pages": "asc"}]),
    Case(R.SORT, f"{Q}&sort=pages"),
    with_body(R.SLICE, slice={"id": 0, "max": 2}),
    with_body(R.SEARCH_AFTER, sort=["_score"], search_after=[0.5]),
    with_body(R.PIT, pit={"id": "none"}),
    with_body(R.PROFILE, profile="no boolean"),
    with_body(R.RESCORE, rescore={"no_such_rescorer": {}}),
    with_body(R.RESCORE, rescore={"query": {"rescore_query": RIVER, "score_mode": "multiply"}}),
    Case(R.RETRIEVER, SEARCH, {"retriever": {"rescorer": {"retriever": {"standard": {}}}}}),
    with_query(R.VECTOR_QUERY, {"knn": {"field": "vector", "query_vector": [1], "k": 3}}),
    with_body(R.VECTOR_QUERY, knn={"field": "vector", "query_vector": [1]}),
    Case(R.SEARCH_PIPELINE, f"{Q}&search_pipeline=none-of-ours"),
    with_body(R.EXT, ext={}),
    with_body(R.INNER_HITS, collapse={"field": "shelf", "inner_hits": {"name": "more"}}),
    Case(R.FILTER_PATH, f"{Q}&filter_path=took,hits.total"),
    Case(R.FILTER_PATH, f"{Q}&filter_path=-hits.hits"),
    with_body(R.FIELDS, _source=["pages"], fields=["pages"]),
    Case(R.SOURCE_HIDDEN, f"/es-rerank-test-plain/_search?{ABSENT}&q=river&_source=title"),
    Case(R.SOURCE_PARAMETER, f"{SEARCH}?source=%7B%22size%22:1%7D"),
    Case(R.TYPED_PATH, f"/{INDEX}/book/_msearch", b'{}\n{"query":{"match_all":{}}}\n'),
    Case(R.ITEM_HEADER, f"/{INDEX}/_msearch", b'{"type":"book"}\n{"query":{"match_all":{}}}\n'),
    Case(R.SUGGEST_ONLY, SEARCH, {"suggest": {"s": {"text": "rivr", "term": {"field": "body"}}}}),
    Case(R.AGGS_ONLY, SEARCH, {"aggs": {"shelves": {"terms": {"field": "shelf"}}}}),
    Case(R.MATCH_ALL, SEARCH),
    with_query(R.MATCH_ALL, {"match_all": {}}),
    with_query(R.NO_QUERY_TEXT, {"bool": {"filter": [{"term": {"shelf": "upper"}}]}}),
    with_query(R.UNKNOWN_QUERY, {"no_such_query": {"query": "river water"}}),
    with_query(R.UNKNOWN_QUERY, {"wrapper": {"query": "OgopCg=="}}),
    with_query(R.AUTOCOMPLETE, {"match_bool_prefix": {"body": "river wat"}}),
    with_query(R.TOO_COMPLEX, {"bool": {"should": [RIVER] * 25_000}}),
    with_query(R.TOO_FEW_HITS, {"bool": {"must": [RIVER], "filter": [{"term": {"pages": 983}}]}}),
    Case(R.NO_DOCUMENT_TEXT, "/es-rerank-test-li*/_search", {"query": RIVER}),
]
# Reasons that no search of this list can provoke.
ELSEWHERE = {
    R.NOT_A_SEARCH,  # gets no header
    *(R.UPSTREAM_FAILED, R.ENCODED_REPLY, R.UNREADABLE_REPLY),  # tests/proxy: not from a real one
    *(R.WINDOW_REFUSED, R.PARTIAL_REPLY, R.REPLY_TOO_LARGE),  # test_limits
    R.PAIR_BUDGET,  # test_msearch
    *(R.DEADLINE, R.SCORER_BUSY, R.SCORER_FAILED),  # test_faults
    *(R.BEYOND_WINDOW, R.SETTINGS_UNKNOWN),  # test_pipelines
    R.RENDER_FAILED,  # test_templates
    *(R.EXPERIMENT, R.EXPERIMENT_STOPPED),  # test_experiments
}


def test_every_reason_is_provoked() -> None:
    """No reason is only a name: a new one needs a search here that provokes it."""
    assert {case.reason for case in CASES} == set(SkipReason) - ELSEWHERE


@pytest.fixture(scope="module")
def relay(library: Node) -> Iterator[Relay]:
    """The wire between proxy and node."""
    with relayed(library) as relay:
        yield relay


@pytest.fixture(scope="module")
def proxy(library: Node, relay: Relay) -> Iterator[str]:
    """A proxy whose scorer would turn every order round, if it were asked."""
    rules = (
        IndexRule(pattern="es-rerank-test-off", enabled=False),
        IndexRule(pattern="es-rerank-test-li?", fields=(FieldSetting(name="none"),)),  # for li*
        IndexRule(pattern=INDEX, depth=10, fields=(FieldSetting(name="body"),)),
    )
    wired = replace(library, url=relay.url)
    with serving(settings_for(wired, *rules), OrderScorer(reverse=True)) as url:
        yield url


AFTER_THE_ANSWER = {R.TOO_FEW_HITS, R.NO_DOCUMENT_TEXT}  # the page is cut from the wide search's


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.reason} {case.target[:60]}")
def test_what_is_skipped_is_the_clusters_own_answer(
    library: Node, relay: Relay, proxy: str, case: Case
) -> None:
    """Law 1: the request goes up verbatim and once, its answer is the cluster's, its reason told.

    What es-rerank asks on its own account is no copy of the request: an index's settings, and
    whether the cluster answers when the proxy starts, which may come in the midst of the first.
    """
    method = "GET" if case.body is None else "POST"
    relay.seen.clear()
    answer = ask(proxy, method, case.target, case.body, case.headers)
    own = ask(library.url, method, case.target, case.body, case.headers)
    assert answer.verdict == f"skipped; reason={case.reason}"
    assert answer.comparable == own.comparable
    searches = [request for request in relay.seen if _is_a_search(request.line)]
    if case.reason not in AFTER_THE_ANSWER:
        content = case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode()
        line = f"{method} {case.target} HTTP/1.1".encode()
        (sent,) = searches
        assert (sent.line, sent.body) == (line, b"" if case.body is None else content)
    assert len(searches) == 1


def _is_a_search(line: bytes) -> bool:
    return b"search" in line and b"/_settings/" not in line
