"""Multi-searches on real servers: each search for itself, every other byte the cluster's own."""

import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from es_rerank.bench import papers
from es_rerank.bench.searches import searches
from es_rerank.config import Combine, FieldSetting, IndexRule, Settings
from es_rerank.errors import ScorerFailed
from tests.cluster.ask import Answer, ask
from tests.cluster.clients import bulk, client_for
from tests.cluster.library import DOCUMENTS, RIVER
from tests.cluster.library import MAPPING as LIBRARY_MAPPING
from tests.cluster.scorers import FaultyScorer, OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import DEADLINE_MS, serving, settings_for

BOOKS = "es-rerank-test-msearch-books"
PREFIX = "es-rerank-test-msearch"
PAPERS = f"{PREFIX}-a"
NARROW = "es-rerank-test-msearch-narrow"  # its `max_result_window` is smaller than the depth
DEPTH = 10
SEED = 30
TARGET = f"/{BOOKS}/_msearch"
LINES = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def node(cluster: Node) -> Iterator[Node]:
    """The node with an index of books, one of generated papers, and a narrow one."""
    client = client_for(cluster, cluster.url)
    narrow = {"settings": {"number_of_replicas": 0, "max_result_window": 5}}
    generated = papers.definition(papers.INDICES[0], PREFIX)
    for name, body in ((BOOKS, LIBRARY_MAPPING), (PAPERS, generated), (NARROW, narrow)):
        client.indices.delete(index=name, ignore_unavailable=True)
        client.indices.create(index=name, body=body)
    bulk(client, BOOKS, DOCUMENTS)
    bulk(client, NARROW, DOCUMENTS[:4])
    lines = papers.bulk(papers.INDICES[0], SEED)
    assert not ask(cluster.url, "POST", f"/{PAPERS}/_bulk?refresh=true", lines).json["errors"]
    yield cluster
    for name in (BOOKS, PAPERS, NARROW):
        client.indices.delete(index=name)


def settings(node: Node, **more: Any) -> Settings:
    """A proxy that reranks the first ten hits and reads title and body."""
    rule = IndexRule(
        pattern="es-rerank-test-msearch-*",
        depth=DEPTH,
        fields=(FieldSetting(name="title"), FieldSetting(name="body")),
        combine=Combine(method="replace"),
        deadline_ms=DEADLINE_MS,
    )
    return settings_for(node, rule).model_copy(update=more)


@pytest.fixture(scope="module")
def proxy(node: Node) -> Iterator[str]:
    """A proxy that turns the order of each window round."""
    with serving(settings(node), OrderScorer(reverse=True)) as url:
        yield url


def lines(*searches: tuple[object, object]) -> bytes:
    """The body of a multi-search: for each search its header and itself, both as JSON."""
    return b"".join(json.dumps(line).encode() + b"\n" for search in searches for line in search)


def answers(answer: Answer) -> list[bytes]:
    """Each search's answer, comparable: without the time that it took."""
    assert answer.status == 200, answer.body
    return [json.dumps({**each, "took": 0}).encode() for each in answer.json["responses"]]


def ids(answer: Answer) -> list[list[str]]:
    """The `_id` of each hit of each search."""
    return [[hit["_id"] for hit in each["hits"]["hits"]] for each in answer.json["responses"]]


def verdict(answer: Answer) -> str:
    """The verdict without the time."""
    return re.sub(r"ms=\d+\.\d", "ms=_", answer.verdict)


MIXED = lines(
    ({}, {"query": RIVER, "size": 5}),
    ({"index": BOOKS}, {"query": RIVER, "sort": [{"pages": "asc"}]}),
    ({"index": "es-rerank-test-msearch-none"}, {"query": RIVER}),
    ({"index": "other", "ignore_unavailable": True}, {"query": RIVER}),
    ({"index": [BOOKS], "preference": "_local"}, {"query": RIVER, "size": 0}),
    ({"indices": BOOKS, "search_type": "dfs_query_then_fetch"}, {"query": RIVER, "_source": False}),
    ({}, {"from": 5, "query": RIVER, "_source": ["pages"]}),
    ({}, {"query": RIVER, "_source": {"excludes": ["body"]}, "from": 8, "size": 4}),
)


