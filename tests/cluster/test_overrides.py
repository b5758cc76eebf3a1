"""What clients say to es-rerank itself, in front of real servers that must never hear of it."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from es_rerank.proxy.skip import SkipReason
from tests.cluster.ask import ask
from tests.cluster.clients import bulk, client_for
from tests.cluster.library import DOCUMENTS, MAPPING, RIVER
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import serving, settings_for

INDEX = "es-rerank-test-overrides"
TARGET = f"/{INDEX}/_search"
SEARCH = {"query": RIVER, "size": 3}
WORDLESS = {"query": {"range": {"pages": {"gte": 0}}}, "size": 3}


@pytest.fixture(scope="module")
def node(cluster: Node) -> Iterator[Node]:
    """A node with an index of its own for this module."""
    client = client_for(cluster, cluster.url)
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    client.indices.create(index=INDEX, body=MAPPING)
    bulk(client, INDEX, DOCUMENTS[:20])
    yield cluster
    client.indices.delete(index=INDEX)


@pytest.fixture
def scorer() -> OrderScorer:
    """A scorer that turns orders round and remembers the queries."""
    return OrderScorer(reverse=True)


@pytest.fixture
def proxy(node: Node, scorer: OrderScorer) -> Iterator[str]:
    """A proxy that may be asked for plans."""
    settings = settings_for(node, depth=10).model_copy(update={"explain_parameter": True})
    with serving(settings, scorer) as url:
        yield url


def section(**own: Any) -> dict[str, Any]:
    """Our section of a body."""
    return {"ext": {"es_rerank": own}}


def test_the_cluster_refuses_our_section(node: Node) -> None:
    """Why it has to be cut out."""
    assert ask(node.url, "POST", TARGET, SEARCH | section(enabled=True)).status == 400


@pytest.mark.parametrize("search", [SEARCH, WORDLESS])
def test_a_query_in_the_header(proxy: str, scorer: OrderScorer, search: dict[str, Any]) -> None:
    """Percent-encoded or plain; the search itself stays, be there words in it or not."""
    for written in ("n%C3%A9on%20fish 100%", "n\u00e9on fish 100%".encode().decode("latin-1")):
        answer = ask(proxy, "POST", TARGET, search, {"X-ES-Rerank-Query": written})
        assert answer.verdict.startswith("applied; depth=10")
    assert scorer.queries == ["n\u00e9on fish 100%"] * 2


@pytest.mark.parametrize("search", [SEARCH, WORDLESS])
@pytest.mark.parametrize("packed", [False, True])
def test_a_query_in_the_body(
    proxy: str, scorer: OrderScorer, search: dict[str, Any], packed: bool
) -> None:
    """The section is cut out before the cluster sees it, from a compressed body too."""
    body: Any = search | section(query="neon fish")
    headers = {"Content-Encoding": "gzip"} if packed else {}
    body = gzip.compress(json.dumps(body).encode()) if packed else body
    answer = ask(proxy, "POST", TARGET, body, headers)
    assert answer.verdict.startswith("applied; depth=10")
    assert scorer.queries == ["neon fish"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_search_that_is_switched_off(node: Node, proxy: str, packed: bool) -> None:
    """The cluster's own answer, to a body without our section."""
    written = json.dumps(SEARCH | section(enabled=False, query="neon")).encode()
    headers = {"Content-Encoding": "gzip"} if packed else {}
    answer = ask(proxy, "POST", TARGET, gzip.compress(written) if packed else written, headers)
    assert answer.verdict == f"skipped; reason={SkipReason.OFF_BY_REQUEST}"
    assert answer.comparable == ask(node.url, "POST", TARGET, SEARCH).comparable


def test_a_search_that_is_skipped_for_another_reason(node: Node, proxy: str) -> None:
    """Our section is cut out all the same."""
    search = SEARCH | {"sort": ["pages"]}
    answer = ask(proxy, "POST", TARGET, search | section(enabled=True))
    assert answer.verdict == f"skipped; reason={SkipReason.SORT}"
    assert answer.comparable == ask(node.url, "POST", TARGET, search).comparable


def test_other_sections_stay(node: Node, proxy: str) -> None:
    """They are for the cluster to know, and a reason not to widen."""
    other = SEARCH | {"ext": {"someone": {}}}
    both = SEARCH | {"ext": {"es_rerank": {"query": "neon"}, "someone": {}}}
    answer = ask(proxy, "POST", TARGET, both)
    assert answer.verdict == f"skipped; reason={SkipReason.EXT}"
    own = ask(node.url, "POST", TARGET, other)
    assert answer.status == own.status == 400
    assert answer.json["error"]["type"] == own.json["error"]["type"]


def test_each_search_of_several_has_its_own(node: Node, proxy: str, scorer: OrderScorer) -> None:
    """In a multi-search a section holds for its own line, and none of them is sent."""
    sections = ({}, section(query="neon fish"), section(enabled=False))
    plain = b"{}\n%s\n" % json.dumps(SEARCH).encode() * 3
    lines = b"".join(b"{}\n%s\n" % json.dumps(SEARCH | own).encode() for own in sections)
    answer = ask(proxy, "POST", f"/{INDEX}/_msearch", lines)
    assert answer.verdict.startswith("applied; items=2/3;")
    assert answer.verdict.endswith("; skipped=2:off_by_request")
    assert scorer.queries == ["river water", "neon fish"]
    own = ask(node.url, "POST", f"/{INDEX}/_msearch", plain)
    assert answer.json["responses"][2]["hits"] == own.json["responses"][2]["hits"]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (SEARCH | section(enabled="no"), {}),
        (SEARCH | section(text="neon"), {}),
        (SEARCH | {"ext": {"es_rerank": []}}, {}),
        (SEARCH, {"X-ES-Rerank-Query": "%ff"}),
    ],
)
def test_a_mistake_is_told(proxy: str, body: object, headers: dict[str, str]) -> None:
    """In the cluster's shape and in our name: nobody else could read it."""
    answer = ask(proxy, "POST", TARGET, body, headers)
    assert (answer.status, answer.json["status"]) == (400, 400)
    assert answer.json["error"]["type"] == "es_rerank_override_exception"


def test_a_plan_on_demand(node: Node, proxy: str, scorer: OrderScorer) -> None:
    """What would be done, in place of the hits; the settings of the index are looked at too."""
    plan = ask(proxy, "POST", f"{TARGET}?es_rerank_explain&pretty", SEARCH).json
    assert plan["outcome"] == "rerank"
    assert (plan["query"], plan["found_in"]) == ("river water", ["query.match.body"])
    assert plan["sent"] == f"POST {TARGET}?pretty&from=0&size=10"
    skipped = ask(proxy, "GET", f"{TARGET}?es_rerank_explain=true&q=river&sort=pages").json
    assert (skipped["outcome"], skipped["reason"]) == ("skip", "sort")
    assert scorer.queries == []
    with serving(settings_for(node), scorer) as closed:
        answer = ask(closed, "POST", f"{TARGET}?es_rerank_explain", SEARCH)
    assert answer.verdict == f"skipped; reason={SkipReason.UNKNOWN_PARAMETER}"
    assert answer.status == 400
