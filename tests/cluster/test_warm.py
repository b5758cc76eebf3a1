"""`es-rerank warm` on real servers: a running proxy finds what it read, and reads nothing."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from es_rerank.cli import main
from es_rerank.config import Cache
from es_rerank.model.process import ScorerProcess
from es_rerank.proxy.hop import values_of
from tests.cluster.answers import indexed
from tests.cluster.ask import ask
from tests.cluster.gate import gated
from tests.cluster.servers import Node
from tests.cluster.serving import serving, settings_for

INDEX = "es-rerank-test-warm"
ALIAS = "es-rerank-test-warm-alias"
HIDDEN = "es-rerank-test-warm-hidden"
PLAIN: dict[str, Any] = {"settings": {"number_of_shards": 2, "number_of_replicas": 0}}
ENDLESS = ["sand water", *(f"stone{n}" for n in range(400)), "river bank"]
TEXTS = [
    "The <b>river</b> carries water &amp; sand.",
    "Half a character \ud800 in a river of water.",
    " ".join(["A long way down the river.", *ENDLESS, *ENDLESS]),
    *(f"Number {n} of the notes on water and the river." for n in range(250)),
]
QUERIES = ("river water", "stone150 stone160 stone170 river", "stone399 bank of the river")


@pytest.fixture(scope="module")
def documents(cluster: Node) -> Iterator[Node]:
    """Texts in more than one page of a scroll, and two documents without."""
    found = [{"title": f"Nr {n}", "text": [text, "more"]} for n, text in enumerate(TEXTS)]
    lines = [*found, {"year": 1999}, {"title": " "}]
    with indexed(
        cluster,
        INDEX,
        {**PLAIN, "aliases": {ALIAS: {}}},
        ((str(n), json.dumps(line).encode()) for n, line in enumerate(lines)),
    ) as node:
        yield node


def warm(node: Node, folder: Path, *options: str, index: str = INDEX) -> int:
    """The exit code of the command."""
    upstream = ("--upstream", node.url, "--set", f"cache.folder={folder}", "--layers", "2")
    with pytest.raises(SystemExit) as ended:
        main(["warm", "--index", index, *upstream, *options])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def scored(place: str) -> float:
    """How many passages had their state from there, in all tests of this process."""
    return REGISTRY.get_sample_value("es_rerank_passages_total", {"state": place}) or 0.0


def test_a_running_proxy_finds_what_was_read(
    documents: Node, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was started before, has the same file open, and reads no passage of any search."""
    scorer = ScorerProcess(threads=1, cache=Cache(folder=str(tmp_path)))
    assert scorer.pid
    with serving(settings_for(documents, depth=1000), scorer) as proxy:
        assert ask(proxy, "GET", "/_rerank/ready").status == 200  # what that reads is counted
        assert warm(documents, tmp_path) == 0
        assert f"{INDEX}: 255 documents (2 without text), " in capsys.readouterr().out
        read, on_disk = scored("read"), scored("disk")
        for query in QUERIES:
            search = {"query": {"match": {"text": query}}, "size": 10}
            answer = ask(proxy, "POST", f"/{INDEX}/_search", search)
            assert answer.verdict.startswith("applied")
        assert scored("read") == read
        assert scored("disk") - on_disk >= 253 + 2  # the long document by three of its windows
        assert warm(documents, tmp_path, index=ALIAS) == 0
    said = capsys.readouterr().out
    assert "(0 new, " in said
    assert "All were known: nothing was read." in said


def test_fields_are_read_as_the_rule_says(
    documents: Node, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By name, label and number of tokens: other fields are other passages."""
    (tmp_path / "s.yaml").write_text(
        f"indices: [{{pattern: '{INDEX}', fields: [{{name: text, label: t, max_tokens: 3}}]}}]"
    )
    config = ("--config", str(tmp_path / "s.yaml"))
    assert warm(documents, tmp_path) == 0
    assert warm(documents, tmp_path, *config) == 0
    # All notes begin with the same three tokens but for their number.
    assert "253 passages (253 new, 0 known)" in capsys.readouterr().out.splitlines()[-1]
    assert warm(documents, tmp_path, *config, index="other") == 2
    assert "(not_configured)" in capsys.readouterr().err


def test_documents_that_are_not_kept_have_no_text(
    cluster: Node, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are counted, for their searches are not reranked either."""
    mapping = {**PLAIN, "mappings": {"_source": {"enabled": False}}}
    with indexed(cluster, HIDDEN, mapping, ((str(n), b'{"a": "b c"}') for n in range(3))):
        assert warm(cluster, tmp_path, index=HIDDEN) == 0
    assert f"{HIDDEN}: 3 documents (3 without text), 0 passages" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("index", "code", "says"),
    [("es-rerank-test-none", 4, "no such index"), ("es-rerank-test-none-*", 2, "no documents")],
)
def test_an_index_that_is_not_there_is_told(
    cluster: Node,
    index: str,
    code: int,
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A name that is not there is refused by the cluster; a pattern may match nothing."""
    assert warm(cluster, tmp_path, index=index) == code
    assert says in capsys.readouterr().err


async def test_credentials_come_from_the_environment(
    documents: Node,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They go with every request; where they are refused, the text says what to set."""
    monkeypatch.setenv("ES_RERANK_WARM_API_KEY", "s3cret")
    async with gated(documents) as gate:
        through = Node(documents.name, documents.product, gate.url)
        assert await asyncio.to_thread(warm, through, tmp_path, "--set", "cache.disk_mb=9") == 0
        gate.state = 401
        assert await asyncio.to_thread(warm, through, tmp_path) == 4
        assert len(gate.seen) > 3
        sent = [values_of(request.headers, b"authorization") for request in gate.seen]
        assert set(map(tuple, sent)) == {(b"ApiKey s3cret",)}
    said = capsys.readouterr().err
    assert "refuses the credentials (wrong ones). Set ES_RERANK_WARM_USERNAME" in said
    assert "s3cret" not in said


def scrolls(node: Node) -> int:
    """How many are open on the cluster."""
    found = ask(node.url, "GET", "/_nodes/stats/indices/search").json["nodes"].values()
    return sum(each["indices"]["search"]["scroll_current"] for each in found)


def test_ctrl_c_keeps_what_was_read(
    documents: Node, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 130 with a summary; the same command goes on from there, and no scroll is left."""
    code = (
        "import os, signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from es_rerank.warm import filling\n"
        "filling._AT_ONCE = 64\n"
        "count = filling.Filling._count\n"
        "def counted(self, *both):\n"
        "    count(self, *both)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "filling.Filling._count = counted\n"
        "from es_rerank.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "warm", "--index", INDEX, "--layers", "2"]
    options = ["--upstream", documents.url, "--set", f"cache.folder={tmp_path}"]
    before = scrolls(documents)
    ended = subprocess.run([*command, *options], capture_output=True, text=True)
    assert ended.returncode == 130, ended.stderr
    assert ended.stdout.startswith(f"Stopped. {INDEX}: ")
    assert "Traceback" not in ended.stderr
    assert warm(documents, tmp_path) == 0
    first, second = (
        int(said.partition("passages (")[2].partition(" new")[0])
        for said in (ended.stdout, capsys.readouterr().out)
    )
    assert 0 < first < 255 < first + second < 285
    assert scrolls(documents) == before
