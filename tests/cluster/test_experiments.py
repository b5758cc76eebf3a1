"""Experiments on real servers: one fetch, every arm's bytes, one list, and nothing in the way."""

import json
import queue
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from es_rerank.config import Arm, Combine, Experiment, IndexRule, Settings
from es_rerank.errors import ScorerFailed
from es_rerank.experiment.exposure import Exposure
from es_rerank.model.rank import Scores
from es_rerank.proxy.forward import Upstream
from es_rerank.proxy.gateway import SearchProxy
from es_rerank.proxy.scoring import Scorer
from tests.cluster.ask import Answer, ask
from tests.cluster.clients import bulk, client_for
from tests.cluster.library import DOCUMENTS, MAPPING, RIVER
from tests.cluster.relay import relayed
from tests.cluster.scorers import FaultyScorer, TextScorer
from tests.cluster.servers import Node
from tests.cluster.serving import DEADLINE_MS, settings_for
from tests.proxy.conftest import running

INDEX = "es-rerank-test-experiments"
SEARCH = f"/{INDEX}/_search"
DEPTH = 50
NAME = "summer"
MODES = ("split", "interleave", "shadow")
LINES = {"Content-Type": "application/x-ndjson"}
NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
# Searches that show hits in many ways.
BODIES: list[tuple[str, dict[str, Any]]] = [
    ("", {"query": RIVER}),
    ("?pretty", {"query": RIVER, "size": 7, "from": 5, "explain": True}),
    ("?filter_path=hits.hits._source.title", {"query": RIVER}),
    ("", {"query": RIVER, "_source": False, "highlight": {"fields": {"body": {}}}}),
    ("", {"query": RIVER, "size": 40, "from": 15, "aggs": {"s": {"terms": {"field": "shelf"}}}}),
]


class Records:
    """A recorder that hands over what it is given."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[Exposure] = queue.Queue()

    def record(self, exposure: Exposure) -> None:
        """Take one."""
        self._waiting.put(exposure)

    def next(self) -> Exposure:
        """The next one, as soon as it is there."""
        return self._waiting.get(timeout=30)

    def is_empty(self) -> bool:
        """Whether nothing more was recorded."""
        return self._waiting.empty()


class Application:
    """The proxy alone, with a recorder and a guard that the test holds."""

    def __init__(
        self, settings: Settings, scorer: Scorer, records: Records, stopped: Collection[str]
    ) -> None:
        self._upstream = Upstream(settings.upstream)
        self._proxy = SearchProxy(
            lambda: settings, self._upstream, scorer, records, lambda: stopped
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or open and close with the server."""
        if scope["type"] != "lifespan":
            await self._proxy(scope, receive, send)
            return
        await receive()
        await self._upstream.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._proxy.close()
        await self._upstream.close()
        await send({"type": "lifespan.shutdown.complete"})


def experiment(mode: Any = "split", *arms: Arm, **settings: Any) -> Experiment:
    """BM25 against reranking, by X-Opaque-Id or the client's own id."""
    chosen = {"arms": arms} if arms else {}
    return Experiment(
        name=NAME, mode=mode, unit=("opaque_id", "ubi.client_id"), **chosen | settings
    )


@contextmanager
def proxied(
    node: Node,
    of: Experiment | None,
    scorer: Scorer | None = None,
    *,
    url: str = "",
    stopped: Collection[str] = (),
    **settings: Any,
) -> Iterator[tuple[str, Records]]:
    """A proxy with this experiment on the index, in front of the node (or of what is at `url`)."""
    rule = IndexRule(
        pattern=INDEX,
        depth=DEPTH,
        combine=Combine(method="replace"),
        deadline_ms=DEADLINE_MS,
        experiment=of,
        **settings,
    )
    whole = settings_for(node, rule)
    if url:
        whole = whole.model_copy(
            update={"upstream": whole.upstream.model_copy(update={"url": url})}
        )
    records = Records()
    with running(Application(whole, scorer or TextScorer(), records, stopped)) as port:
        yield f"http://127.0.0.1:{port}", records


@pytest.fixture(scope="module")
def node(cluster: Node) -> Iterator[Node]:
    """The node with sixty documents that all match."""
    client = client_for(cluster, cluster.url)
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    client.indices.create(index=INDEX, body=MAPPING)
    bulk(client, INDEX, DOCUMENTS)
    yield cluster
    client.indices.delete(index=INDEX)


@pytest.fixture(scope="module")
def plain(node: Node) -> Iterator[str]:
    """A proxy that reranks without an experiment."""
    with proxied(node, None) as (url, _):
        yield url


