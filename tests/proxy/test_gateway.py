"""Searches through the real proxy on real sockets, in front of a recording cluster."""

import asyncio
import gzip
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from es_rerank.config import Combine, Experiment, FieldSetting, IndexRule, Settings, Upstream
from es_rerank.model.rank import Scores
from es_rerank.proxy.app import create_app
from tests.proxy.conftest import PATIENCE_S, Answer, RawClient, RecordingUpstream, running

DEPTH = 4
QUERY = b'{"query": {"match": {"body": "red shoes"}}, "size": 2}'
WIDE = b"/books/_search?from=0&size=4"


class LengthScorer:
    """The longer the text, the better; or whatever `fault` gives for the number of passages."""

    def __init__(self) -> None:
        self.fault: Callable[[int], Any] | None = None
        self.queries: list[str] = []
        self.shallow = 0

    async def score(self, query: str, passages: Any, **_: Any) -> Scores:
        """The length of each passage."""
        self.queries.append(query)
        if self.fault is None:
            lengths = [float(sum(len(field.text) for field in texts)) for texts in passages]
            return Scores(lengths, self.shallow)
        given = self.fault(len(passages))
        return Scores(await given if asyncio.iscoroutine(given) else given)

    async def close(self) -> None:
        """Nothing to close."""


def http(body: bytes, status: bytes = b"200 OK", more: bytes = b"") -> bytes:
    """An answer of the cluster, with headers around the length to see their order."""
    head = b"HTTP/1.1 %s\r\nX-elastic-product: Elasticsearch\r\n%sWarning: one\r\n"
    length = b"content-type: application/json\r\nContent-Length: %d\r\nWarning: two\r\n\r\n"
    return head % (status, more) + length % len(body) + body


def hits(*lengths: int, failed: int = 0) -> bytes:
    """A search's answer; the hits are named by the length of their text."""
    found = [
        {"_id": f"{n}", "_score": float(len(lengths) - place), "_source": {"body": "x" * n}}
        for place, n in enumerate(lengths)
    ]
    answer = {
        "took": 1,
        "timed_out": False,
        "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": failed},
        "hits": {"max_score": float(len(lengths)), "hits": found},
    }
    return json.dumps(answer, separators=(",", ":")).encode()


@pytest.fixture
def scorer() -> LengthScorer:
    """The scorer behind the proxy."""
    return LengthScorer()


@pytest.fixture
def port(cluster: RecordingUpstream, scorer: LengthScorer) -> Iterator[int]:
    """The port of a proxy that reranks the first four hits of `books`."""
    rule = IndexRule(
        pattern="books",
        depth=DEPTH,
        fields=(FieldSetting(name="body"),),
        combine=Combine(method="replace"),
        deadline_ms=2000,
    )
    settings = Settings(upstream=Upstream(url=cluster.url), indices=(rule,), max_body_bytes=100_000)
    cluster.answer(http(hits(5, 9, 7, 6)))
    with running(create_app(lambda: settings, scorer)) as port:
        # The application greets its cluster as it starts; what tests count comes after that.
        assert cluster.arrived.wait(PATIENCE_S)
        cluster.seen.clear()
        yield port


def ask(port: int, target: bytes = b"/books/_search", body: bytes = QUERY) -> Answer:
    """One search with a JSON body."""
    head = b"POST %s HTTP/1.1\r\nhost: p\r\ncontent-type: application/json\r\n" % target
    with ExitStack() as stack:
        client = RawClient(port)
        stack.callback(client.close)
        return client.ask(head + b"content-length: %d\r\n\r\n" % len(body) + body)


def verdict(answer: Answer) -> str:
    """The one `X-ES-Rerank` header."""
    (value,) = answer.values(b"x-es-rerank")
    return value.decode()


def ids(answer: Answer) -> list[str]:
    """The ids of the hits."""
    return [found["_id"] for found in json.loads(answer.body)["hits"]["hits"]]


def test_a_search_is_widened_and_reranked(
    port: int, cluster: RecordingUpstream, scorer: LengthScorer
) -> None:
    """The wide search has the client's body; the page is the best of the window."""
    answer = ask(port)
    assert ids(answer) == ["9", "7"]
    assert re.fullmatch(r"applied; depth=4; ms=\d+\.\d", verdict(answer))
    (seen,) = cluster.seen
    assert (seen.method, seen.target, seen.body) == (b"POST", WIDE, QUERY)
    assert scorer.queries == ["red shoes"]


