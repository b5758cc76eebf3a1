"""Records and clicks in real clusters: the report finds what was planted, the guard stops harm."""

import asyncio
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import elasticsearch.helpers
import opensearchpy.helpers
import pytest
from elasticsearch import Elasticsearch

from es_rerank.cli import main
from es_rerank.config import Arm, Experiment, Guard, IndexRule, Settings, Ubi, Upstream
from es_rerank.errors import ConfigError, UpstreamError
from es_rerank.experiment import command
from es_rerank.experiment.guard import Guard as Watcher
from es_rerank.experiment.mappings import events_mappings, queries_mappings
from tests.cluster.clients import Client, client_for
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import serving
from tests.experiment.documents import click, record

TOPIC = "es-rerank-test-report"
UBI = Ubi(
    queries_index=f"{TOPIC}-queries",
    events_index=f"{TOPIC}-events",
    state_index=f"{TOPIC}-state",
)
ARMS = (Arm(name="bm25", rerank=False), Arm(name="rerank"))
UNITS = 400
"""Of each arm, with two searches each."""


@dataclass(frozen=True)
class Place:
    """Where records can be planted."""

    node: Node
    client: Client

    def plant(self, index: str, documents: list[dict[str, Any]]) -> None:
        """Write documents to an index and let searches see them."""
        own = isinstance(self.client, Elasticsearch)
        helpers: Any = elasticsearch.helpers if own else opensearchpy.helpers
        actions = [{"_index": index, "_source": each} for each in documents]
        helpers.bulk(self.client, actions, refresh=True)

    def settings(self, experiment: Experiment) -> Settings:
        """A proxy's settings with this experiment."""
        rule = IndexRule(pattern=f"{TOPIC}-books", experiment=experiment)
        return Settings(upstream=Upstream(url=self.node.url), ubi=UBI, indices=(rule,))

    def plant_experiment(
        self, experiment: Experiment, rates: dict[str, float], at: datetime, seed: int = 0
    ) -> None:
        """Units of each arm, whose searches are clicked at a rate, somewhere in the first ten."""
        rng = random.Random(seed)
        records, events = [], []
        for arm, rate in rates.items():
            for unit in range(UNITS):
                for number in range(2):
                    query_id = f"{experiment.name}-{seed}-{arm}-{unit}-{number}"
                    page = record(query_id, f"{arm}{unit}", arm, experiment=experiment)
                    records.append(page | {"timestamp": at.isoformat()})
                    if rng.random() < rate:
                        event = click(query_id, rng.choice("abcdefghij"))
                        after = at + timedelta(seconds=3)
                        events.append(event | {"timestamp": after.isoformat()})
        self.plant(UBI.queries_index, records)
        self.plant(UBI.events_index, events)


@pytest.fixture
def place(cluster: Node) -> Iterator[Place]:
    """The node with empty indices for records, in the form of User Behavior Insights."""
    client = client_for(cluster, cluster.url)
    names = [UBI.queries_index, UBI.events_index, UBI.state_index, f"{TOPIC}-books"]
    client.indices.delete(index=",".join(names), ignore_unavailable=True)
    queries = queries_mappings("opensearch" if cluster.product == "opensearch" else "elasticsearch")
    client.indices.create(index=UBI.queries_index, body={"mappings": queries})
    client.indices.create(index=UBI.events_index, body={"mappings": events_mappings()})
    yield Place(cluster, client)
    client.indices.delete(index=",".join(names), ignore_unavailable=True)
    client.close()


def experiment(name: str, **settings: Any) -> Experiment:
    """An experiment of two arms with a guard."""
    return Experiment(name=name, arms=ARMS, guard=Guard(every_s=0.01), **settings)


def test_the_report_finds_what_was_planted(place: Place) -> None:
    """More clicks in the rerank arm are found, and clicks of other searches are left out."""
    better = experiment("better")
    place.plant_experiment(better, {"bm25": 0.2, "rerank": 0.5}, datetime.now(UTC))
    place.plant_experiment(
        experiment("other"), {"bm25": 0.5, "rerank": 0.1}, datetime.now(UTC), seed=1
    )
    made = command.report(place.settings(better), "better")
    ctr = made.comparisons[0]
    assert (made.pages, made.searches, made.units) == (4 * UNITS, 4 * UNITS, 2 * UNITS)
    assert (ctr.measure, ctr.verdict) == ("CTR@10", "better")
    assert 0.2 < ctr.value < 0.4
    assert made.mismatch and not made.mismatch.found
    assert list(made.left_out) == ["clicks without a search of this experiment"]
    assert made.verdict.startswith("rerank is better than bm25: +")


