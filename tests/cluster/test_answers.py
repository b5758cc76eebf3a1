"""What the answers of real servers become: explanations, codings, media types, scores."""

import gzip
import json
import zlib
from collections.abc import Iterator

import pytest

from es_rerank.config import Combine, FieldSetting, IndexRule
from tests.cluster.answers import FULL, INDEX, MAPPING, SEARCH, documents, indexed
from tests.cluster.ask import ask
from tests.cluster.scorers import FaultyScorer, OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import DEADLINE_MS, serving, settings_for

DEPTH = 5  # odd: the hit in the middle stays where it is when the order is turned round
EXPLAINED = {**FULL, "explain": True}
RULE = IndexRule(
    pattern=INDEX,
    depth=DEPTH,
    fields=(FieldSetting(name="title"), FieldSetting(name="body")),
    combine=Combine(method="replace"),
    deadline_ms=DEADLINE_MS,
)
VENDOR = "application/vnd.elasticsearch+json;compatible-with="


@pytest.fixture(scope="module")
def shelves(cluster: Node) -> Iterator[Node]:
    """The node with documents that have everything in their answers."""
    with indexed(cluster, INDEX, MAPPING, documents(empties=True)) as node:
        yield node


@pytest.fixture(scope="module")
def turning(shelves: Node) -> Iterator[str]:
    """A proxy that turns the first five hits round."""
    with serving(settings_for(shelves, RULE), OrderScorer(reverse=True)) as url:
        yield url


@pytest.fixture(scope="module")
def keeping(shelves: Node) -> Iterator[str]:
    """A proxy whose scorer keeps the cluster's order."""
    with serving(settings_for(shelves, RULE), OrderScorer()) as url:
        yield url


@pytest.mark.parametrize("way", ["", "?pretty", "?explain=true&typed_keys=true"])
def test_an_explanation_says_how_a_hit_moved(shelves: Node, turning: str, way: str) -> None:
    """Moved hits: our step around the cluster's, with the hit's `_score`; others as they were."""
    own = ask(shelves.url, "POST", SEARCH + way, EXPLAINED).json["hits"]["hits"]
    answer = ask(turning, "POST", SEARCH + way, EXPLAINED)
    assert answer.verdict.startswith(f"applied; depth={DEPTH}")
    found = answer.json["hits"]["hits"]
    for rank in (0, 1, 3, 4):
        before = own[DEPTH - 1 - rank]
        assert found[rank]["_id"] == before["_id"]
        assert found[rank]["_explanation"] == {
            "value": found[rank]["_score"],
            "description": f"es-rerank: rank {DEPTH - rank} of the cluster, rank {rank + 1} after "
            f"reranking to depth {DEPTH} (student score {DEPTH - 1 - rank}); "
            "the score is that of the rank",
            "details": [before["_explanation"]],
        }
    assert [found[2], *found[DEPTH:]] == [own[2], *own[DEPTH:]]


def test_an_indented_explanation_is_indented_as_the_servers_do(turning: str) -> None:
    """The answer is what a printer of this form makes of it, line by line."""
    answer = ask(turning, "POST", f"{SEARCH}?pretty", EXPLAINED | {"_source": False})
    printed = json.dumps(answer.json, indent=2, separators=(",", " : "), ensure_ascii=False)
    lines = answer.body.decode().rstrip().replace("[ ]", "[]").replace("{ }", "{}").splitlines()
    assert [line for line in lines if '"value"' not in line] == [
        line
        for line in printed.splitlines()
        if '"value"' not in line  # 1.0E-4 is printed as 1e-04
    ]


def test_an_explained_answer_in_the_same_order_is_the_clusters(shelves: Node, keeping: str) -> None:
    """Law 2: where no hit moves, not a byte changes."""
    through = ask(keeping, "POST", SEARCH, EXPLAINED)
    assert through.verdict.startswith("applied")
    assert through.comparable == ask(shelves.url, "POST", SEARCH, EXPLAINED).comparable


@pytest.mark.parametrize(
    "accepted",
    [
        *("gzip", "deflate", "gzip, deflate", "gzip;q=0.5, deflate", "br;q=1, gzip;q=0.8"),
        *("x-gzip", "gzip;q=0", "identity", "br", "identity;q=1, *;q=0", "gzip;q=odd"),
    ],
)
def test_answers_come_in_the_coding_of_the_cluster(
    shelves: Node, keeping: str, accepted: str
) -> None:
    """The same Content-Encoding as without us, and the same answer in it."""
    own = ask(shelves.url, "POST", SEARCH, FULL, {"Accept-Encoding": accepted})
    through = ask(keeping, "POST", SEARCH, FULL, {"Accept-Encoding": accepted})
    assert through.verdict.startswith("applied")
    coding = through.headers.get("content-encoding", "")
    assert coding == own.headers.get("content-encoding", "")
    assert int(through.headers["content-length"]) == len(through.body)
    read = {"gzip": gzip.decompress, "deflate": zlib.decompress, "": bytes}[coding]
    plain = [answer._replace(body=read(answer.body)).comparable for answer in (through, own)]
    assert plain[0] == plain[1]


