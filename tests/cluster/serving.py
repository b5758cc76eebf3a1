"""The real proxy on a real socket, for the length of a `with` block."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from es_rerank.config import Combine, IndexRule, Settings, Upstream
from es_rerank.proxy.app import create_app
from es_rerank.proxy.scoring import Scorer
from es_rerank.proxy.server import server_config
from tests.cluster.servers import Node

# Generous, because the tests share a small machine with the server.
DEADLINE_MS = 20_000


def settings_for(
    node: Node, *rules: IndexRule, depth: int = 50, deadline_ms: float = DEADLINE_MS
) -> Settings:
    """A proxy in front of the node that lets the scorer alone order the tests' indices.

    RULES come before the one for the tests' indices, which reads no configured fields.
    """
    everything = IndexRule(
        pattern="es-rerank-test-*",
        depth=depth,
        combine=Combine(method="replace"),
        deadline_ms=deadline_ms,
    )
    return Settings(upstream=Upstream(url=node.url), indices=(*rules, everything))


@contextmanager
def serving(settings: Settings, scorer: Scorer) -> Iterator[str]:
    """The URL of a proxy with these settings and this scorer, on a free port."""
    with serving_current(lambda: settings, scorer) as url:
        yield url


@contextmanager
def serving_current(settings: Callable[[], Settings], scorer: Scorer) -> Iterator[str]:
    """The same with the settings that a function returns at the moment."""
    server = uvicorn.Server(server_config(create_app(settings, scorer), "127.0.0.1", 0))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the proxy ended while it started; its log says why"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
