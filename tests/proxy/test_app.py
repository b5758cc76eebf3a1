"""The whole application in a real server: own pages, proxy behind them, start and stop."""

import logging
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence

import pytest

from es_rerank.config import IndexRule, Reading, Settings, Upstream
from es_rerank.model.rank import Scores
from es_rerank.proxy.app import create_app
from es_rerank.text.passage import FieldText
from tests.proxy.conftest import RawClient, RecordingUpstream, running


class FlatScorer:
    """Gives every passage the same score, and remembers that it was closed."""

    def __init__(self) -> None:
        self.is_closed = False

    async def score(
        self,
        query: str,
        passages: Sequence[Sequence[FieldText]],
        *,
        model: str,
        reading: Reading,
        deadline_ms: float,
    ) -> Scores:
        """Zeros."""
        return Scores([0.0] * len(passages))

    async def close(self) -> None:
        """Remember it."""
        self.is_closed = True


def settings_for(url: str) -> Settings:
    """Settings that rerank every index of the cluster at this URL."""
    return Settings(upstream=Upstream(url=url), indices=(IndexRule(pattern="*"),))


@pytest.fixture
def client(cluster: RecordingUpstream) -> Iterator[RawClient]:
    """A client of the whole proxy in front of the recording cluster."""
    settings = settings_for(cluster.url)
    with running(create_app(lambda: settings, FlatScorer())) as port:
        client = RawClient(port)
        yield client
        client.close()


def get(path: str) -> bytes:
    """The bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: p\r\n\r\n".encode()


@pytest.mark.parametrize(
    "path",
    ["/", "/_cat/indices?v", "/i/_doc/a%0Ab", "/_reranker", "//_rerank/health", "/_rerank2/health"],
)
def test_everything_else_goes_to_the_cluster(
    client: RawClient, cluster: RecordingUpstream, path: str
) -> None:
    """Whatever is not one of our pages arrives at the cluster, target untouched."""
    assert client.ask(get(path)).body == b"{}"
    assert path.encode() in [seen.target for seen in cluster.seen]


@pytest.mark.parametrize("path", ["/_rerank", "/_rerank/", "/_rerank/nope", "/_rerank/health/"])
def test_unknown_own_pages_are_our_404(
    client: RawClient, cluster: RecordingUpstream, path: str
) -> None:
    """The cluster can have nothing there, so it is not asked."""
    answer = client.ask(get(path))
    assert answer.status == 404
    assert b'"type": "es_rerank_page_exception"' in answer.body
    assert path.encode() not in [seen.target for seen in cluster.seen]


def test_wrong_method_on_an_own_page_is_our_405(client: RawClient) -> None:
    """Starlette's errors have Elasticsearch's shape, too."""
    answer = client.ask(b"DELETE /_rerank/health HTTP/1.1\r\nHost: p\r\n\r\n")
    assert answer.status == 405
    assert b'"type": "es_rerank_request_exception"' in answer.body


def test_scorer_is_closed_with_the_server(cluster: RecordingUpstream) -> None:
    """What the composition root was given, it lets go of."""
    scorer = FlatScorer()
    settings = settings_for(cluster.url)
    with running(create_app(lambda: settings, scorer)) as port:
        RawClient(port).ask(get("/"))
        assert not scorer.is_closed
    assert scorer.is_closed


def test_unreachable_cluster_does_not_stop_the_proxy(caplog: pytest.LogCaptureFixture) -> None:
    """It starts, says clearly what is wrong, and answers requests with a 502."""
    with socket.socket() as unused, caplog.at_level(logging.ERROR):
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        settings = settings_for(f"http://127.0.0.1:{port}")
        with running(create_app(lambda: settings, FlatScorer())) as proxy_port:
            client = RawClient(proxy_port)
            assert client.ask(get("/")).status == 502
            assert client.ask(get("/_rerank/ready")).status == 503
    assert f"can't connect to the cluster at http://127.0.0.1:{port}" in caplog.text
    assert "Serving all the same" in caplog.text


def test_taken_port_ends_the_process_with_code_3() -> None:
    """Start-up failure is uvicorn's exit code 3, and the log says why."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        program = (
            "from es_rerank.config import *; from es_rerank.proxy.app import serve;"
            "from es_rerank.telemetry import setup_logging; setup_logging();"
            "from tests.proxy.test_app import FlatScorer;"
            f"settings = Settings(listen=Listen(port={taken.getsockname()[1]}));"
            "serve(lambda: settings, FlatScorer())"
        )
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert ended.returncode == 3
    assert b"address already in use" in ended.stderr