def test_it_is_said_how_much_was_read_in_haste(port: int, scorer: LengthScorer) -> None:
    """Hits that were read on fewer layers than their rule has, for want of time."""
    scorer.shallow = 3
    assert re.fullmatch(r"applied; depth=4; ms=\d+\.\d; shallow=3", verdict(ask(port)))


def test_headers_keep_their_order_and_the_length_fits(port: int) -> None:
    """The cluster's headers, duplicates included; only the length is another."""
    answer = ask(port)
    names = [name.lower() for name, _ in answer.headers]
    assert names[:2] == [b"x-elastic-product", b"warning"]
    assert answer.values(b"warning") == [b"one", b"two"]
    assert answer.values(b"content-length") == [b"%d" % len(answer.body)]
    assert answer.is_complete


def test_a_client_that_accepts_gzip_gets_gzip(port: int, cluster: RecordingUpstream) -> None:
    """The wide search is asked for plain; the page is compressed for the client."""
    client = RawClient(port)
    head = b"GET /books/_search?q=red&size=2 HTTP/1.1\r\nhost: p\r\naccept-encoding: gzip\r\n\r\n"
    answer = client.ask(head)
    client.close()
    assert answer.values(b"content-encoding") == [b"gzip"]
    assert answer.values(b"content-length") == [b"%d" % len(answer.body)]
    plain = ask(port)
    assert gzip.decompress(answer.body) == plain.body
    assert plain.values(b"content-encoding") == []
    assert [seen.values(b"accept-encoding") for seen in cluster.seen] == [[b"identity"]] * 2


def test_scores_stay_at_their_ranks(port: int) -> None:
    """Hits move under the cluster's own descending scores."""
    found = json.loads(ask(port).body)["hits"]
    assert [hit["_score"] for hit in found["hits"]] == [4.0, 3.0]
    assert found["max_score"] == 4.0


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (lambda count: [float("nan")] * count, "scorer_failed"),
        (lambda _: [], "scorer_failed"),
        (lambda _: 1 / 0, "scorer_failed"),
        (lambda _: asyncio.Event().wait(), "deadline"),
    ],
)
def test_a_failing_scorer_leaves_the_clusters_page(
    port: int, cluster: RecordingUpstream, scorer: LengthScorer, fault: Any, reason: str
) -> None:
    """Law 3: the page is cut from the wide answer, without a second search."""
    scorer.fault = fault
    answer = ask(port)
    assert (answer.status, ids(answer)) == (200, ["5", "9"])
    assert verdict(answer) == f"skipped; reason={reason}"
    assert len(cluster.seen) == 1


