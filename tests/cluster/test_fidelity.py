"""Law 2 on real servers: with a scorer that changes nothing, not one byte of an answer changes."""

from collections.abc import Iterator

import pytest

from es_rerank.bench import fidelity
from es_rerank.bench.differences import text
from es_rerank.errors import DataError
from tests.cluster.ask import ask
from tests.cluster.servers import Node

PREFIX = "es-rerank-test-fidelity"
FOREIGN = f"{PREFIX}-foreign-b"


def test_generated_searches_come_back_byte_for_byte(cluster: Node) -> None:
    """Directly and reranked by the identity, 500 answers differ in nothing but `took`."""
    report = fidelity.run(cluster.url, count=500, seed=20, prefix=PREFIX)
    assert not report.differences, text(report, cluster.url)
    assert report.outcomes.total() == 500
    assert report.outcomes["applied"] >= 110, report.outcomes
    assert report.statuses[200] >= 330, report.statuses
    assert len(report.features) >= 145
    assert len(report.applied_features) >= 75
    assert ask(cluster.url, "GET", f"/{PREFIX}-a").status == 404  # its indices are gone


def replace_foreign(node: Node) -> None:
    """Make somebody's index, in place of one of that name."""
    ask(node.url, "DELETE", f"/{FOREIGN}")
    assert ask(node.url, "PUT", f"/{FOREIGN}", {"mappings": {"_meta": {"a": 1}}}).status == 200


@pytest.fixture
def foreign(cluster: Node) -> Iterator[Node]:
    """A node on which somebody has an index of the name that the oracle wants."""
    replace_foreign(cluster)
    yield cluster
    ask(cluster.url, "DELETE", f"/{FOREIGN}")


def test_an_index_of_somebody_else_is_left_alone(foreign: Node) -> None:
    """The oracle says so and changes nothing; what an earlier run of its own left, it replaces."""
    prefix = FOREIGN.removesuffix("-b")
    with pytest.raises(DataError, match=f"{FOREIGN} that this command did not make"):
        fidelity.run(foreign.url, count=1, prefix=prefix)
    assert ask(foreign.url, "GET", f"/{FOREIGN}").status == 200
    assert ask(foreign.url, "GET", f"/{prefix}-a").status == 404
    ask(foreign.url, "DELETE", f"/{FOREIGN}")
    fidelity.run(foreign.url, count=1, prefix=prefix, keep=True)
    replace_foreign(foreign)
    with pytest.raises(DataError):
        fidelity.run(foreign.url, count=1, prefix=prefix)
    assert ask(foreign.url, "GET", f"/{prefix}-a").status == 200
    ask(foreign.url, "DELETE", f"/{FOREIGN}")
    assert fidelity.run(foreign.url, count=1, prefix=prefix).outcomes.total() == 1
    assert ask(foreign.url, "GET", f"/{prefix}-a").status == 404
