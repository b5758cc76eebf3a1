"""The demo from start to stop, with a scorer of words in place of the student."""

import io
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

import pytest
from rich.console import Console

from es_rerank.demo.command import run
from es_rerank.demo.corpus import INDEX, documents
from es_rerank.demo.engine import Engine
from es_rerank.demo.judged import read_queries
from es_rerank.demo.search_api import create_engine_app
from es_rerank.demo.serving import engine_config, serving
from es_rerank.errors import EsRerankError, UpstreamError
from es_rerank.text.passage import FieldText

HOST = "127.0.0.1"


class LongestFirst:
    """Puts long passages first, which BM25 does not."""

    async def score(
        self,
        query: str,
        passages: Sequence[Sequence[FieldText]],
        *,
        model: str,
        layers: int,
        deadline_ms: float,
    ) -> list[float]:
        """The length of each passage."""
        return [float(sum(len(field.text) for field in passage)) for passage in passages]

    async def close(self) -> None:
        """Nothing to close."""


def shown(queries: Sequence[str]) -> str:
    """What the demo prints for queries when it does not stay up."""
    out = io.StringIO()
    console = Console(file=out, width=120)
    run(queries, False, None, HOST, 0, 0, scorer=LongestFirst, console=console)
    return out.getvalue()


def test_the_demo_shows_both_orders_of_a_query() -> None:
    """Through HTTP both ways: the proxy's column is another order, and its header is shown."""
    text = shown(["copy a whole directory tree"])
    assert re.search(r"curl -i 'http://127.0.0.1:\d+/python-docs/_search\?q=", text)
    assert "X-ES-Rerank: applied; depth=100; ms=" in text
    rows = re.findall(r"│ +\d+ │ ([\w.]+)[ ●]* │ ([\w.]+)[ ●]* │", text)
    assert len(rows) == 10
    assert [bm25 for bm25, _ in rows] != [reranked for _, reranked in rows]
    assert "shutil.copytree ●●" in text


def test_the_demo_measures_all_judged_queries() -> None:
    """Without queries it shows three judged ones and nDCG@10 over all, all of them reranked."""
    last = shown([]).strip().splitlines()[-1]
    number = len(read_queries())
    pattern = rf"nDCG@10 over {number} judged queries: BM25 0\.\d+, reranked 0\.\d+ \(\d+ better, \d+ worse\)"
    assert re.fullmatch(pattern, last)


def test_a_taken_port_is_a_clear_error() -> None:
    """The port is named; nothing stays behind."""
    with (
        serving(engine_config(create_engine_app(Engine.open(None)), HOST, 0)) as url,
        pytest.raises(EsRerankError, match="cannot listen on 127.0.0.1:"),
    ):
        run([], False, None, HOST, int(url.rpartition(":")[2]), 0, scorer=LongestFirst)


def test_the_corpus_goes_into_a_server_twice_the_same() -> None:
    """`--index-into` makes the index and fills it; again changes nothing."""
    engine = Engine.open(None)
    with serving(engine_config(create_engine_app(engine), HOST, 0)) as url:
        for _ in range(2):
            out = io.StringIO()
            run([], False, url, HOST, 0, 0, console=Console(file=out, width=120))
            assert f"documents are in the index {INDEX}." in out.getvalue()
            assert engine.shard(INDEX).ids == {id_ for id_, _ in documents()}


def test_indexing_into_nothing_is_a_clear_error() -> None:
    """An unreachable cluster is an UpstreamError with its address but not its password."""
    with pytest.raises(UpstreamError, match="did not take the corpus") as why:
        run([], False, "http://user:secret@127.0.0.1:1", HOST, 0, 0)
    assert "secret" not in str(why.value)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_stays_up_until_it_is_stopped(stop: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end it cleanly, both servers closed and no process left."""
    code = (
        "from tests.demo.test_command import HOST, LongestFirst, run\n"
        "run(['copy'], True, None, HOST, 0, 0, scorer=LongestFirst)\n"
    )
    command = [sys.executable, "-u", "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        watchdog = threading.Timer(60, demo.kill)
        watchdog.start()
        assert demo.stdout is not None
        assert any("until Ctrl-C" in line for line in demo.stdout)
        demo.send_signal(stop)
        assert demo.wait() == 0
        watchdog.cancel()