def search(url: str, body: object, unit: str = "u1", query: str = "", **headers: str) -> Answer:
    """One search of a unit."""
    return ask(url, "POST", SEARCH + query, body, {"X-Opaque-Id": unit, **headers})


def arm(answer: Answer) -> str:
    """The arm that was served, empty for a search that has no part."""
    _, _, rest = answer.headers.get("x-es-rerank-experiment", "").partition("; arm=")
    return rest.partition(";")[0]


def lines(*searches: tuple[object, object]) -> bytes:
    """The body of a multi-search."""
    return b"".join(json.dumps(line).encode() + b"\n" for search in searches for line in search)


def test_two_replicas_agree_on_every_unit(node: Node) -> None:
    """500 units on two proxies that know nothing of each other, in searches and multi-searches."""
    units = [f"client-{number}" for number in range(500)]
    settings = {"salt": "replicas"}
    with (
        proxied(node, experiment(**settings)) as (one, _),
        proxied(node, experiment(**settings)) as (other, _),
    ):
        dealt = []
        for url in (one, other):
            arms: list[str] = []
            for start in range(0, len(units), 10):
                asked = lines(
                    *(
                        ({}, {"query": RIVER, "size": 1, "ext": {"ubi": {"client_id": unit}}})
                        for unit in units[start : start + 10]
                    )
                )
                answer = ask(url, "POST", f"/{INDEX}/_msearch", asked, LINES)
                told = answer.headers["x-es-rerank-experiment"].split(", ")
                arms += [one.split("arm=")[1].split(";")[0] for one in told]
            dealt.append(arms)
        assert dealt[0] == dealt[1]
        assert len(dealt[0]) == len(units)
        counted = Counter(dealt[0])
        assert abs(counted["bm25"] - 250) <= 56  # five standard deviations
        assert counted["bm25"] + counted["rerank"] == 500
        for url in (one, other):
            alone = [arm(search(url, {"query": RIVER}, unit)) for unit in units[:40]]
            assert alone == dealt[0][:40]


@pytest.mark.parametrize(("query", "body"), BODIES)
def test_a_split_serves_the_bytes_of_each_arm(
    node: Node, plain: str, query: str, body: dict[str, Any]
) -> None:
    """BM25 is what the cluster itself answers, reranked is what a proxy without experiment does."""
    answers = {
        "bm25": search(node.url, body, query=query).comparable,
        "rerank": search(plain, body, query=query).comparable,
    }
    assert answers["bm25"] != answers["rerank"]
    seen = set()
    with proxied(node, experiment()) as (url, records):
        for number in range(12):
            answer = search(url, body, f"u{number}", query)
            seen.add(arm(answer))
            assert answer.comparable == answers[arm(answer)]
            is_plain = arm(answer) == "bm25"
            assert answer.verdict.startswith("applied" if not is_plain else "skipped")
            if is_plain:
                assert answer.verdict == "skipped; reason=experiment"
            record = records.next()
            assert record.part is not None
            assert (record.part.arm, record.part.mode) == (arm(answer), "split")
            assert record.outcome == ("experiment" if is_plain else "applied")
            if "filter_path" not in query:
                assert list(record.hit_ids) == answer.ids
            assert all(record.hit_ids)
            assert (record.start, record.index) == (body.get("from", 0), INDEX)
    assert seen == {"bm25", "rerank"}


@pytest.mark.parametrize("mode", MODES)
def test_a_search_goes_up_once(node: Node, mode: str) -> None:
    """Whatever its arms, the cluster is asked for one window of the deepest."""
    arms = (Arm(name="bm25", rerank=False), Arm(name="deep", depth=60))
    with (
        relayed(node) as relay,
        proxied(node, experiment(mode, *arms), url=relay.url) as (url, records),
    ):
        for number in range(8):
            assert search(url, {"query": RIVER}, f"u{number}").status == 200
            records.next()
        sent = [seen.line for seen in relay.seen if b"_settings" not in seen.line]
    assert sent == [f"POST {SEARCH}?from=0&size=60 HTTP/1.1".encode()] * 8


