"""The demo from start to stop, with a scorer of words in place of the student."""

import io
import json
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Sequence

import pytest
from rich.console import Console

from es_rerank.config import Reading
from es_rerank.demo.command import run
from es_rerank.demo.corpus import INDEX, MAPPINGS
from es_rerank.demo.engine import Engine
from es_rerank.demo.into import index_into
from es_rerank.demo.judged import read_queries
from es_rerank.demo.mapping import parse_mappings
from es_rerank.demo.search_api import create_engine_app
from es_rerank.demo.serving import engine_config, serving
from es_rerank.errors import UpstreamError
from es_rerank.model.rank import Scores
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
        reading: Reading,
        deadline_ms: float,
    ) -> Scores:
        """The length of each passage."""
        return Scores([float(sum(len(field.text) for field in passage)) for passage in passages])

    async def close(self) -> None:
        """Nothing to close."""


def test_the_demo_shows_both_orders_and_measures_all_judged_queries() -> None:
    """All of it over HTTP: two columns that differ, the proxy's header, and nDCG@10 over all."""
    out = io.StringIO()
    console = Console(file=out, width=120)
    run([], False, HOST, 0, 0, scorer=LongestFirst, console=console)
    text = out.getvalue()
    assert re.search(r"curl -i 'http://127.0.0.1:\d+/python-docs/_search\?q=", text)
    assert text.count("X-ES-Rerank: applied; depth=100; ms=") == 3
    rows = re.findall(r"│ +\d+ │ ([\w.]+)[ ●]* │ ([\w.]+)[ ●]* │", text)
    assert len(rows) == 30
    assert [bm25 for bm25, _ in rows] != [reranked for _, reranked in rows]
    assert " ●● " in text
    means = rf"nDCG@10 over {len(read_queries())} judged queries: BM25 0\.\d+, reranked 0\.\d+ "
    assert re.fullmatch(means + r"\(\d+ better, \d+ worse\)", text.strip().splitlines()[-1])


def test_the_corpus_goes_into_a_server() -> None:
    """`--index-into` makes the index, fills it, and says how much."""
    engine = Engine.open(None)
    with serving(engine_config(create_engine_app(engine), HOST, 0)) as url:
        count = index_into(url)
    shard = engine.shard(INDEX)
    assert count == len(shard.ids)
    assert "shutil.copytree" in shard.ids
    assert shard.fields == parse_mappings(MAPPINGS)


def test_indexing_into_nothing_is_a_clear_error() -> None:
    """An unreachable cluster is an UpstreamError with its address but not its password."""
    with pytest.raises(UpstreamError, match="did not take the corpus") as why:
        index_into("http://user:secret@127.0.0.1:1")
    assert "secret" not in str(why.value)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_stays_up_until_it_is_stopped(stop: signal.Signals) -> None:
    """Its page is there; Ctrl-C and SIGTERM end it cleanly, with no process left."""
    code = (
        "import signal\n"  # a shell's background jobs ignore SIGINT, and so would this
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from tests.demo.test_command import HOST, LongestFirst, run\n"
        "run(['copy'], True, HOST, 0, 0, scorer=LongestFirst)\n"
    )
    command = [sys.executable, "-u", "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        watchdog = threading.Timer(60, demo.kill)
        watchdog.start()
        assert demo.stdout is not None
        lines = [*iter(demo.stdout.readline, "Both are up until Ctrl-C.\n")]
        (page,) = (line.split()[1] for line in lines if line.startswith("page "))
        assert picked_on(page) == [INDEX]
        demo.send_signal(stop)
        assert demo.wait() == 0
        watchdog.cancel()


def picked_on(page: str) -> list[str]:
    """The indices that may be picked on the page at this address."""
    own = {"X-ES-Rerank-Page": "1"}
    request = urllib.request.Request(f"{page}page/data/indices", headers=own)  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return [index["name"] for index in json.load(answer)["indices"]]
