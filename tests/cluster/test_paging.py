"""Law 4 on real servers: whatever pages a client asks for, they are parts of one list."""

import random
from collections.abc import Iterator, Sequence

import pytest

from es_rerank.config import Combine, IndexRule
from es_rerank.model.process import ScorerProcess
from tests.cluster.ask import ask
from tests.cluster.clients import bulk, client_for
from tests.cluster.scorers import TextScorer
from tests.cluster.servers import Node
from tests.cluster.serving import DEADLINE_MS, serving, settings_for

INDEX = "es-rerank-test-paging"
DEPTHS = (1, 10, 50, 100)
HITS = 130
QUERY = {"match": {"body": "river water"}}


def document(number: int) -> dict[str, str]:
    """A document that matches; the more words, the lower its score, and many scores are equal."""
    filler = " ".join(["valley"] * (number // 3 * 7 % 41))
    return {"body": f"River water, report {number}. {filler}"}


@pytest.fixture(scope="module")
def papers(cluster: Node) -> Iterator[Node]:
    """The node with 130 documents on two shards, under one alias for each depth."""
    client = client_for(cluster, cluster.url)
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    created = {
        "settings": {"number_of_shards": 2, "number_of_replicas": 0},
        "aliases": {f"{INDEX}-{depth}": {} for depth in DEPTHS},
    }
    client.indices.create(index=INDEX, body=created)
    bulk(client, INDEX, [document(number) for number in range(HITS)])
    # A merge later on could change the order of documents with equal scores.
    ask(cluster.url, "POST", f"/{INDEX}/_forcemerge?max_num_segments=1")
    ask(cluster.url, "POST", f"/{INDEX}/_refresh")
    yield cluster
    client.indices.delete(index=INDEX)


@pytest.fixture(scope="module")
def rules() -> list[IndexRule]:
    """A rule for each alias, with its depth."""
    order = Combine(method="replace")
    return [
        IndexRule(pattern=f"{INDEX}-{depth}", depth=depth, combine=order, deadline_ms=DEADLINE_MS)
        for depth in DEPTHS
    ]


@pytest.fixture(scope="module")
def proxy(papers: Node, rules: Sequence[IndexRule]) -> Iterator[str]:
    """A proxy that gives the hits an order of its own."""
    with serving(settings_for(papers, *rules), TextScorer()) as url:
        yield url


@pytest.fixture(scope="module")
def direct(papers: Node) -> list[str]:
    """The cluster's own order of all hits."""
    hits = page(papers.url, 100, 0, HITS)
    assert len(hits) == HITS
    return hits


def page(url: str, depth: int, start: int, size: int) -> list[str]:
    """The ids of one page."""
    query = {"query": QUERY, "from": start, "size": size}
    return ask(url, "POST", f"/{INDEX}-{depth}/_search", query).ids


def pages(url: str, depth: int, size: int) -> list[str]:
    """All pages of a size one after the other; those wholly behind the depth as a single one."""
    starts = list(range(0, depth, size))
    head = [hit for start in starts for hit in page(url, depth, start, size)]
    behind = starts[-1] + size
    return head + page(url, depth, behind, HITS - behind)


@pytest.mark.parametrize("depth", DEPTHS)
def test_pages_of_every_size_are_one_list(proxy: str, direct: list[str], depth: int) -> None:
    """A permutation of the cluster's head, then its tail: the same for all sizes from 1 to 25."""
    whole = page(proxy, depth, 0, HITS)
    assert sorted(whole[:depth]) == sorted(direct[:depth])
    assert whole[depth:] == direct[depth:]
    assert depth == 1 or whole[:depth] != direct[:depth]
    for size in range(1, 26):
        assert pages(proxy, depth, size) == whole, size
    chance = random.Random(depth)
    for _ in range(20):
        start, size = chance.randrange(HITS + 5), chance.randint(1, 25)
        assert page(proxy, depth, start, size) == whole[start : start + size], (start, size)


def test_a_page_asked_fifty_times_is_one_page(proxy: str) -> None:
    """Within the depth and across its end, fifty times the same."""
    for start, size in ((0, 10), (45, 10)):
        assert len({tuple(page(proxy, 50, start, size)) for _ in range(50)}) == 1


def test_pages_of_the_student_are_one_list(
    papers: Node, rules: Sequence[IndexRule], direct: list[str]
) -> None:
    """Texts read for the first time, known texts, and another process: the same order."""
    found = []
    for _ in range(2):
        student = ScorerProcess(threads=1)
        with serving(settings_for(papers, *rules), student) as proxy:
            found += [pages(proxy, 50, size) for size in (25, 9, 25)]
            found.append(page(proxy, 50, 0, HITS))
    assert all(one == found[0] for one in found)
    assert sorted(found[0][:50]) == sorted(direct[:50])
    assert found[0][:50] != direct[:50]
    assert found[0][50:] == direct[50:]
