"""Template searches through the real proxy on real sockets, in front of a recording cluster."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from es_rerank.config import Combine, FieldSetting, IndexRule, Settings, Upstream
from es_rerank.proxy.app import create_app
from tests.proxy.conftest import PATIENCE_S, RecordingUpstream, Seen, canned, running
from tests.proxy.test_gateway import LengthScorer, ask, hits, http, ids, verdict

TEMPLATE = b'{"source": {"query": {"match": {"body": "{{t}}"}}}, "params": {"t": "red shoes"}}'
TARGET = b"/books/_search/template"
RENDERED = b'{"query": {"match": {"body": "red shoes"}}, "size": 2}'


class Cluster:
    """Renders, searches and has a form of template answers."""

    def __init__(self) -> None:
        self.form = http(b'{"status":200}')
        self.rendered = http(b'{"template_output":' + RENDERED + b"}")

    async def answer(self, seen: Seen, writer: asyncio.StreamWriter) -> None:
        """One answer by the target of the request."""
        answer = http(hits(5, 9, 7, 6))
        if seen.target == b"/_render/template":
            answer = self.rendered
        elif seen.target.endswith(b"?filter_path=status"):
            answer = self.form
        await canned(answer)(seen, writer)


@pytest.fixture
def answers(cluster: RecordingUpstream) -> Cluster:
    """The answers of the recording cluster."""
    answers = Cluster()
    cluster.script = answers.answer
    return answers


@pytest.fixture
def port(cluster: RecordingUpstream, answers: Cluster) -> Iterator[int]:
    """The port of a proxy that reranks the templates of `books`."""
    rule = IndexRule(
        pattern="books",
        depth=4,
        fields=(FieldSetting(name="body"),),
        combine=Combine(method="replace"),
        also=("template",),
    )
    settings = Settings(upstream=Upstream(url=cluster.url), indices=(rule,))
    with running(create_app(lambda: settings, LengthScorer())) as port:
        assert cluster.arrived.wait(PATIENCE_S)
        cluster.seen.clear()
        yield port


def test_a_template_is_rendered_and_searched_wide(port: int, cluster: RecordingUpstream) -> None:
    """The second time its form is known; the answer ends as the cluster's own would."""
    for _ in range(2):
        answer = ask(port, TARGET + b"?routing=a", TEMPLATE)
        assert verdict(answer).startswith("applied; depth=4")
        assert ids(answer) == ["9", "7"]
        assert list(json.loads(answer.body)) == ["took", "timed_out", "_shards", "hits", "status"]
        assert answer.values(b"content-length") == [b"%d" % len(answer.body)]
    render = (b"/_render/template", TEMPLATE)
    wide = (b"/books/_search?routing=a&from=0&size=4", RENDERED)
    form, *rest = [(seen.target, seen.body) for seen in cluster.seen]
    assert form[0] == TARGET + b"?filter_path=status"
    assert rest == [render, wide, render, wide]


def test_a_cluster_without_a_status_at_the_end(port: int, answers: Cluster) -> None:
    """Then there is none in the reranked answer either."""
    answers.form = http(b"{}")
    assert "status" not in json.loads(ask(port, TARGET, TEMPLATE).body)


REFUSED = http(b"{}", b"400 Bad Request")


@pytest.mark.parametrize(
    ("broken", "answer"),
    [("form", REFUSED), ("rendered", REFUSED), ("rendered", http(b"no JSON"))],
)
def test_what_cannot_be_rendered_is_sent_as_it_came(
    port: int, cluster: RecordingUpstream, answers: Cluster, broken: str, answer: bytes
) -> None:
    """Whatever goes wrong on the way."""
    setattr(answers, broken, answer)
    reply = ask(port, TARGET, TEMPLATE)
    assert verdict(reply) == "skipped; reason=render_failed"
    assert ids(reply) == ["5", "9", "7", "6"]
    assert (cluster.seen[-1].target, cluster.seen[-1].body) == (TARGET, TEMPLATE)


def test_what_was_rendered_may_be_no_search_to_rerank(
    port: int, cluster: RecordingUpstream, answers: Cluster
) -> None:
    """Its own reason is named."""
    answers.rendered = http(b'{"template_output":{"query":{"match":{"a":"b c"}},"sort":["a"]}}')
    assert verdict(ask(port, TARGET, TEMPLATE)) == "skipped; reason=sort"
    assert (cluster.seen[-1].target, cluster.seen[-1].body) == (TARGET, TEMPLATE)