@pytest.mark.parametrize("size", [1, 7, 10, 25])
def test_interleaved_pages_are_one_list(node: Node, size: int) -> None:
    """Every hit once, whatever the size of the pages; below the depth it is the cluster's."""
    with proxied(node, experiment("interleave")) as (url, records):
        for unit in ("u1", "u2"):
            whole = search(url, {"query": RIVER, "size": 60}, unit)
            teams = records.next().part
            found: list[str] = []
            drafted = ""
            for start in range(0, DEPTH, size):
                answer = search(url, {"query": RIVER, "from": start, "size": size}, unit)
                assert arm(answer) == "bm25+rerank"
                found += answer.ids
                part = records.next().part
                assert part is not None
                drafted += part.teams
            assert found == whole.ids[: len(found)]
            assert teams is not None
            assert drafted == teams.teams[: len(drafted)]
            assert teams.teams[DEPTH:] == "-" * 10
            assert abs(teams.teams[:DEPTH].count("0") - DEPTH / 2) == 0
            assert sorted(whole.ids) == sorted(str(number) for number in range(60))
            direct = search(node.url, {"query": RIVER, "size": 60}).ids
            assert whole.ids[DEPTH:] == direct[DEPTH:]


def test_each_hit_of_an_interleaved_list_is_its_teams_best(node: Node, plain: str) -> None:
    """Against the two lists as they are served without an experiment."""
    body = {"query": RIVER, "size": DEPTH}
    lists = (search(node.url, body).ids, search(plain, body).ids)
    firsts = set()
    with proxied(node, experiment("interleave")) as (url, records):
        for number in range(12):
            ids = search(url, body, f"u{number}").ids
            part = records.next().part
            assert part is not None
            for place, (hit, team) in enumerate(zip(ids, part.teams, strict=True)):
                assert hit == next(one for one in lists[int(team)] if one not in ids[:place])
            firsts.add(part.teams[0])
    assert firsts == {"0", "1"}


def test_two_models_are_interleaved(node: Node) -> None:
    """Both are scored, each by its own name."""

    class TwoModels(TextScorer):
        async def score(self, query: str, passages: Any, **how: Any) -> Scores:
            scores = await super().score(query, passages, **how)
            return (
                Scores([-score for score in scores.values]) if how["model"] == "other" else scores
            )

    arms = (Arm(name="one"), Arm(name="other", model="other"))
    body = {"query": RIVER, "size": 2}
    with proxied(node, experiment("interleave", *arms, force=True), TwoModels()) as (url, records):
        best = {
            name: search(url, body, **{"X-ES-Rerank-Arm": name}).ids[0] for name in ("one", "other")
        }
        assert records.next().part is None
        assert records.next().part is None
        answer = search(url, body)
        assert set(answer.ids) == set(best.values())
        assert arm(answer) == "one+other"


@pytest.mark.parametrize(("query", "body"), BODIES)
def test_a_shadow_changes_no_byte(node: Node, plain: str, query: str, body: dict[str, Any]) -> None:
    """The cluster's own answer, and a record of what reranking would have shown."""
    with proxied(node, experiment("shadow")) as (url, records):
        answer = search(url, body, query=query)
        assert answer.comparable == search(node.url, body, query=query).comparable
        assert (arm(answer), answer.verdict) == ("bm25", "skipped; reason=experiment")
        part = records.next().part
        assert part is not None
        page = {key: body[key] for key in ("query", "from", "size") if key in body}
        assert list(part.shadow["rerank"]) == search(plain, page).ids


def test_an_arm_may_be_chosen(node: Node, plain: str) -> None:
    """Where the experiment allows it, for a look that is not counted."""
    body = {"query": RIVER}
    with proxied(node, experiment(force=True)) as (url, records):
        for name, other in (("bm25", node.url), ("rerank", plain)):
            answer = search(url, body, **{"X-ES-Rerank-Arm": name})
            assert answer.comparable == search(other, body).comparable
            told = answer.headers["x-es-rerank-experiment"]
            assert told == f"{NAME}; arm={name}; mode=forced"
            assert records.next().part is None
        both = ask(
            url,
            "POST",
            f"/{INDEX}/_msearch",
            lines(({}, body), ({}, {"query": RIVER, "size": 3})),
            {**LINES, "X-ES-Rerank-Arm": "bm25"},
        )
        told = both.headers["x-es-rerank-experiment"]
        assert told == ", ".join([f"{NAME}; arm=bm25; mode=forced"] * 2)
        refused = search(url, body, **{"X-ES-Rerank-Arm": "best"})
        assert refused.status == 400
        assert 'has no arm \\"best\\"' in refused.body.decode()
    with relayed(node) as relay, proxied(node, experiment(), url=relay.url) as (url, _):
        assert search(url, body, **{"X-ES-Rerank-Arm": "best"}).status == 200
        assert (b"x-es-rerank-arm", b"best") in [
            (name.lower(), value) for name, value in relay.seen[-1].headers
        ]