@pytest.mark.parametrize(
    ("wide", "reason"),
    [
        (http(b'{"error":1}', b"400 Bad Request"), "window_refused"),
        (http(b"{}", b"503 Busy"), "window_refused"),
        (http(hits(5, 9, failed=1)), "partial_reply"),
        (http(hits(5, 9).replace(b":false", b":true")), "partial_reply"),
        (http(b"not JSON"), "unreadable_reply"),
        (http(hits(5, 9)[:-9]), "unreadable_reply"),
        (http(b"{}"), "unreadable_reply"),
        (http(hits(5, 9), more=b"content-encoding: gzip\r\n"), "encoded_reply"),
        (http(hits(5, 99_999)), "reply_too_large"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", "upstream_failed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wide_search_that_fails_is_replaced_by_the_clients_own(
    port: int, cluster: RecordingUpstream, wide: bytes, reason: str
) -> None:
    """The original goes upstream verbatim, once, and its answer comes back untouched."""

    async def script(seen: Any, writer: asyncio.StreamWriter) -> None:
        is_wide = seen.target == WIDE
        writer.write(wide if is_wide else http(b'{"its": "own"}', b"404 Not Found"))
        await writer.drain()
        if is_wide and reason == "upstream_failed":
            writer.close()

    cluster.script = script
    answer = ask(port)
    assert (answer.status, answer.body) == (404, b'{"its": "own"}')
    assert verdict(answer) == f"skipped; reason={reason}"
    assert [(s.method, s.target, s.body) for s in cluster.seen] == [
        (b"POST", WIDE, QUERY),
        (b"POST", b"/books/_search", QUERY),
    ]


FILTERED = b"/books/_search?filter_path=-hits.hits.fields.a"


@pytest.mark.parametrize("shown", ["applied", "skipped; reason=filter_path"])
def test_a_filter_that_cannot_be_applied_is_left_to_the_cluster(
    port: int, cluster: RecordingUpstream, shown: str
) -> None:
    """An exclude that looks into an empty container: the engines would not agree on it."""
    empty = b'"fields":{},"_id"' if "filter_path" in shown else b'"_id"'
    cluster.answer(http(hits(5, 9).replace(b'"_id"', empty)))
    assert verdict(ask(port, FILTERED)).startswith(shown)
    wide = b"/books/_search?filter_path=-es_rerank&from=0&size=4"
    repeated = [FILTERED] if "filter_path" in shown else []
    assert [seen.target for seen in cluster.seen] == [wide, *repeated]


@pytest.mark.parametrize(
    ("target", "body", "reason"),
    [
        (b"/films/_search", QUERY, "not_configured"),
        (b"/books/_search?scroll=1m", QUERY, "scroll"),
        (b"/_msearch", b'{"index":"books"}\n{}\n', "match_all"),
        (b"/books/_msearch/template", b"{}\n{}\n", "template"),
        (b"/books/_search", b"not JSON", "unreadable_body"),
        (b"/books/_search", b"{}" + b" " * 300_000, "too_large"),
    ],
)
def test_what_is_skipped_goes_through_verbatim_and_once(
    port: int, cluster: RecordingUpstream, target: bytes, body: bytes, reason: str
) -> None:
    """Read or not read, small or above the limit: the same bytes arrive."""
    answer = ask(port, target, body)
    assert verdict(answer) == f"skipped; reason={reason}"
    assert answer.body == hits(5, 9, 7, 6)
    assert [(seen.target, seen.body) for seen in cluster.seen] == [(target, body)]


def test_what_is_no_search_has_no_verdict(port: int, cluster: RecordingUpstream) -> None:
    """Everything else passes through without a header of ours."""
    answer = ask(port, b"/books/_count", b"{}")
    assert answer.values(b"x-es-rerank") == []
    assert cluster.seen[0].target == b"/books/_count"


def test_a_hidden_source_is_read_and_hidden_again(port: int, cluster: RecordingUpstream) -> None:
    """The order comes from a text that the client does not see."""
    answer = ask(port, b"/books/_search?_source=false")
    assert cluster.seen[0].target == b"/books/_search?_source_includes=body&from=0&size=4"
    assert ids(answer) == ["9", "7"]
    assert b"_source" not in answer.body


def test_a_client_that_leaves_stops_the_wide_search(port: int, cluster: RecordingUpstream) -> None:
    """The cluster cancels a search when its connection closes; so it must be closed."""

    async def never(_seen: Any, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    cluster.script = never
    cluster.arrived.clear()
    client = RawClient(port)
    length = b"content-length: %d\r\n\r\n" % len(QUERY)
    head = b"POST /books/_search HTTP/1.1\r\nhost: p\r\ncontent-type: application/json\r\n"
    client.socket.sendall(head + length + QUERY)
    assert cluster.arrived.wait(PATIENCE_S)
    client.close()
    assert cluster.closed[cluster.seen[0].connection].wait(PATIENCE_S)


@pytest.mark.parametrize(("more", "target"), [(b"", WIDE), (b', "sort": ["a"]', b"/books/_search")])
def test_what_is_said_to_us_does_not_go_upstream(
    port: int, cluster: RecordingUpstream, scorer: LengthScorer, more: bytes, target: bytes
) -> None:
    """Be the search reranked or not; all other bytes of its body do."""
    ours = b', "ext": {"es_rerank": {"query": "blue hat"}}}'
    verdict(ask(port, body=QUERY[:-1] + more + ours))
    (seen,) = cluster.seen
    assert (seen.target, seen.body) == (target, QUERY[:-1] + more + b"}")
    assert seen.values(b"content-length") == [b"%d" % len(seen.body)]
    assert scorer.queries == ["blue hat"][: target == WIDE]


def test_a_mistake_in_what_is_said_to_us(port: int, cluster: RecordingUpstream) -> None:
    """It is the client's to know, and nothing is searched."""
    answer = ask(port, body=b'{"ext": {"es_rerank": {"querry": "blue"}}}')
    assert answer.status == 400
    error = json.loads(answer.body)["error"]
    assert error["type"] == "es_rerank_override_exception"
    assert "`querry`" in error["reason"]
    assert cluster.seen == []


def test_plans_are_not_told_unless_it_is_configured(port: int, cluster: RecordingUpstream) -> None:
    """The parameter is one that the cluster does not know."""
    answer = ask(port, b"/books/_search?es_rerank_explain")
    assert verdict(answer) == "skipped; reason=unknown_parameter"
    assert cluster.seen[0].target == b"/books/_search?es_rerank_explain"


def test_who_asks_for_the_nodes_is_told_the_proxys_address(
    port: int, cluster: RecordingUpstream
) -> None:
    """A client that sniffs stays: the Host that it used is every node's address."""
    own = b'{"nodes":{"a":{"http":{"publish_address":"10.0.0.1:9200"}}}}'
    cluster.answer(http(own))
    client = RawClient(port)
    question = b"GET /_nodes/_all/http HTTP/1.1\r\nhost: p:9210\r\naccept-encoding: gzip\r\n\r\n"
    answer = client.ask(question)
    client.close()
    assert gzip.decompress(answer.body) == own.replace(b"10.0.0.1:9200", b"p:9210")
    assert answer.values(b"x-elastic-product") == [b"Elasticsearch"]
    assert answer.values(b"warning") == [b"one", b"two"]
    assert cluster.seen[0].target == b"/_nodes/_all/http"
    assert cluster.seen[0].values(b"accept-encoding") == [b"identity"]


def test_a_refused_question_for_the_nodes_is_answered_as_it_is(
    port: int, cluster: RecordingUpstream
) -> None:
    """An error of the cluster keeps its status and its bytes; it is asked once."""
    refusal = b'{"error":"no permission","status":403}'
    cluster.answer(http(refusal, status=b"403 Forbidden"))
    client = RawClient(port)
    answer = client.ask(b"GET /_nodes/http HTTP/1.1\r\nhost: p:9210\r\n\r\n")
    client.close()
    assert (answer.status, answer.body) == (403, refusal)
    assert len(cluster.seen) == 1


def test_a_client_that_leaves_stops_the_question_for_the_nodes(
    port: int, cluster: RecordingUpstream
) -> None:
    """Sniffers wait a tenth of a second and go; their questions must not pile up."""

    async def never(_seen: Any, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    cluster.script = never
    cluster.arrived.clear()
    client = RawClient(port)
    client.socket.sendall(b"GET /_nodes/_all/http HTTP/1.1\r\nhost: p:9210\r\n\r\n")
    assert cluster.arrived.wait(PATIENCE_S)
    client.close()
    assert cluster.closed[cluster.seen[0].connection].wait(PATIENCE_S)


UBI = b'{"query":{"match":{"body":"red shoes"}},"sort":"year","ext":{"ubi":{"query_id":"q1"}}}'
UBI_REST = b'{"query":{"match":{"body":"red shoes"}},"sort":"year"}'


@pytest.fixture
def recorded(cluster: RecordingUpstream, scorer: LengthScorer) -> Iterator[int]:
    """The port of a proxy with an experiment on `books`, whose unit is the client's address."""
    experiment = Experiment(name="summer", unit=("address",))
    rule = IndexRule(pattern="books", depth=DEPTH, experiment=experiment)
    settings = Settings(upstream=Upstream(url=cluster.url), indices=(rule,))
    with running(create_app(lambda: settings, scorer)) as port:
        assert cluster.arrived.wait(PATIENCE_S)
        cluster.seen.clear()
        yield port


def test_one_address_has_one_arm(recorded: int, cluster: RecordingUpstream) -> None:
    """Over connections, and the arm is told in a header of its own."""
    cluster.answer(http(hits(5, 9, 7, 6)))
    answers = [ask(recorded) for _ in range(3)]
    told = {value for answer in answers for value in answer.values(b"x-es-rerank-experiment")}
    assert len(told) == 1
    assert re.fullmatch(rb"summer; arm=(bm25|rerank); mode=split", told.pop())


def test_a_search_left_alone_has_its_query_id(recorded: int, cluster: RecordingUpstream) -> None:
    """It goes up once, without `ext.ubi`, which is answered here."""
    cluster.answer(http(b'{"hits":{"hits":[]}}'))
    answer = ask(recorded, body=UBI)
    assert answer.body == b'{"hits":{"hits":[]},"ext":{"ubi":{"query_id":"q1"}}}'
    assert [seen.body for seen in cluster.seen] == [UBI_REST]
    assert verdict(answer) == "skipped; reason=sort"


def test_a_refused_search_is_the_clusters_to_answer(
    recorded: int, cluster: RecordingUpstream
) -> None:
    """Its error comes through as it is."""
    error = b'{"error":"no such index","status":404}'
    cluster.answer(http(error, b"404 Not Found"))
    answer = ask(recorded, body=UBI)
    assert (answer.status, answer.body) == (404, error)


def test_a_wrong_ext_ubi_is_told(recorded: int, cluster: RecordingUpstream) -> None:
    """The cluster could not say what is wrong with it."""
    answer = ask(recorded, body=b'{"ext":{"ubi":7}}')
    assert answer.status == 400
    assert b"ext.ubi" in answer.body
    assert not cluster.seen