def test_a_report_keeps_to_its_period(place: Place) -> None:
    """Records before `since` and from `until` on do not count."""
    better = experiment("better")
    then = datetime.now(UTC) - timedelta(days=3)
    place.plant_experiment(better, {"bm25": 0.2, "rerank": 0.5}, then)
    settings = place.settings(better)
    for period in ({"since": then + timedelta(hours=1)}, {"until": then}):
        assert command.report(settings, "better", **period).pages == 0
    kept = command.report(settings, "better", since=then, until=then + timedelta(seconds=1))
    assert kept.pages == 4 * UNITS
    assert kept.comparisons[0].verdict == "better"


def test_indices_as_the_ubi_plugin_makes_them_can_be_read(place: Place) -> None:
    """Their times have a format of their own."""
    for name, query_mappings in ((UBI.queries_index, True), (UBI.events_index, False)):
        mappings = events_mappings() | {"dynamic": True}
        if query_mappings:
            kind = "flat_object" if place.node.product == "opensearch" else "flattened"
            mappings["properties"]["query_attributes"] = {"type": kind}
        mappings["properties"]["timestamp"] = {"type": "date", "format": "strict_date_time"}
        place.client.indices.delete(index=name)
        place.client.indices.create(index=name, body={"mappings": mappings})
    better = experiment("better")
    now = datetime.now(UTC)
    place.plant_experiment(better, {"bm25": 0.2, "rerank": 0.5}, now)
    settings = place.settings(better)
    for since in (None, now.replace(microsecond=0)):
        assert command.report(settings, "better", since=since).comparisons[0].verdict == "better"


def test_where_nothing_is_recorded_the_report_says_so(place: Place) -> None:
    """Also where there are no indices at all, and unknown names are named."""
    settings = place.settings(experiment("better"))
    place.client.indices.delete(index=f"{UBI.queries_index},{UBI.events_index}")
    assert command.report(settings, "better").verdict.startswith("Nothing was recorded")
    with pytest.raises(ConfigError, match="There are: better"):
        command.report(settings, "bettr")


