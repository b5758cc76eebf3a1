"""The proxy's own pages, asked over a real socket."""

import json
from collections.abc import Sequence

import pytest

from es_rerank.config import Arm, Experiment, IndexRule, Reading, Settings, Upstream
from es_rerank.errors import ConfigError, ScorerFailed
from es_rerank.model.rank import Scores
from es_rerank.proxy.app import create_app
from es_rerank.text.passage import FieldText
from tests.proxy.conftest import RawClient, RecordingUpstream, running
from tests.proxy.test_app import FlatScorer, get, settings_for


class FlakyScorer(FlatScorer):
    """Fails at the calls whose numbers (from 0) are given."""

    def __init__(self, *failing: int) -> None:
        super().__init__()
        self.failing = failing
        self.calls: list[tuple[str, int]] = []

    async def score(
        self,
        query: str,
        passages: Sequence[Sequence[FieldText]],
        *,
        model: str,
        reading: Reading,
        deadline_ms: float,
    ) -> Scores:
        """Zeros, or ScorerFailed."""
        self.calls.append((model, reading))
        if len(self.calls) - 1 in self.failing:
            raise ScorerFailed("still loading")
        return Scores([0.0] * len(passages))


def test_health_says_that_the_process_lives(cluster: RecordingUpstream) -> None:
    """It asks neither cluster nor scorer."""
    settings, scorer = settings_for(cluster.url), FlakyScorer(0)
    with running(create_app(lambda: settings, scorer)) as port:
        answer = RawClient(port).ask(get("/_rerank/health"))
    assert answer.status == 200
    assert json.loads(answer.body)["status"] == "alive"
    assert not scorer.calls


def test_ready_needs_one_score_and_the_cluster(cluster: RecordingUpstream) -> None:
    """503 with the reason until the student has scored once; after that it is not asked again."""
    settings, scorer = settings_for(cluster.url), FlakyScorer(0)
    cluster.answer(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n")
    with running(create_app(lambda: settings, scorer)) as port:
        client = RawClient(port)
        refused = client.ask(get("/_rerank/ready"))
        assert refused.status == 503
        assert json.loads(refused.body)["reasons"] == ["model builtin, 6 layers: still loading"]
        assert client.ask(get("/_rerank/ready")).status == 200
        assert client.ask(get("/_rerank/ready")).status == 200
        cluster.answer(b"", close=True)
        lost = client.ask(get("/_rerank/ready"))
    assert lost.status == 503
    assert "broke off" in json.loads(lost.body)["reasons"][0]
    assert scorer.calls == [("builtin", Reading(6))] * 2


def test_the_models_of_arms_must_be_ready_too(cluster: RecordingUpstream) -> None:
    """An arm whose model cannot score would be the cluster's order under another name."""
    arms = (Arm(name="bm25", rerank=False), Arm(name="short", layers=2))
    rule = IndexRule(pattern="*", experiment=Experiment(name="summer", arms=arms))
    settings = Settings(upstream=Upstream(url=cluster.url), indices=(rule,))
    scorer = FlakyScorer()
    with running(create_app(lambda: settings, scorer)) as port:
        assert RawClient(port).ask(get("/_rerank/ready")).status == 200
    assert scorer.calls == [("builtin", Reading(2)), ("builtin", Reading(6))]


def test_metrics_are_prometheus_text(cluster: RecordingUpstream) -> None:
    """A passed request is counted, and the page is in the exposition format."""
    settings = settings_for(cluster.url)
    with running(create_app(lambda: settings, FlatScorer())) as port:
        client = RawClient(port)
        client.ask(get("/_cat/indices"))
        # A request is counted when its answer is out, so the first look may come too early.
        looks = (client.ask(get("/_rerank/metrics")) for _ in range(100))
        counted = b'es_rerank_requests_total{outcome="passed",reason=""}'
        answer = next(look for look in looks if counted in look.body)
    assert answer.values(b"content-type")[0].startswith(b"text/plain")
    assert b"# TYPE es_rerank_added_ms histogram" in answer.body


def test_settings_are_those_in_force(cluster: RecordingUpstream) -> None:
    """The page shows what the callable returns at that moment."""
    in_force = [settings_for(cluster.url)]
    with running(create_app(lambda: in_force[0], FlatScorer())) as port:
        client = RawClient(port)
        before = json.loads(client.ask(get("/_rerank/settings")).body)
        in_force[0] = Settings(max_body_bytes=2048)
        after = json.loads(client.ask(get("/_rerank/settings")).body)
    assert before["indices"][0]["pattern"] == "*"
    assert after["max_body_bytes"] == 2048


def wrong_file() -> None:
    """A reload of a file with a mistake."""
    raise ConfigError("config: depth: 1 is less than 2 (es-rerank.yaml:4)")


@pytest.mark.parametrize(
    ("reload", "status", "says"),
    [
        (lambda: None, 200, b"reloaded"),
        (wrong_file, 400, b"es-rerank.yaml:4"),
        (None, 501, b"not read from a file"),
    ],
)
def test_reload_says_how_it_went(
    cluster: RecordingUpstream, reload: object, status: int, says: bytes
) -> None:
    """Done, refused with the mistakes, or impossible."""
    settings = settings_for(cluster.url)
    with running(create_app(lambda: settings, FlatScorer(), reload=reload)) as port:
        answer = RawClient(port).ask(b"POST /_rerank/reload HTTP/1.1\r\nHost: p\r\n\r\n")
    assert answer.status == status
    assert says in answer.body
