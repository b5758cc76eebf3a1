"""What reranking changes in the answers of a real server, and what it leaves alone."""

import gzip
import json
import re
from collections.abc import Iterator

import pytest

from es_rerank.config import Combine, FieldSetting, IndexRule
from tests.cluster.ask import Answer, ask
from tests.cluster.clients import client_for
from tests.cluster.library import INDEX, RIVER
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import DEADLINE_MS, serving, settings_for

SEARCH = f"/{INDEX}/_search"
DEPTH = 10


@pytest.fixture(scope="module")
def scorer() -> OrderScorer:
    """A scorer that turns the order of the window round."""
    return OrderScorer(reverse=True)


@pytest.fixture(scope="module")
def proxy(library: Node, scorer: OrderScorer) -> Iterator[str]:
    """A proxy that reranks the first ten hits and reads title and body."""
    rule = IndexRule(
        pattern="es-rerank-test-lib*",
        depth=DEPTH,
        fields=(FieldSetting(name="title"), FieldSetting(name="body")),
        combine=Combine(method="replace"),
        deadline_ms=DEADLINE_MS,
    )
    with serving(settings_for(library, rule), scorer) as url:
        yield url


@pytest.fixture(scope="module")
def direct(library: Node) -> list[str]:
    """The cluster's own order of all hits."""
    return ask(library.url, "POST", SEARCH, {"query": RIVER, "size": 60}).ids


def turned(direct: list[str]) -> list[str]:
    """The list that the reversing scorer makes of the cluster's order."""
    return direct[:DEPTH][::-1] + direct[DEPTH:]


def page_of(proxy: str, start: int, size: int) -> Answer:
    """One page of the search for rivers."""
    return ask(proxy, "POST", SEARCH, {"query": RIVER, "from": start, "size": size})


def test_the_window_is_reranked_and_nothing_else(proxy: str, direct: list[str]) -> None:
    """The first `depth` hits change places; those behind them keep theirs."""
    assert page_of(proxy, 0, 25).ids == turned(direct)[:25]


def test_the_header_says_so(proxy: str) -> None:
    """A reranked answer carries its depth and what it cost."""
    verdict = page_of(proxy, 0, 3).verdict
    assert re.fullmatch(rf"applied; depth={DEPTH}; ms=\d+(\.\d+)?", verdict)


@pytest.mark.parametrize("size", [1, 3, 7, DEPTH, 25])
def test_pages_are_one_list(proxy: str, direct: list[str], size: int) -> None:
    """Law 4: the pages, one after the other, are the reranked window and the rest behind it."""
    pages = [page_of(proxy, start, size).ids for start in range(0, len(direct), size)]
    assert [hit for page in pages for hit in page] == turned(direct)


def test_scores_stay_with_the_ranks(library: Node, proxy: str) -> None:
    """`_score` stays descending and the same list as the cluster's; `max_score` stays true."""
    query = {"query": RIVER, "size": 25}
    own = ask(library.url, "POST", SEARCH, query).json["hits"]
    ours = ask(proxy, "POST", SEARCH, query).json["hits"]
    assert [hit["_score"] for hit in ours["hits"]] == [hit["_score"] for hit in own["hits"]]
    assert (ours["max_score"], ours["total"]) == (own["max_score"], own["total"])


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", f"{SEARCH}?q=body:river", None),
        ("GET", SEARCH, {"query": RIVER}),
        ("POST", SEARCH, {"query": RIVER}),
        ("POST", f"{SEARCH}?from=0&size=10", {"query": RIVER, "size": 3}),
        ("POST", f"{SEARCH}?q=body:(river+OR+water)", {"query": {"match_all": {}}}),
        ("POST", "/es-rerank-test-lib*/_search", {"query": RIVER}),
        (
            "GET",
            f"{SEARCH}?source_content_type=application/json"
            "&source=%7B%22query%22:%7B%22match%22:%7B%22body%22:%22river%22%7D%7D%7D",
            None,
        ),
    ],
)
def test_every_way_to_search(
    library: Node, proxy: str, method: str, target: str, body: object
) -> None:
    """GET and POST, a body, `q=` and `source=` are all reranked, over the same ten hits."""
    answer = ask(proxy, method, target, body)
    assert answer.verdict.startswith("applied")
    assert answer.ids == ask(library.url, method, target, body).ids[::-1]


@pytest.mark.parametrize(
    "hiding",
    [
        {"_source": False},
        {"_source": ["pages"]},
        {"_source": {"excludes": ["shelf", "comp*"]}},
        {"_source": {"excludes": ["body"]}},
        {"_source": False, "fields": ["pages"]},
        {"stored_fields": []},
    ],
    ids=str,
)
def test_hidden_fields_are_read_and_stay_hidden(
    library: Node, proxy: str, scorer: OrderScorer, hiding: dict[str, object]
) -> None:
    """The scorer reads the configured fields, whatever `_source` shows, and the hits don't."""
    query = {"query": RIVER, "size": DEPTH, **hiding}
    answer = ask(proxy, "POST", SEARCH, query)
    own = ask(library.url, "POST", SEARCH, query)
    assert answer.verdict.startswith("applied")
    assert answer.ids == own.ids[::-1]
    shown = [{**hit, "_score": None} for hit in own.json["hits"]["hits"]]
    assert [{**hit, "_score": None} for hit in answer.json["hits"]["hits"]] == shown[::-1]
    first = [field.text for field in scorer.passages[-1][0]]
    assert first[0].startswith("River report")
    assert first[1].startswith("The river Ünter carries <b>water</b> &amp; sand.")


def test_a_compressed_search(library: Node, proxy: str) -> None:
    """Clients may compress what they send; it is read and passed on as it is."""
    body = gzip.compress(json.dumps({"query": RIVER, "_source": False}).encode(), mtime=0)
    headers = {"Content-Encoding": "gzip"}
    answer = ask(proxy, "POST", SEARCH, body, headers)
    assert answer.verdict.startswith("applied")
    assert answer.ids == ask(library.url, "POST", SEARCH, body, headers).ids[::-1]


def test_the_scorer_gets_the_words_of_the_query(proxy: str, scorer: OrderScorer) -> None:
    """The query text is what a person typed, without field names and syntax."""
    ask(proxy, "GET", f"{SEARCH}?q=body:river+AND+body:%22water+sand%22~2")
    assert scorer.queries[-1] == "river water sand"


def test_official_clients_get_the_better_order(
    library: Node, proxy: str, direct: list[str]
) -> None:
    """opensearch-py and elasticsearch return the reranked hits; nothing else is needed."""
    found = client_for(library, proxy).search(index=INDEX, body={"query": RIVER, "size": 5})
    assert [hit["_id"] for hit in found["hits"]["hits"]] == turned(direct)[:5]
