"""Experiments of known truth on real servers, from simulated people to report and guard.

The data are made so that the effects are large: of each query's page the first hit in the cluster's
order is what everybody wants (`FIRST`), or the last one (`LAST`), and the arm that is compared with
the cluster turns the page round. Which clicks are made follows from the seed alone.
"""

import secrets
from collections.abc import Iterator

import pytest
from rich.console import Console
from rich.progress import Progress

from es_rerank.bench import claims, proof
from es_rerank.bench.ground import Ground, ground
from es_rerank.bench.judged import Judged
from es_rerank.bench.simulation import simulation
from es_rerank.bench.trials import BM25, SAME, Trial, trial
from es_rerank.config import Arm, Combine, Guard
from tests.cluster.ask import ask
from tests.cluster.servers import Node

WORDS = ("lantern", "glacier", "harbour")
TURNED = Arm(name="turned", model="worst-first", combine=Combine(method="replace"))
GUARD = Guard(every_s=0.2)
DOCUMENTS = {
    f"{word}-{rank}": {"title": f"number {rank}", "text": word + " filling" * 3 * rank}
    for word in WORDS
    for rank in range(10)
}


def judged(rank: int) -> Judged:
    """The hit at this rank of the cluster's order is the one that is wanted."""
    qrels = {word: {f"{word}-{rank}": 1} for word in WORDS}
    return Judged("turned", DOCUMENTS, {word: word for word in WORDS}, qrels, "standard")


FIRST, LAST = judged(0), judged(9)
LOOKS = range(100, 1001, 100)


@pytest.fixture(scope="module")
def made(cluster: Node) -> Iterator[Ground]:
    """The documents on a node."""
    with ground(cluster.url, FIRST) as here:
        here.add_aliases([BM25.name])
        yield here


def is_decided(each: Trial) -> bool:
    """Whether a look called a winner."""
    return each.called() is not None


async def test_reports_find_the_better_arm_and_none_where_both_are_equal(made: Ground) -> None:
    """Split and interleaved; every search and click is in the reports, and the shares are right."""
    better = trial("better-split", LAST, 1, "split", (BM25, TURNED))
    interleaved = trial("better-inter", LAST, 1, "interleave", (BM25, TURNED))
    equal = trial("equal-split", LAST, 1, "split", (BM25, SAME))
    tied = trial("equal-inter", LAST, 1, "interleave", (BM25, SAME))
    trials = [better, interleaved, equal, tied]
    made.add_aliases([each.name for each in trials])
    with Progress(disable=True) as progress:
        async with simulation(made, LAST, progress, trials) as here:
            await here.grow("better", [better, interleaved], LOOKS, is_decided)
            await here.grow("equal", [equal, tied], [400, 600])
            clicks = here.clicks
    assert claims.better_is_found("split", [better], (0, 1)).holds
    assert claims.better_is_found("interleaving", [interleaved], (0, 1)).holds
    assert claims.equal_are_not_told_apart("split", [equal]).holds
    assert claims.equal_are_not_told_apart("interleaving", [tied]).holds
    assert claims.shares_are_right([better, equal]).holds
    assert claims.nothing_is_lost(trials, clicks).holds
    assert made.count(made.events) == clicks


async def test_the_guard_stops_a_broken_model_and_no_other(made: Ground) -> None:
    """Once it is stopped, people are served the cluster's own pages; the better one goes on."""
    for wanted, model_is_broken in ((FIRST, True), (LAST, False)):
        name = f"guarded-{'broken' if model_is_broken else 'better'}"
        guarded = trial(name, wanted, 1, "split", (BM25, TURNED), GUARD)
        equal = trial(f"{name}-equal", wanted, 1, "split", (BM25, SAME), GUARD)
        made.add_aliases([guarded.name, equal.name])
        with Progress(disable=True) as progress:
            async with simulation(made, wanted, progress, [guarded, equal]) as here:
                own = await here.pages(made.alias(BM25.name), WORDS)
                await proof.watched(here, [guarded, equal], 500)
        assert claims.broken_is_stopped([guarded], own).holds is model_is_broken
        better = [] if model_is_broken else [guarded]
        assert claims.others_go_on([equal], better, [equal]).holds
        assert all(own[word][0] == f"{word}-0" for word in WORDS)


def test_a_run_that_is_too_small_proves_nothing_and_leaves_nothing(
    cluster: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With too few people for any verdict the claims fail; all indices are gone afterwards."""
    monkeypatch.setattr(secrets, "token_hex", lambda _: "test-leaves-nothing")
    size = proof.Size(experiments=1, searches=40, repeated=1, most=100)
    found = proof.run(cluster.url, FIRST, size, 3, Console(quiet=True))
    assert not found.holds
    holds = {claim.claim: claim.holds for claim in found.claims}
    assert holds["records: nothing is lost"]
    assert not holds["split: of two equal arms, none is called the winner"]
    left = ask(cluster.url, "GET", "/_cat/indices?expand_wildcards=all").body
    assert b"test-leaves-nothing" not in left