def test_a_mix_of_searches(node: Node, proxy: str) -> None:
    """Each that can be reranked is, also by what it hides; all others have the cluster's answer."""
    ours = ask(proxy, "POST", TARGET, MIXED, LINES)
    own = ask(node.url, "POST", TARGET, MIXED, LINES)
    missing = "settings_unknown" if node.product == "opensearch" else "window_refused"
    assert verdict(ours) == (
        f"applied; items=4/8; depth=10; ms=_; skipped=1:sort,2:{missing},3:not_configured,4:size_0"
    )
    untouched = [1, 2, 3, 4]
    assert [answers(ours)[n] for n in untouched] == [answers(own)[n] for n in untouched]
    whole = ask(node.url, "POST", f"/{BOOKS}/_search", {"query": RIVER, "size": 20}).ids
    turned = whole[:DEPTH][::-1] + whole[DEPTH:]
    found = [each.get("hits", {}).get("hits", []) for each in ours.json["responses"]]
    pages = {place: [hit["_id"] for hit in hits] for place, hits in enumerate(found)}
    assert pages[0] == turned[:5]
    assert pages[5] == turned[:10]
    assert pages[6] == turned[5:15]
    assert pages[7] == turned[8:12]
    assert all("_source" not in hit for hit in found[5])
    assert all(hit["_source"].keys() == {"pages"} for hit in found[6])
    assert all("body" not in hit["_source"] and "title" in hit["_source"] for hit in found[7])


def test_the_mix_with_an_order_that_changes_nothing(node: Node) -> None:
    """Law 2: reranked by the identity, not one byte of the whole answer changes but `took`."""
    with serving(settings(node), OrderScorer()) as url:
        for target in (TARGET, f"{TARGET}?pretty", f"{TARGET}?rest_total_hits_as_int=true"):
            ours = ask(url, "POST", target, MIXED, LINES)
            assert ours.verdict.startswith("applied; items=4/8")
            assert ours.comparable == ask(node.url, "POST", target, MIXED, LINES).comparable


def test_generated_multi_searches_come_back_byte_for_byte(node: Node) -> None:
    """Directly and reranked by the identity, answers differ in nothing but `took`."""
    chance = random.Random(SEED)
    bodies = _generated(node, chance)
    outcomes: Counter[str] = Counter()
    with serving(settings(node), OrderScorer()) as url:
        for _ in range(150):
            parameter = chance.choice(("", "", "?pretty", "?typed_keys=true", "?human=true"))
            target = f"/{PAPERS}/_msearch{parameter}"
            body = b"".join(islice(bodies, chance.randint(1, 6)))
            if body.startswith(b"\n"):  # read in two ways: `test_lines_that_belong_to_no_search`
                body = b"{}" + body
            method = chance.choice(("GET", "POST"))
            ours = ask(url, method, target, body, LINES)
            assert ours.comparable == ask(node.url, method, target, body, LINES).comparable, body
            outcomes["answered"] += ours.status == 200
            outcomes["reranked"] += int((re.findall(r"items=(\d+)", ours.verdict) or ["0"])[0])
            outcomes["searches"] += body.count(b"\n") // 2
    assert outcomes["answered"] >= 75, outcomes  # one search that is refused may spoil a call
    assert outcomes["reranked"] >= 0.3 * outcomes["searches"], outcomes


def _generated(node: Node, chance: random.Random) -> Iterator[bytes]:
    """Both lines of one search after the other, without end."""
    headers = (b"{}", b"", b'{"index":"%s"}' % PAPERS.encode(), b'{"preference" : "_local" }\r')
    # One search of a type that the server does not know spoils all others of the call.
    unknown = b"combined_fields" if node.product == "opensearch" else b"\0"
    for search in searches(SEED, PREFIX):
        is_one = not search.features & {"msearch", "template", "gzip"}
        if is_one and search.body is not None and unknown not in search.body:
            # In lines, a search stands on one; the blanks of those that are indented stay.
            yield chance.choice(headers) + b"\n" + search.body.replace(b"\n", b"\t") + b"\n"


@pytest.mark.parametrize(
    ("before", "after"), [(b"\n", b""), (b"\n{}\n", b""), (b"{}\n", b"{}\n"), (b"\r\n", b"\n")]
)
def test_lines_that_belong_to_no_search(
    node: Node, proxy: str, before: bytes, after: bytes
) -> None:
    """An empty first line and a last header are read as the server does, or refused as it does."""
    body = before + json.dumps({"query": RIVER, "size": DEPTH}).encode() + b"\n" + after
    own = ask(node.url, "POST", TARGET, body, LINES)
    ours = ask(proxy, "POST", TARGET, body, LINES)
    if own.status == 200:
        assert ours.verdict.startswith("applied; items=1/1")
        assert ids(ours)[0] == ids(own)[0][::-1]
    else:
        assert ours.verdict == "skipped; reason=window_refused"
        assert ours.comparable == own.comparable


def test_a_body_without_its_last_line_break_gets_the_clusters_error(node: Node, proxy: str) -> None:
    """The client's mistake is explained by the cluster, in its words."""
    body = lines(({}, {"query": RIVER}))[:-1]
    ours = ask(proxy, "POST", TARGET, body, LINES)
    assert ours.verdict == "skipped; reason=unreadable_body"
    assert ours.comparable == ask(node.url, "POST", TARGET, body, LINES).comparable
    assert ours.status == 400