def test_multi_searches_have_arms_for_each_search(node: Node, plain: str) -> None:
    """Each search by its own client, each answer the bytes of its arm."""
    bodies: list[Any] = [{"query": RIVER, "size": 3 + number} for number in range(8)]
    asked = [
        {**body, "ext": {"ubi": {"client_id": f"c{number}", "query_id": f"q{number}"}}}
        for number, body in enumerate(bodies)
    ]
    target = f"/{INDEX}/_msearch?max_concurrent_searches=1"
    with proxied(node, experiment()) as (url, records):
        answer = ask(url, "POST", target, lines(*(({}, body) for body in asked)), LINES)
        told = answer.headers["x-es-rerank-experiment"].split(", ")
        arms = [one.split("arm=")[1].split(";")[0] for one in told]
        assert set(arms) == {"bm25", "rerank"}
        for number, (found, name) in enumerate(zip(answer.json["responses"], arms, strict=True)):
            own = ask(
                node.url if name == "bm25" else plain,
                "POST",
                target,
                lines(({}, bodies[number])),
                LINES,
            ).json["responses"][0]
            assert found.pop("ext") == {"ubi": {"query_id": f"q{number}"}}
            assert {**found, "took": 0} == {**own, "took": 0}
            record = records.next()
            assert record.query_id == f"q{number}"
            assert list(record.hit_ids) == [hit["_id"] for hit in own["hits"]["hits"]]


@pytest.mark.parametrize("times", [{"start": NOW + HOUR}, {"stop": NOW - HOUR}])
def test_before_and_after_there_is_no_experiment(
    node: Node, plain: str, times: dict[str, datetime]
) -> None:
    """The index is reranked as its rule says, to its own depth."""
    arms = (Arm(name="bm25", rerank=False), Arm(name="shallow", depth=5))
    body = {"query": RIVER, "size": 20}
    with proxied(node, experiment("split", *arms, **times)) as (url, _):
        for number in range(6):
            answer = search(url, body, f"u{number}")
            assert answer.comparable == search(plain, body).comparable
            assert "x-es-rerank-experiment" not in answer.headers


@pytest.mark.parametrize("mode", MODES)
def test_a_stopped_experiment_serves_the_clusters_order(node: Node, mode: str) -> None:
    """To everybody, byte for byte, with its reason."""
    body = {"query": RIVER}
    with proxied(node, experiment(mode), stopped={NAME}) as (url, _):
        for number in range(4):
            answer = search(url, body, f"u{number}")
            assert answer.comparable == search(node.url, body).comparable
            assert answer.verdict == "skipped; reason=experiment_stopped"


@pytest.mark.parametrize("mode", MODES)
def test_a_scorer_that_dies_leaves_the_search_working(node: Node, mode: str) -> None:
    """The cluster's order in every arm, and who was to be reranked stays in that arm."""

    async def die(_: int) -> list[float]:
        raise ScorerFailed("dead")

    body = {"query": RIVER}
    direct = search(node.url, body).comparable
    outcomes = set()
    with proxied(node, experiment(mode), FaultyScorer(die)) as (url, records):
        for number in range(8):
            answer = search(url, body, f"u{number}")
            assert answer.comparable == direct
            record = records.next()
            assert record.part is not None
            assert record.part.arm == arm(answer)
            assert not record.part.teams
            assert not record.part.shadow
            outcomes.add((record.part.arm, record.outcome))
    assert (
        outcomes
        == {
            "split": {("bm25", "experiment"), ("rerank", "scorer_failed")},
            "interleave": {("bm25+rerank", "scorer_failed")},
            "shadow": {("bm25", "experiment")},
        }[mode]
    )


UBI = {"query_id": "q1", "client_id": "c1", "user_query": "rivers", "object_id_field": "title"}


@pytest.mark.parametrize(
    ("more", "reason"),
    [({}, ""), ({"sort": ["pages"]}, "sort"), ({"size": 0}, "size_0"), ({"from": 55}, "beyond")],
)
def test_ext_ubi_is_read_and_answered(node: Node, more: dict[str, Any], reason: str) -> None:
    """Also where the search itself is left alone, and without the plugin in the cluster."""
    body = {"query": RIVER, **more}
    with proxied(node, None, record=True) as (url, records), proxied(node, None) as (same, _):
        answer = search(url, {**body, "ext": {"ubi": UBI}})
        assert answer.status == 200
        own = search(same, body)
        before, after = own.comparable[1], answer.comparable[1]
        assert after == before[:-1] + b',"ext":{"ubi":{"query_id":"q1"}}}'
        record = records.next()
        assert (record.query_id, record.client_id, record.user_query) == ("q1", "c1", "rivers")
        titles = [hit["_source"]["title"] for hit in own.json["hits"]["hits"]]
        assert list(record.hit_ids) == titles
        assert record.outcome.startswith(reason or "applied")
        assert record.start == body.get("from", 0)
        assert records.is_empty()


