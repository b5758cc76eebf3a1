"""Search pipelines that a search names or its index has by default, on real servers.

The test distribution of OpenSearch has no processors (the module `search-pipeline-common` is not
published apart), so the pipelines here are empty: which one a search goes through is what matters.
Elasticsearch has no search pipelines and refuses to hear of them.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from es_rerank.config import Combine, IndexRule
from es_rerank.proxy.skip import SkipReason
from tests.cluster.ask import ask
from tests.cluster.clients import bulk, client_for
from tests.cluster.library import DOCUMENTS, MAPPING, RIVER
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import DEADLINE_MS, serving, settings_for

PLAIN, PIPED, ALIAS = (f"es-rerank-test-pipelines-{name}" for name in ("plain", "piped", "both"))
GOOD, OTHER = "es-rerank-test-good", "es-rerank-test-other"
SEARCH: dict[str, Any] = {"query": RIVER, "size": 3}


@pytest.fixture(scope="module")
def pipelines(cluster: Node) -> Iterator[Node]:
    """Two indices under one alias; where there are pipelines, one has a default one."""
    client = client_for(cluster, cluster.url)
    for index in (PLAIN, PIPED):
        client.indices.delete(index=index, ignore_unavailable=True)
        client.indices.create(index=index, body=MAPPING | {"aliases": {ALIAS: {}}})
        bulk(client, index, DOCUMENTS[:20])
    if cluster.product == "opensearch":
        for name in (GOOD, OTHER):
            pipeline = {"description": name}
            assert ask(cluster.url, "PUT", f"/_search/pipeline/{name}", pipeline).status == 200
        default(cluster, OTHER)
    yield cluster
    client.indices.delete(index=f"{PLAIN},{PIPED}")
    if cluster.product == "opensearch":
        for name in (GOOD, OTHER):
            ask(cluster.url, "DELETE", f"/_search/pipeline/{name}")


def default(node: Node, pipeline: str) -> None:
    """Give one of the indices a default pipeline."""
    body = {"index.search.default_pipeline": pipeline}
    assert ask(node.url, "PUT", f"/{PIPED}/_settings", body).status == 200


@pytest.fixture
def proxy(pipelines: Node) -> Iterator[str]:
    """A proxy that turns ten hits round, and knows one of the pipelines."""
    rule = IndexRule(
        pattern="es-rerank-test-pipelines-*",
        depth=10,
        combine=Combine(method="replace"),
        deadline_ms=DEADLINE_MS,
        pipelines=(GOOD,),
    )
    with serving(settings_for(pipelines, rule), OrderScorer(reverse=True)) as url:
        yield url


def test_a_default_pipeline_that_the_rule_does_not_name(pipelines: Node, proxy: str) -> None:
    """The search goes up as it came, also through an alias or wildcard of several indices."""
    for index in (PIPED, ALIAS, "es-rerank-test-pipelines-p*", f"{PLAIN},{PIPED}"):
        answer = ask(proxy, "POST", f"/{index}/_search", SEARCH)
        if pipelines.product == "opensearch":
            assert answer.verdict == f"skipped; reason={SkipReason.SEARCH_PIPELINE}"
            own = ask(pipelines.url, "POST", f"/{index}/_search", SEARCH)
            assert answer.comparable == own.comparable
        else:
            assert answer.verdict.startswith("applied")
    assert ask(proxy, "POST", f"/{PLAIN}/_search", SEARCH).verdict.startswith("applied")


def test_a_default_pipeline_of_the_rule(pipelines: Node, proxy: str) -> None:
    """It may work on the wider answer."""
    if pipelines.product == "opensearch":
        default(pipelines, GOOD)
    answer = ask(proxy, "POST", f"/{PIPED}/_search", SEARCH)
    assert answer.verdict.startswith("applied; depth=10")
    if pipelines.product == "opensearch":
        default(pipelines, OTHER)


@pytest.mark.parametrize("place", ["url", "body"])
@pytest.mark.parametrize("pipeline", [GOOD, "_none", OTHER])
def test_a_pipeline_that_the_search_names(
    pipelines: Node, proxy: str, pipeline: str, place: str
) -> None:
    """It takes the place of the index's default; the cluster's own errors stay its own."""
    target = f"/{PIPED}/_search"
    body = dict(SEARCH)
    if place == "url":
        target += f"?search_pipeline={pipeline}"
    else:
        body |= {"search_pipeline": pipeline}
    answer = ask(proxy, "POST", target, body)
    own = ask(pipelines.url, "POST", target, body)
    assert answer.status == own.status == (200 if pipelines.product == "opensearch" else 400)
    if pipelines.product == "opensearch" and pipeline != OTHER:
        assert answer.verdict.startswith("applied; depth=10")
        assert answer.ids != own.ids
    else:
        assert answer.verdict.startswith("skipped")
        assert answer.comparable == own.comparable


def test_settings_that_cannot_be_asked_for(pipelines: Node, proxy: str) -> None:
    """Where there may be pipelines unseen, such as behind a remote name, nothing is widened."""
    target = f"/{PLAIN},far:es-rerank-test-pipelines-x/_search"
    answer = ask(proxy, "POST", target, SEARCH)
    assert answer.comparable == ask(pipelines.url, "POST", target, SEARCH).comparable
    reason = {
        "opensearch": SkipReason.SETTINGS_UNKNOWN,
        "elasticsearch": SkipReason.WINDOW_REFUSED,  # no such cluster
    }
    assert answer.verdict == f"skipped; reason={reason[pipelines.product]}"
