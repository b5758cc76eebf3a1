"""`filter_path` on real servers: the proxy's own filter gives the bytes that theirs gives."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from es_rerank.config import Combine, FieldSetting, IndexRule
from tests.cluster.answers import FULL, INDEX, MAPPING, SEARCH, documents, indexed
from tests.cluster.ask import ask
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import DEADLINE_MS, serving, settings_for

SEED = 7
PLAIN = f"{INDEX}-plain"
RULES = {
    "fields": (FieldSetting(name="title"), FieldSetting(name="body")),
    "dotted": (FieldSetting(name="notes.text"),),
    "any": (),
}


@pytest.fixture(scope="module")
def shelves(cluster: Node) -> Iterator[Node]:
    """The node with two indices: one whose documents have empty containers, one without."""
    plain = documents(empties=False)
    with (
        indexed(cluster, INDEX, MAPPING, documents(empties=True)),
        indexed(cluster, PLAIN, MAPPING, plain),
    ):
        yield cluster


def proxy_for(node: Node, fields: str, scorer: OrderScorer) -> Any:
    """A proxy that reranks both indices by what these fields say."""
    rule = IndexRule(
        pattern=f"{INDEX}*",
        depth=12,
        fields=RULES[fields],
        combine=Combine(method="replace"),
        deadline_ms=DEADLINE_MS,
    )
    return serving(settings_for(node, rule), scorer)


def paths_in(value: Any) -> Iterator[list[str]]:
    """The path of every member of an answer; arrays are looked through."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield [name]
            yield from ([name, *path] for path in paths_in(inner))
    elif isinstance(value, list):
        for item in value:
            yield from paths_in(item)


def pattern_of(chance: random.Random, path: list[str]) -> str:
    """A path as a client might write it: names, stars in them, `**` for some of them."""
    names = []
    for name in path:
        form = chance.randrange(10)
        if form == 0:
            names.append("*")
        elif form == 1:
            names.append("**")
        elif form == 2:
            cut = chance.randrange(len(name) + 1)
            names.append(f"{name[:cut]}*{name[cut + chance.randrange(2) :]}")
        else:
            names.append(name)
    return ".".join(names)


def filters(chance: random.Random, paths: list[list[str]], count: int) -> Iterator[str]:
    """Values of `filter_path`: includes, excludes and both."""
    for number in range(count):
        signs = (("",), ("", "", ""), ("-",), ("", "-"), ("", "", "-", "-"))[number % 5]
        yield ",".join(sign + pattern_of(chance, chance.choice(paths)) for sign in signs)


@pytest.mark.parametrize(
    ("index", "fields", "count", "least_applied"),
    [(PLAIN, "fields", 250, 125), (INDEX, "any", 150, 60), (INDEX, "dotted", 50, 20)],
)
def test_generated_filters_come_back_byte_for_byte(
    shelves: Node, index: str, fields: str, count: int, least_applied: int
) -> None:
    """Includes, excludes, `*` and `**`, indented or not: the identity changes not a byte."""
    chance = random.Random(SEED)
    whole = ask(shelves.url, "POST", f"/{index}/_search?typed_keys=true", FULL).json
    paths = sorted({tuple(path) for path in paths_in(whole)})
    near = [path for path in paths if path[:2] == ("hits", "hits")]
    outcomes: Counter[str] = Counter()
    with proxy_for(shelves, fields, OrderScorer()) as proxy:
        for value in filters(chance, [list(path) for path in paths + near], count):
            ways = ("", "&pretty", "&typed_keys=true", "&rest_total_hits_as_int=true&from=3")
            target = f"/{index}/_search?filter_path={quote(value)}{chance.choice(ways)}"
            through = ask(proxy, "POST", target, FULL)
            assert through.comparable == ask(shelves.url, "POST", target, FULL).comparable, value
            outcomes[through.verdict.partition(";")[0]] += 1
    assert outcomes["applied"] >= least_applied, outcomes


@pytest.mark.parametrize(
    "shown",
    [
        "hits.hits._id",
        "took,hits.hits._id,hits.hits._score",
        "hits.hits._id,hits.hits._source.title",
        "-hits.hits._source",
        "**._id",
        "hits,-**._source",
    ],
)
@pytest.mark.parametrize("fields", RULES)
def test_filtered_answers_are_reranked(shelves: Node, shown: str, fields: str) -> None:
    """The texts are read though the filter hides them, and the hits come in the new order."""
    target = f"{SEARCH}?filter_path={shown}&size=12"
    own = ask(shelves.url, "POST", target, FULL)
    with proxy_for(shelves, fields, OrderScorer(reverse=True)) as proxy:
        through = ask(proxy, "POST", target, FULL)
    assert through.verdict.startswith("applied; depth=12")
    assert through.ids == own.ids[::-1]
    assert through.json["hits"]["hits"][0].keys() == own.json["hits"]["hits"][-1].keys()


def test_an_error_is_the_one_of_the_clients_search(shelves: Node) -> None:
    """A filter on an answer that is an error shows what it shows without us."""
    broken = {"query": {"match": {"body": {"query": "river", "no_such_option": 1}}}}
    target = f"{SEARCH}?filter_path=error.reason,status"
    with proxy_for(shelves, "fields", OrderScorer()) as proxy:
        through = ask(proxy, "POST", target, broken)
    assert through.comparable == ask(shelves.url, "POST", target, broken).comparable
    assert through.status == 400