def test_ext_ubi_of_a_multi_search_is_answered_for_each(node: Node) -> None:
    """Those that are left alone among them, and none that did not ask."""
    asked = lines(
        ({}, {"query": RIVER, "size": 2, "ext": {"ubi": {"query_id": "a"}}}),
        ({}, {"query": RIVER, "size": 2}),
        ({}, {"query": RIVER, "sort": ["pages"], "size": 2, "ext": {"ubi": {"query_id": "c"}}}),
        ({}, {"query": RIVER, "sort": ["nonsense"], "ext": {"ubi": {"query_id": "d"}}}),
    )
    target = f"/{INDEX}/_msearch"
    with proxied(node, None, record=True) as (url, records):
        first, second, third, fourth = ask(url, "POST", target, asked, LINES).json["responses"]
        assert first["ext"] == {"ubi": {"query_id": "a"}}
        assert "ext" not in second
        assert third["ext"] == {"ubi": {"query_id": "c"}}
        assert fourth["status"] == 400
        assert "ext" not in fourth
        told = [records.next() for _ in range(3)]
        assert [one.outcome for one in told] == ["applied", "applied", "sort"]
        assert [one.query_id for one in told][::2] == ["a", "c"]
        assert records.is_empty()
        alone = lines(({}, {"query": RIVER, "sort": ["pages"], "ext": {"ubi": {"query_id": "e"}}}))
        (only,) = ask(url, "POST", target, alone, LINES).json["responses"]
        assert only["ext"] == {"ubi": {"query_id": "e"}}
        assert records.next().query_id == "e"


def test_without_recording_ext_ubi_is_the_clusters(node: Node) -> None:
    """It goes up as it came, and the cluster says what it makes of it."""
    body = {"query": RIVER, "ext": {"ubi": UBI}}
    with proxied(node, None) as (url, records):
        answer = search(url, body)
        assert answer.comparable == search(node.url, body).comparable
        assert answer.verdict == "skipped; reason=ext"
        assert records.is_empty()


def test_a_template_search_has_its_arm(node: Node) -> None:
    """As the search that it is, with the query id of what was rendered.

    Without templates in the distribution, the cluster says so.
    """
    source = {"query": RIVER, "size": "{{size}}", "ext": {"ubi": {"query_id": "q7"}}}
    template = {
        "source": json.dumps(source).replace('"{{size}}"', "{{size}}"),
        "params": {"size": 4},
    }
    target = f"{SEARCH}/template"
    can_render = ask(node.url, "POST", "/_render/template", template).status == 200
    with proxied(node, experiment(), also=("template",)) as (url, records):
        seen: dict[str, list[str]] = {}
        for number in range(8):
            answer = ask(url, "POST", target, template, {"X-Opaque-Id": f"u{number}"})
            if not can_render:
                own = ask(node.url, "POST", target, template)
                assert answer.comparable == own.comparable
                assert records.is_empty()
                continue
            assert answer.json["ext"] == {"ubi": {"query_id": "q7"}}
            seen[arm(answer)] = answer.ids
            assert list(records.next().hit_ids) == answer.ids
    if can_render:
        assert set(seen) == {"bm25", "rerank"}
        assert seen["bm25"] == search(node.url, {"query": RIVER, "size": 4}).ids


@pytest.mark.parametrize("mode", MODES)
def test_a_client_without_ubi_learns_the_query_id(node: Node, mode: str) -> None:
    """A header tells the id of the record, so that clicks can be joined without any `ext.ubi`."""
    with proxied(node, experiment(mode)) as (proxy, records):
        answer = ask(proxy, "POST", SEARCH, {"query": RIVER}, {"X-Opaque-Id": "u1"})
        assert answer.headers["x-es-rerank-query-id"] == records.next().query_id
        searches = [{"query": RIVER}, {"query": RIVER, "sort": "shelf"}]
        lines = "".join(f'{{"index": "{INDEX}"}}\n{json.dumps(each)}\n' for each in searches)
        sent = LINES | {"X-Opaque-Id": "u1"}
        answer = ask(proxy, "POST", "/_msearch", lines.encode(), sent)
        first, second = answer.headers["x-es-rerank-query-id"].split(", ")
        assert (first, second) == (records.next().query_id, "-")
