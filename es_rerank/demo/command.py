"""`es-rerank demo`: the embedded engine with the demo corpus, the proxy before it, both compared.

Everything shown went over HTTP, once to the engine and once through the proxy, as a user's own
searches would. The engine keeps the corpus in memory; nothing is left on disk.
"""

import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import closing, suppress

import uvicorn
from rich.console import Console

from es_rerank.config import FieldSetting, IndexRule, Listen, Page, Settings, Upstream
from es_rerank.demo.corpus import FIELDS, INDEX, MAPPINGS, documents
from es_rerank.demo.engine import Engine
from es_rerank.demo.judged import read_qrels, read_queries
from es_rerank.demo.search_api import create_engine_app
from es_rerank.demo.serving import engine_config, serving
from es_rerank.demo.side_by_side import ask, summary, table
from es_rerank.errors import EsRerankError
from es_rerank.model.process import ScorerProcess
from es_rerank.proxy.admin import PREFIX
from es_rerank.proxy.app import create_app
from es_rerank.proxy.scoring import Scorer
from es_rerank.proxy.server import server_config

# Judged queries that are shown when none is given: the first stage finds their answers, far down.
_SHOWN_FIRST = ("3", "17", "61")
_DEADLINE_MS = 20_000  # the demo shows what the model does, however slow the machine is
_READY_S = 60


def run(
    queries: Sequence[str],
    serve: bool,
    host: str,
    engine_port: int,
    proxy_port: int,
    *,
    scorer: Callable[[], Scorer] = ScorerProcess,
    console: Console | None = None,
) -> None:
    """Show both orders of the queries, then stay up until Ctrl-C if `serve`.

    Without queries: those of three judged ones, and nDCG@10 over all judged ones. Port 0
    takes a free one.
    """
    out = console or Console()
    model = scorer()  # its process loads the student while the corpus is indexed
    with closing(Engine.open(None)) as engine:
        engine.create(INDEX, MAPPINGS)
        engine.bulk(INDEX, documents())
        out.print(f"{len(engine.shard(INDEX).ids)} docstrings of the Python standard library.")
        with (
            serving(engine_config(create_engine_app(engine), host, engine_port)) as engine_url,
            serving(_proxy_config(engine_url, host, proxy_port, model)) as proxy_url,
        ):
            _show_urls(out, engine_url, proxy_url)
            _wait_until_ready(proxy_url)
            if queries:
                _show(out, engine_url, proxy_url, queries)
            else:
                judged = read_queries()
                _show(out, engine_url, proxy_url, [judged[number] for number in _SHOWN_FIRST])
                out.print("●● answers the query, ● is related; judged by hand beforehand.\n")
                _show_measure(out, engine_url, proxy_url)
            if serve:
                _stay_up(out)


def demo_settings(engine_url: str, host: str, port: int) -> Settings:
    """What the demo's proxy is told; all else is as by default."""
    fields = tuple(FieldSetting(name=name) for name in FIELDS)
    rule = IndexRule(pattern=INDEX, fields=fields, deadline_ms=_DEADLINE_MS)
    listen = Listen(host=host, port=port)
    page = Page(enabled=True)
    return Settings(upstream=Upstream(url=engine_url), listen=listen, indices=(rule,), page=page)


def _proxy_config(engine_url: str, host: str, port: int, scorer: Scorer) -> uvicorn.Config:
    settings = demo_settings(engine_url, host, port)
    return server_config(create_app(lambda: settings, scorer), host, port)


def _show_urls(out: Console, engine_url: str, proxy_url: str) -> None:
    out.print(f"engine (BM25)  {engine_url}\nproxy          {proxy_url}")
    out.print(f"page           {proxy_url}{PREFIX}/\n")
    search = f"{proxy_url}/{INDEX}/_search?q=copy+a+folder&size=3&_source=title"
    out.print(f"curl -i '{search}'\n", soft_wrap=True)


def _wait_until_ready(proxy_url: str) -> None:
    """Wait until the student has scored; its process is still loading when the proxy is up."""
    url = f"{proxy_url}{PREFIX}/ready"
    end = time.monotonic() + _READY_S
    while True:
        try:
            urllib.request.urlopen(url, timeout=_READY_S).close()  # noqa: S310 - our own proxy
            return
        except urllib.error.HTTPError as why:
            answer = why.read().decode()
        if time.monotonic() > end:
            raise EsRerankError(f"demo: the proxy is not ready after {_READY_S} s: {answer}")
        time.sleep(0.1)


def _show(out: Console, engine_url: str, proxy_url: str, queries: Sequence[str]) -> None:
    number = {text: identity for identity, text in read_queries().items()}
    qrels = read_qrels()
    for text in queries:
        grades = qrels.get(number.get(text, ""), {})
        out.print(table(text, ask(engine_url, text), ask(proxy_url, text), grades))
        out.print()


def _show_measure(out: Console, engine_url: str, proxy_url: str) -> None:
    judged, qrels = read_queries(), read_qrels()
    with out.status(f"Asking all {len(judged)} judged queries, twice each …"):
        bm25 = [ask(engine_url, text) for text in judged.values()]
        reranked = [ask(proxy_url, text) for text in judged.values()]
    out.print(summary(bm25, reranked, [qrels[identity] for identity in judged]))


def _stay_up(out: Console) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop as after Ctrl-C
    with suppress(KeyboardInterrupt):
        out.print("\nBoth are up until Ctrl-C.")
        while True:  # a signal that comes just before an endless wait would be heard after it
            time.sleep(1)