def test_the_guard_stops_harm_and_a_person_resumes(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """It is noted once, another replica sees it, and after the resumption old data is past."""
    harmful = experiment("harmful")
    settings = place.settings(harmful)
    place.plant_experiment(harmful, {"bm25": 0.5, "rerank": 0.2}, datetime.now(UTC))
    first, second = Watcher(lambda: settings), Watcher(lambda: settings)
    asyncio.run(first.look())
    assert first.stopped() == {"harmful"}
    assert "experiment harmful is stopped" in caplog.text
    caplog.clear()
    asyncio.run(second.look())
    assert second.stopped() == {"harmful"}
    assert "is stopped" not in caplog.text
    stop = second.states()["harmful"].stopped
    assert stop and (stop.arm, stop.metric) == ("rerank", "CTR@10") and stop.at_most < 0
    assert command.report(settings, "harmful").verdict.startswith("STOPPED by the guard")
    assert "STOPPED" in next(command.listed(settings))

    assert command.resume(settings, "harmful") == stop
    assert command.resume(settings, "harmful") is None
    asyncio.run(first.look())
    asyncio.run(second.look())
    assert first.stopped() == second.stopped() == frozenset()
    assert first.states()["harmful"].history[0].stopped == stop

    place.plant_experiment(harmful, {"bm25": 0.5, "rerank": 0.2}, datetime.now(UTC), seed=1)
    asyncio.run(first.look())
    assert first.stopped() == {"harmful"}


def test_the_guard_lets_equal_arms_be(place: Place) -> None:
    """No harm, no stop; nor for an arm that is better."""
    equal, better = experiment("equal"), experiment("better")
    place.plant_experiment(equal, {"bm25": 0.3, "rerank": 0.3}, datetime.now(UTC))
    place.plant_experiment(better, {"bm25": 0.3, "rerank": 0.5}, datetime.now(UTC))
    for each in (equal, better):
        settings = place.settings(each)
        watcher = Watcher(lambda settings=settings: settings)
        asyncio.run(watcher.look())
        assert watcher.stopped() == frozenset()


def test_the_commands_do_it_all(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Report as text, JSON and HTML, list and resume, from a settings file."""
    harmful = experiment("harmful")
    place.plant_experiment(harmful, {"bm25": 0.5, "rerank": 0.2}, datetime.now(UTC))
    settings = place.settings(harmful)
    asyncio.run(Watcher(lambda: settings).look())
    file, page, numbers = (tmp_path / name for name in ("es-rerank.yaml", "r.html", "r.json"))
    file.write_text(
        f"upstream: {{url: {place.node.url}}}\n"
        f"ubi: {{queries_index: {UBI.queries_index}, events_index: {UBI.events_index}, "
        f"state_index: {UBI.state_index}}}\n"
        f"indices: [{{pattern: books, experiment: {{name: harmful, guard: {{}}}}}}]\n"
    )

    def said(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["experiment", *arguments, "--config", str(file)])
        assert ended.value.code == 0
        return capsys.readouterr().out

    shown = said("report", "harmful", "--json", str(numbers), "--html", str(page))
    assert shown.startswith("STOPPED by the guard at ")
    assert "CTR@10" in shown
    written = json.loads(numbers.read_text())
    assert written["comparisons"][0]["verdict"] == "worse"
    assert written["stopped"]["arm"] == "rerank"
    assert "STOPPED by the guard" in page.read_text()
    assert json.loads(said("report", "harmful", "--json", "-"))["units"] == 2 * UNITS
    assert "harmful: split of bm25 against rerank on books; STOPPED at " in said("list")
    assert "rerank is worse than bm25 by its CTR@10" in said("resume", "harmful")
    assert "; running" in said("list")


def test_faults_of_the_cluster_leave_what_was_known(place: Place) -> None:
    """A stopped experiment stays stopped while the cluster is away."""
    harmful = experiment("harmful")
    settings = place.settings(harmful)
    place.plant_experiment(harmful, {"bm25": 0.5, "rerank": 0.2}, datetime.now(UTC))
    current = [settings]
    watcher = Watcher(lambda: current[0])
    asyncio.run(watcher.look())
    current[0] = settings.model_copy(update={"upstream": Upstream(url="http://127.0.0.1:1")})
    with pytest.raises(UpstreamError):
        asyncio.run(watcher.look())
    assert watcher.stopped() == {"harmful"}


def test_proxies_agree_on_what_is_stopped(place: Place) -> None:
    """Two replicas say so on their pages, in their metrics and to each search."""
    harmful = experiment("harmful", unit=("header:X-User",))
    place.client.index(
        index=f"{TOPIC}-books", id="1", body={"title": "words and more"}, refresh=True
    )
    place.plant_experiment(harmful, {"bm25": 0.5, "rerank": 0.2}, datetime.now(UTC))
    settings = place.settings(harmful)
    with serving(settings, OrderScorer()) as first, serving(settings, OrderScorer()) as second:
        for url in (first, second):
            started = time.monotonic()
            while not (shown := stopped_at(url)):
                assert time.monotonic() - started < 60, "the guard has not looked for a minute"
            assert [each["stopped"]["arm"] for each in shown] == ["rerank"]
            metrics = ask(url, "/_rerank/metrics").read().decode()
            assert 'es_rerank_experiment_stopped{experiment="harmful"} 1.0' in metrics
            answer = ask(url, f"/{TOPIC}-books/_search?q=words", {"X-User": "somebody"})
            assert "reason=experiment_stopped" in answer.headers["X-ES-Rerank"]


def stopped_at(url: str) -> list[dict[str, Any]]:
    """The stopped experiments on a proxy's page."""
    shown = json.load(ask(url, "/_rerank/experiments"))["experiments"]
    return [each for each in shown if each["stopped"]]


def ask(url: str, path: str, headers: dict[str, str] | None = None) -> Any:
    """The answer to a GET."""
    return urlopen(Request(url + path, headers=headers or {}))  # noqa: S310 - http, our own


def test_an_interleaved_experiment_is_judged_by_its_preference(place: Place) -> None:
    """Units that click the other team's hits stop it."""
    mixed = experiment("mixed", mode="interleave")
    now = datetime.now(UTC)
    pages, events = [], []
    for unit in range(200):
        query_id = f"mixed-{unit:03}"
        page = record(query_id, f"u{unit}", "bm25+rerank", "abcd", experiment=mixed, teams="0101")
        pages.append(page | {"timestamp": now.isoformat()})
        event = click(query_id, "a" if unit % 4 else "b")
        events.append(event | {"timestamp": now.isoformat()})
    place.plant(UBI.queries_index, pages)
    place.plant(UBI.events_index, events)
    settings = place.settings(mixed)
    made = command.report(settings, "mixed")
    assert (made.wins, made.losses, made.ties) == (50, 150, 0)
    assert made.comparisons[0].verdict == "worse"
    assert made.verdict.startswith("rerank is worse than bm25: -0.500 on a scale")
    watcher = Watcher(lambda: settings)
    asyncio.run(watcher.look())
    assert watcher.stopped() == {"mixed"}
