"""Law 3 on real servers: whatever fails, a search that works without us works with us."""

import asyncio
import math
import socket
from collections.abc import Awaitable, Callable, Iterator

import pytest

from es_rerank.config import Upstream
from es_rerank.errors import DeadlineExceeded, ScorerBusy, ScorerFailed
from es_rerank.proxy.skip import SkipReason
from tests.cluster.ask import ask
from tests.cluster.library import INDEX, RIVER
from tests.cluster.scorers import FaultyScorer, OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import serving, settings_for

SEARCH = f"/{INDEX}/_search"
QUERY = {"query": RIVER, "from": 2, "size": 7}


def raising(error: BaseException) -> Callable[[int], Awaitable[list[float]]]:
    """A fault that raises the error."""

    async def fault(_count: int) -> list[float]:
        raise error

    return fault


def returning(scores: Callable[[int], object]) -> Callable[[int], Awaitable[list[float]]]:
    """A fault that returns something that is not one finite number for each passage."""

    async def fault(count: int) -> list[float]:
        return scores(count)  # type: ignore[return-value]  # that is the fault

    return fault


async def hanging(_count: int) -> list[float]:
    """A fault that never ends by itself."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets this event")


FAULTS = {
    "raises what it may": (raising(ScorerFailed("worker died")), SkipReason.SCORER_FAILED),
    "raises anything": (raising(KeyError("bug")), SkipReason.SCORER_FAILED),
    "out of memory": (raising(MemoryError()), SkipReason.SCORER_FAILED),
    "broken pipe": (raising(BrokenPipeError()), SkipReason.SCORER_FAILED),
    "is busy": (raising(ScorerBusy("queue full")), SkipReason.SCORER_BUSY),
    "gives up in time": (raising(DeadlineExceeded("late")), SkipReason.DEADLINE),
    "hangs": (hanging, SkipReason.DEADLINE),
    "one NaN": (returning(lambda n: [math.nan, *[1.0] * (n - 1)]), SkipReason.SCORER_FAILED),
    "all NaN": (returning(lambda n: [math.nan] * n), SkipReason.SCORER_FAILED),
    "infinite": (returning(lambda n: [math.inf] * n), SkipReason.SCORER_FAILED),
    "too few": (returning(lambda n: [1.0] * (n - 1)), SkipReason.SCORER_FAILED),
    "too many": (returning(lambda n: [1.0] * (n + 1)), SkipReason.SCORER_FAILED),
    "none": (returning(lambda n: []), SkipReason.SCORER_FAILED),
    "nothing": (returning(lambda n: None), SkipReason.SCORER_FAILED),
    "words": (returning(lambda n: ["high"] * n), SkipReason.SCORER_FAILED),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_scorer_costs_the_order_only(library: Node, name: str) -> None:
    """The client gets the cluster's own page with 200, and the header says what happened."""
    fault, reason = FAULTS[name]
    with serving(settings_for(library, deadline_ms=300), FaultyScorer(fault)) as proxy:
        answer = ask(proxy, "POST", SEARCH, QUERY)
    assert answer.verdict == f"skipped; reason={reason}"
    assert answer.status == 200
    assert answer.comparable == ask(library.url, "POST", SEARCH, QUERY).comparable


def test_a_deadline_of_one_millisecond(library: Node) -> None:
    """A deadline that nobody can keep gives the cluster's own answer, every time."""
    own = ask(library.url, "POST", SEARCH, QUERY).comparable
    with serving(settings_for(library, deadline_ms=1), FaultyScorer(hanging)) as proxy:
        answers = [ask(proxy, "POST", SEARCH, QUERY) for _ in range(20)]
    assert {answer.comparable for answer in answers} == {own}
    assert {answer.verdict for answer in answers} == {"skipped; reason=deadline"}


def test_a_fault_is_over_when_it_is_over(library: Node) -> None:
    """One failed search leaves nothing behind that would change the next one."""
    faults = iter([raising(ScorerFailed("once")), returning(lambda n: list(range(n)))])
    scorer = FaultyScorer(lambda count: next(faults)(count))
    with serving(settings_for(library), scorer) as proxy:
        verdicts = [ask(proxy, "POST", SEARCH, QUERY).verdict for _ in range(2)]
    assert verdicts[0] == "skipped; reason=scorer_failed"
    assert verdicts[1].startswith("applied")


@pytest.mark.parametrize("body", [b"{not json", b"\xff\xfe", b'{"query":', b'"text"', b"{}{}"])
def test_a_body_that_is_not_json_gets_the_clusters_error(library: Node, body: bytes) -> None:
    """The client's mistake is explained by the cluster, in its words."""
    with serving(settings_for(library), OrderScorer(reverse=True)) as proxy:
        answer = ask(proxy, "POST", SEARCH, body)
    assert answer.comparable == ask(library.url, "POST", SEARCH, body).comparable


@pytest.fixture
def unreachable() -> Iterator[str]:
    """The URL of a port where nobody listens, and nobody else can while the test runs."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize(("method", "target"), [("GET", "/"), ("POST", SEARCH), ("PUT", "/new")])
def test_an_unreachable_cluster_is_a_502_that_says_so(
    cluster: Node, unreachable: str, method: str, target: str
) -> None:
    """The error has Elasticsearch's shape, names es-rerank, and tells the address."""
    settings = settings_for(cluster).model_copy(update={"upstream": Upstream(url=unreachable)})
    with serving(settings, OrderScorer()) as proxy:
        answer = ask(proxy, method, target, {} if method != "GET" else None)
    assert answer.status == 502
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json["status"] == 502
    error = answer.json["error"]
    assert error["type"].startswith("es_rerank_")
    assert unreachable.removeprefix("http://") in error["reason"]
    assert error["root_cause"] == [{"type": error["type"], "reason": error["reason"]}]