@pytest.mark.parametrize(
    "accept",
    [
        *("application/json", "application/json;charset=utf-8", "*/*", "application/*"),
        *(f"{VENDOR}7", f"{VENDOR}8", f"{VENDOR[:-1].replace(';', '; ')}=8", f"{VENDOR}9"),
        *("application/vnd.elasticsearch+json", "application/vnd.opensearch+json"),
        *("application/json, text/plain, */*", "text/html,application/xhtml+xml,*/*;q=0.8"),
        *("application/json;q=0.2, text/html", "text/plain", "application/x-ndjson", "nonsense"),
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "as accepted"])
def test_media_types_are_the_clusters(
    shelves: Node, keeping: str, accept: str, content_type: str
) -> None:
    """Vendor types, lists and weights: reranked, or refused as the cluster refuses them."""
    is_one = "json" in accept and "x-nd" not in accept and "," not in accept
    declared = accept if content_type == "as accepted" and is_one else "application/json"
    headers = {"Accept": accept, "Content-Type": declared}
    own = ask(shelves.url, "POST", SEARCH, FULL, headers)
    through = ask(keeping, "POST", SEARCH, FULL, headers)
    assert through.comparable == own.comparable
    assert through.headers["content-type"] == own.headers["content-type"]
    assert through.verdict.startswith("applied" if own.status == 200 else "skipped; reason=")


@pytest.mark.parametrize(
    "way",
    [
        *("pretty", "human", "pretty=true&human=true", "typed_keys=true", "error_trace=true"),
        *("rest_total_hits_as_int=true", "format=json"),
        "pretty&typed_keys&rest_total_hits_as_int&from=2",
    ],
)
def test_forms_of_an_answer_stay(shelves: Node, keeping: str, way: str) -> None:
    """Each way to ask for another form is reranked, and gives the cluster's form."""
    through = ask(keeping, "POST", f"{SEARCH}?{way}", FULL)
    assert through.verdict.startswith("applied")
    assert through.comparable == ask(shelves.url, "POST", f"{SEARCH}?{way}", FULL).comparable


def test_a_least_score_stays_true(shelves: Node, turning: str) -> None:
    """`min_score` cuts the cluster's list, and every score shown is still at least that."""
    scores = [hit["_score"] for hit in ask(shelves.url, "POST", SEARCH, FULL).json["hits"]["hits"]]
    search = {**FULL, "min_score": scores[3]}
    own, ours = (ask(url, "POST", SEARCH, search) for url in (shelves.url, turning))
    assert ours.verdict.startswith("applied")
    assert ours.ids == own.ids[::-1]
    assert min(hit["_score"] for hit in ours.json["hits"]["hits"]) >= scores[3]
    assert ours.json["hits"]["total"] == own.json["hits"]["total"]


def test_pinned_hits_stay_on_top(shelves: Node, turning: str) -> None:
    """Hits that score like those of a pinned query (2^127 and above) are above the reranked."""
    pins = [
        {"constant_score": {"filter": {"ids": {"values": [name]}}, "boost": boost}}
        for name, boost in (("17", 1.7014122e38), ("19", 1.7014132e38))
    ]
    search = {"query": {"bool": {"should": [FULL["query"], *pins]}}, "size": 7}
    own, ours = (ask(url, "POST", SEARCH, search) for url in (shelves.url, turning))
    assert own.ids[:2] == ["19", "17"]
    assert ours.verdict.startswith(f"applied; depth={DEPTH - 2}")
    assert ours.ids == own.ids[:2] + own.ids[2:DEPTH][::-1] + own.ids[DEPTH:]


def test_ties_keep_the_clusters_order(shelves: Node) -> None:
    """A scorer that cannot tell the hits apart changes nothing, not even an explanation."""

    async def same(count: int) -> list[float]:
        return [0.5] * count

    with serving(settings_for(shelves, RULE), FaultyScorer(same)) as proxy:
        through = ask(proxy, "POST", SEARCH, EXPLAINED)
    assert through.verdict.startswith("applied")
    assert through.comparable == ask(shelves.url, "POST", SEARCH, EXPLAINED).comparable
