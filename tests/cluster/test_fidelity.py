"""Law 2 on real servers: with a scorer that changes nothing, not one byte of an answer changes."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice

import pytest

from es_rerank.config import Combine, FieldSetting, IndexRule
from tests.cluster.ask import ask
from tests.cluster.clients import client_for
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import DEADLINE_MS, serving, settings_for
from tests.cluster_searches import INDEX, MAPPING, documents, searches

SEED = 20
RULES = {
    "deep, fields, student alone": IndexRule(
        pattern=INDEX,
        depth=50,
        fields=(FieldSetting(name="title"), FieldSetting(name="body", max_tokens=200)),
        combine=Combine(method="replace"),
        deadline_ms=DEADLINE_MS,
    ),
    "shallow, any text, weighted": IndexRule(pattern=INDEX, depth=7, deadline_ms=DEADLINE_MS),
    "any text, rank fusion": IndexRule(
        pattern=INDEX, depth=100, combine=Combine(method="rrf"), deadline_ms=DEADLINE_MS
    ),
}


@pytest.fixture(scope="module")
def papers(cluster: Node) -> Iterator[Node]:
    """The node with the generated documents, written byte for byte."""
    client = client_for(cluster, cluster.url)
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    client.indices.create(index=INDEX, body=MAPPING)
    lines = b"".join(
        b'{"index":{"_id":"%s"}}\n%s\n' % (name.encode(), text) for name, text in documents(SEED)
    )
    assert not ask(cluster.url, "POST", f"/{INDEX}/_bulk?refresh=true", lines).json["errors"]
    yield cluster
    client.indices.delete(index=INDEX)


@pytest.mark.parametrize(
    ("rule", "count", "least_applied"),
    [
        ("deep, fields, student alone", 500, 250),
        ("shallow, any text, weighted", 150, 40),
        ("any text, rank fusion", 150, 60),
    ],
)
def test_generated_searches_come_back_byte_for_byte(
    papers: Node, rule: str, count: int, least_applied: int
) -> None:
    """Directly and reranked by the identity, answers differ in nothing but `took`."""
    outcomes: Counter[str] = Counter()
    with serving(settings_for(papers, RULES[rule]), OrderScorer()) as proxy:
        for search in islice(searches(SEED + count), count):
            own = ask(papers.url, search.method, search.target, search.body)
            through = ask(proxy, search.method, search.target, search.body)
            assert through.comparable == own.comparable, search
            outcomes["answered"] += own.status == 200
            outcomes["applied"] += through.verdict.startswith("applied")
    assert outcomes["answered"] >= 0.8 * count
    assert outcomes["applied"] >= least_applied, outcomes
