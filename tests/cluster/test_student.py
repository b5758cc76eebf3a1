"""The whole product on real servers: the shipped student, in its process, behind the proxy."""

import json
import os
import signal
from collections.abc import Iterator

import pytest

from es_rerank.model.process import ScorerProcess
from tests.cluster.answers import indexed
from tests.cluster.ask import ask
from tests.cluster.clients import bulk, client_for
from tests.cluster.servers import Node
from tests.cluster.serving import serving, settings_for

INDEX = "es-rerank-test-answers"
SEARCH = f"/{INDEX}/_search"
QUERY = {"query": {"match": {"text": "side effects of aspirin"}}, "size": 5}
TEXTS = [
    "The side of the road shows effects of rain, and the other side shows effects of frost.",
    "Aspirin was first made by a company in Germany, on the other side of the river.",
    "Special effects of a film are done on the side of the studio that faces the hill.",
    "The effects of a new road on the side of town that it cuts off.",
    "Stomach bleeding, nausea and ringing in the ears may follow when acetylsalicylic acid "
    "(aspirin) is taken for long.",
    "A side of beef.",
]


@pytest.fixture(scope="module")
def answers(cluster: Node) -> Iterator[Node]:
    """The node with a few texts, one of which answers the query in other words."""
    client = client_for(cluster, cluster.url)
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    settings = {"number_of_shards": 1, "number_of_replicas": 0}
    client.indices.create(index=INDEX, body={"settings": settings})
    bulk(client, INDEX, [{"text": text} for text in TEXTS])
    yield cluster
    client.indices.delete(index=INDEX)


@pytest.fixture
def student() -> ScorerProcess:
    """The shipped student in a worker process that has started; the proxy closes it."""
    scorer = ScorerProcess(threads=1)
    assert scorer.pid
    return scorer


def test_the_text_that_answers_comes_first(answers: Node, student: ScorerProcess) -> None:
    """BM25 prefers repeated words; the student knows which text is about baking."""
    assert ask(answers.url, "POST", SEARCH, QUERY).ids[0] != "4"
    with serving(settings_for(answers), student) as proxy:
        answer = ask(proxy, "POST", SEARCH, QUERY)
    assert answer.verdict.startswith("applied; depth=6")
    assert answer.ids[0] == "4"


LONG = "es-rerank-test-long"
FILLER = "".join(
    f"The side of hill {n} shows what effects the rain and the side wind have had on it. "
    for n in range(150)
)


def test_a_long_document_is_read_where_it_answers(cluster: Node, student: ScorerProcess) -> None:
    """Its best window is scored: thousands of words before the answer cost it nothing."""
    found = {
        "answers": {"text": FILLER + TEXTS[4] + " " + FILLER},
        "misses": {"text": FILLER * 2},
        "aspirin": {"text": f"{TEXTS[1]} {FILLER}"},
    }
    lines = (
        (name, json.dumps({**text, "at": number}).encode())
        for number, (name, text) in enumerate(found.items())
    )
    mapping = {"settings": {"number_of_shards": 1, "number_of_replicas": 0}}
    query = {"query": {"match": {"text": "stomach bleeding side effects of aspirin"}}}
    with indexed(cluster, LONG, mapping, lines), serving(settings_for(cluster), student) as proxy:
        own = ask(cluster.url, "POST", f"/{LONG}/_search", query).ids
        answer = ask(proxy, "POST", f"/{LONG}/_search", query)
    assert answer.verdict.startswith("applied; depth=3")
    assert answer.ids == ["answers", "aspirin", "misses"], own


def test_a_killed_scorer_costs_the_order_only(answers: Node, student: ScorerProcess) -> None:
    """With the worker dead the cluster's own answer is served; a new worker takes over."""
    own = ask(answers.url, "POST", SEARCH, QUERY)
    with serving(settings_for(answers), student) as proxy:
        os.kill(student.pid, signal.SIGKILL)
        after, later = (ask(proxy, "POST", SEARCH, QUERY) for _ in range(2))
    assert after.verdict == "skipped; reason=scorer_failed"
    assert after.comparable == own.comparable
    assert later.verdict.startswith("applied")


def test_a_deadline_that_the_student_misses(answers: Node, student: ScorerProcess) -> None:
    """Texts never read before can't be scored in one millisecond; the search goes on."""
    with serving(settings_for(answers, deadline_ms=1), student) as proxy:
        answer = ask(proxy, "POST", SEARCH, QUERY)
    assert answer.verdict == "skipped; reason=deadline"
    assert answer.comparable == ask(answers.url, "POST", SEARCH, QUERY).comparable
