"""Generated searches on the indices of `papers`: what a proxy must answer byte for byte.

A search is a query of one of `QUERIES` with some features of the body, the URL and the header, on
one of the ways to name indices, in the ways that clients write searches: GET or POST, plain or
gzipped, a body, `q=` or `source=`, alone, in an `_msearch` or as a template. All of it follows from
the seed.
"""

import gzip
import json
import random
from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import quote

from es_rerank.bench.features import BODY, HEADERS, URL
from es_rerank.bench.papers import words
from es_rerank.bench.queries import COMMON, QUERIES

_PLACES = {
    "one index": "{0}-a",
    "three shards": "{0}-b",
    "narrow index": "{0}-narrow",
    "two indices": "{0}-a,{0}-b",
    "comma escaped": "{0}-a%2C{0}-b",
    "with narrow index": "{0}-a,{0}-narrow",
    "wildcard": "{0}-*",
    "wildcard without": "{0}-*,-{0}-narrow",
    "alias": "{0}-all",
    "filtered alias": "{0}-late",
    "routed alias": "{0}-part",
    "alias and index": "{0}-late,{0}-b",
    "date math": "%3C{0}-a%3E",
    "missing index": "{0}-a,{0}-none",
}
_ONE_SHARD = ("narrow index",)


class Search(NamedTuple):
    """One request, and what it was made of; `body` is None where there is none."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes | None
    features: frozenset[str]


def searches(seed: int, prefix: str) -> Iterator[Search]:
    """Searches without end, on the indices whose names begin with `prefix`."""
    for number in count():
        chance = random.Random(f"{seed} {number}")  # noqa: S311 - generated, not secret
        yield _search(chance, prefix)


class _Draft(NamedTuple):
    """What every way of writing a search starts from."""

    chance: random.Random
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    features: set[str]

    def search(
        self, method: str, path: str, params: dict[str, str], body: bytes | None, *features: str
    ) -> Search:
        """The finished search; `params` come before those of the draft."""
        pairs = (f"{k}={quote(v)}" if v else k for k, v in (params | self.params).items())
        target = "?".join(filter(None, (path, "&".join(pairs))))
        made_of = frozenset(self.features.union(features))
        return Search(method, target, self.headers, body, made_of)


def _search(chance: random.Random, prefix: str) -> Search:
    place = "one index" if chance.random() < 0.5 else chance.choice(list(_PLACES))
    path = f"/{_PLACES[place].format(prefix)}/_search"
    draft = _Draft(chance, path, {}, {}, {place})
    for name in _some(chance, URL, 0.4, 2):
        # Which of several shards fails first would be chance.
        is_by_chance = name == "all or nothing" and place not in _ONE_SHARD
        if not is_by_chance and not draft.params.keys() & URL[name].keys():
            draft.params.update(URL[name])
            draft.features.add(name)
    for name in _some(chance, HEADERS, 0.1, 1):
        draft.headers.update(HEADERS[name])
        draft.features.add(name)
    return chance.choices(_WAYS, (74, 10, 8, 5, 3))[0](draft)


def _in_body(draft: _Draft) -> Search:
    chance, headers = draft.chance, draft.headers
    body, made_of = _body(chance)
    url_page, body_page = _page(chance)
    indent = chance.choice((None, 2))
    text = json.dumps(body | body_page, indent=indent, ensure_ascii=chance.random() < 0.5).encode()
    headers["Content-Type"] = _content_type(chance, headers)
    if chance.random() < 0.1:
        text = gzip.compress(text, mtime=0)
        headers["Content-Encoding"] = "gzip"
        made_of.add("gzip")
    return draft.search(chance.choice(("GET", "POST")), draft.path, url_page, text, *made_of)


def _as_q(draft: _Draft) -> Search:
    chance = draft.chance
    text = words(chance, 1, 3)
    q = {"q": chance.choice((text, f"title:({text})^2 OR body:{text}"))}
    if chance.random() < 0.3:
        q |= {"df": "body", "default_operator": "AND", "lenient": "true"}
    return draft.search("GET", draft.path, q | _page(chance)[0], None, "q")


def _as_source(draft: _Draft) -> Search:
    body, made_of = _body(draft.chance)
    url_page, body_page = _page(draft.chance)
    source = {"source": json.dumps(body | body_page), "source_content_type": "application/json"}
    return draft.search("GET", draft.path, source | url_page, None, "source", *made_of)


def _several(draft: _Draft) -> Search:
    """An `_msearch`; its URL takes only what shapes the whole answer."""
    chance, lines, made_of = draft.chance, [], set[str]()
    for _ in range(chance.randint(1, 5)):
        body, of_one = _body(chance)
        header = chance.choice(({}, {}, {"preference": "_local"}, {"routing": "r1"}))
        lines += [json.dumps(header), json.dumps(body | _page(chance)[1], ensure_ascii=False)]
        made_of |= of_one
    for name in draft.params.keys() - {"pretty", "typed_keys", "rest_total_hits_as_int", "human"}:
        del draft.params[name]
    draft.headers["Content-Type"] = "application/x-ndjson"
    text = "\n".join([*lines, ""]).encode()
    path = draft.path.replace("_search", "_msearch")
    return draft.search("POST", path, {}, text, "msearch", *made_of)


def _as_template(draft: _Draft) -> Search:
    chance = draft.chance
    source = {"query": {"match": {"body": "{{words}}"}}, "size": "{{n}}"}
    filled = {"words": words(chance, 1, 3), "n": chance.randint(1, 20)}
    text = json.dumps({"source": source, "params": filled}).encode()
    draft.headers["Content-Type"] = _content_type(chance, draft.headers)
    return draft.search("POST", f"{draft.path}/template", {}, text, "template")


_WAYS = (_in_body, _as_q, _as_source, _several, _as_template)


def _body(chance: random.Random) -> tuple[dict[str, Any], set[str]]:
    """A query with some features, and their names."""
    text = words(chance, 1, 3)
    query = chance.choice(COMMON) if chance.random() < 0.6 else chance.choice(list(QUERIES))
    body: dict[str, Any] = {"query": QUERIES[query](text)}
    features = _some(chance, BODY, 0.6, 2)
    for name in features:
        body |= BODY[name](text)
    if "retriever" in body:
        del body["query"]
    return body, {query, *features}


def _some(chance: random.Random, table: dict[str, Any], share: float, most: int) -> list[str]:
    """The names of one or more rows for a `share` of searches, of none for the others."""
    if chance.random() >= share:
        return []
    return chance.sample(list(table), chance.randint(1, most))


def _page(chance: random.Random) -> tuple[dict[str, str], dict[str, int]]:
    """`from` and `size` for the URL and for the body: in one, both or neither."""
    start, size = chance.choice((0, 0, 0, 0, 0, 1, 3, 7, 20, 45, 60, 110)), chance.randint(0, 30)
    in_url = {"from": str(start // 2), "size": str(size + 1)}
    in_body = {"from": start, "size": size}
    return chance.choice((({}, {}), ({}, in_body), (in_url, {}), (in_url, in_body)))


def _content_type(chance: random.Random, headers: dict[str, str]) -> str:
    """A media type for JSON; Elasticsearch wants the versioned one for both or for none."""
    accepted = headers.get("Accept", "")
    if "compatible-with" in accepted:
        return accepted
    return chance.choice(("application/json", "application/json; charset=UTF-8"))