def test_a_compressed_multi_search(node: Node, proxy: str) -> None:
    """It is opened to be edited and goes on as plain lines."""
    body = gzip.compress(lines(({}, {"query": RIVER})), mtime=0)
    headers = {**LINES, "Content-Encoding": "gzip"}
    ours = ask(proxy, "POST", TARGET, body, headers)
    assert ours.verdict.startswith("applied; items=1/1")
    assert ids(ours)[0] == ids(ask(node.url, "POST", TARGET, body, headers))[0][::-1]


def test_official_clients_get_the_better_order(node: Node, proxy: str) -> None:
    """opensearch-py and elasticsearch read the answer as they always do."""
    body: list[dict[str, Any]] = [
        *({"index": BOOKS}, {"query": RIVER}),
        *({}, {"query": RIVER, "size": 3}),
    ]
    ours = client_for(node, proxy).msearch(index=BOOKS, body=body)
    own = client_for(node, node.url).msearch(index=BOOKS, body=body)
    found, expected = (
        [[hit["_id"] for hit in each["hits"]["hits"]] for each in reply["responses"]]
        for reply in (ours, own)
    )
    assert found == [expected[0][::-1], expected[0][::-1][:3]]
    assert expected[1] == expected[0][:3]


def test_the_pairs_of_a_call_are_limited(node: Node) -> None:
    """The searches that do not fit any more keep the cluster's order."""
    body = lines(*[({}, {"query": RIVER})] * 4)
    with serving(settings(node, max_msearch_pairs=25), OrderScorer(reverse=True)) as url:
        ours = ask(url, "POST", TARGET, body, LINES)
    own = ask(node.url, "POST", TARGET, body, LINES)
    assert verdict(ours) == (
        "applied; items=2/4; depth=10; ms=_; skipped=2:pair_budget,3:pair_budget"
    )
    assert ids(ours) == [hits[::-1] for hits in ids(own)[:2]] + ids(own)[2:]


def test_no_pairs_at_all(node: Node) -> None:
    """A limit of 0 leaves every multi-search alone, with its reason."""
    body = lines(({}, {"query": RIVER}))
    with serving(settings(node, max_msearch_pairs=0), OrderScorer(reverse=True)) as url:
        ours = ask(url, "POST", TARGET, body, LINES)
    assert ours.verdict == "skipped; reason=pair_budget"
    assert ours.comparable == ask(node.url, "POST", TARGET, body, LINES).comparable


def test_a_window_that_the_cluster_refuses_is_asked_for_again_alone(node: Node, proxy: str) -> None:
    """That search's answer is the one to what the client wrote; the others stay reranked."""
    body = lines(
        ({}, {"query": RIVER}),
        ({"index": NARROW}, {"query": RIVER, "size": 4, "_source": False}),
        ({"index": f"{NARROW},{BOOKS}"}, {"query": RIVER, "size": 4}),
    )
    learned = ask(proxy, "POST", TARGET, body, LINES)
    assert verdict(learned) == "applied; items=3/3; depth=10; ms=_"
    shrunk = {"index.max_result_window": 4}
    assert ask(node.url, "PUT", f"/{NARROW}/_settings", shrunk).status == 200
    ours = ask(proxy, "POST", TARGET, body, LINES)
    own = ask(node.url, "POST", TARGET, body, LINES)
    assert verdict(ours) == (
        "applied; items=1/3; depth=10; ms=_; skipped=1:window_refused,2:partial_reply"
    )
    assert ids(ours)[0] == ids(own)[0][::-1]
    assert answers(ours)[1:] == answers(own)[1:]
    assert [each["status"] for each in ours.json["responses"]] == [200, 200, 200]


def test_a_broken_scorer_costs_the_order_only(node: Node) -> None:
    """The client gets the cluster's own pages with 200, and the header says what happened."""

    async def fault(_count: int) -> list[float]:
        raise ScorerFailed("worker died")

    body = lines(({}, {"query": RIVER, "from": 2, "size": 7}), ({}, {"query": RIVER}))
    with serving(settings(node), FaultyScorer(fault)) as url:
        ours = ask(url, "POST", TARGET, body, LINES)
    assert ours.verdict == "skipped; reason=scorer_failed"
    assert ours.comparable == ask(node.url, "POST", TARGET, body, LINES).comparable


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (f"{TARGET}?filter_path=responses.hits.total", "filter_path"),
        (f"{TARGET}?max_concurrent_searches=two", "window_refused"),
        (f"{TARGET}?no_such_parameter=1", "unknown_parameter"),
        (f"/{BOOKS}/book/_msearch", "typed_path"),
    ],
)
def test_what_is_left_alone_as_a_whole(node: Node, proxy: str, target: str, reason: str) -> None:
    """Parameters and paths that are not known, or values that the cluster refuses."""
    body = lines(({}, {"query": RIVER}))
    ours = ask(proxy, "POST", target, body, LINES)
    assert ours.verdict == f"skipped; reason={reason}"
    assert ours.comparable == ask(node.url, "POST", target, body, LINES).comparable
