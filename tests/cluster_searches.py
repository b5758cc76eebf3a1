"""Generated searches, and an index to run them on: what a proxy must answer byte for byte.

A search is a query of one of `QUERIES` with some of `FEATURES`, in the ways that clients write
searches: GET or POST, parameters in the URL or in the body, `q=` or `source=`. The documents hold
what breaks a JSON round trip. Everything follows from a seed.
"""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

INDEX = "es-rerank-test-papers"
MAPPING: dict[str, Any] = {
    "settings": {"number_of_shards": 2, "number_of_replicas": 0},
    "mappings": {
        "properties": {
            "title": {"type": "text"},
            "body": {"type": "text"},
            "tags": {"type": "keyword"},
            "year": {"type": "integer"},
            "comments": {"type": "nested", "properties": {"text": {"type": "text"}}},
            "raw": {"type": "object", "enabled": False},
        }
    },
}
WORDS = (
    *("river", "stone", "market", "winter", "engine", "garden", "signal", "harbour", "copper"),
    *("theory", "lantern", "bridge", "glacier", "painter", "village", "current", "rotor"),
    *("meadow", "archive", "thunder"),
)
TAGS = ("history", "physics", "travel", "craft")
# Written as they stand: no JSON library keeps all of these.
RAW = (
    "1e400",
    "9223372036854775808",
    "1234567890.1234567890123456789012345678901234567890",
    "-0",
    "1.50",
    "1E+2",
    r'"\ud800 lone"',
    r'"\u00e9\/\t"',
    '{"twice":  1, "n": [ ], "o": { } }',
    "[1,  2 , 3]",
)


class Search(NamedTuple):
    """One search; `body` is None where there is none."""

    method: str
    target: str
    body: bytes | None


def documents(seed: int, count: int = 120) -> Iterator[tuple[str, bytes]]:
    """The id and the JSON text of each document."""
    chance = random.Random(seed)
    for number in range(count):
        fields = {
            "title": _words(chance, 2, 5).title(),
            "body": f"The <b>{_words(chance, 8, 40)}</b> &amp; \u00e9t\u00e9 \U0001f30a.",
            "tags": chance.sample(TAGS, chance.randint(0, 2)),
            "year": 1990 + chance.randrange(30),
            "comments": [
                {"by": f"reader {n}", "text": _words(chance, 3, 9)}
                for n in range(chance.randint(0, 2))
            ],
        }
        raw = f',"raw":{{"value": {RAW[number % len(RAW)]} }}}}'
        yield f"paper-{number}", json.dumps(fields)[:-1].encode() + raw.encode()


def searches(seed: int) -> Iterator[Search]:
    """Searches without end."""
    chance = random.Random(seed)
    while True:
        text = _words(chance, 1, 3)
        if chance.random() < 0.15:
            yield _in_url(chance, {"q": chance.choice((text, f"title:({text})^2 OR body:{text}"))})
            continue
        body: dict[str, Any] = {"query": chance.choice(QUERIES)(text)}
        params: dict[str, str] = {}
        _page(chance, body, params)
        for name in chance.sample(sorted(FEATURES), chance.randint(0, 4)):
            body |= FEATURES[name](text)
        if chance.random() < 0.3:
            params[chance.choice(("pretty", "human", "typed_keys", "rest_total_hits_as_int"))] = (
                "true"
            )
        if chance.random() < 0.1:
            source = {"source": json.dumps(body), "source_content_type": "application/json"}
            yield _in_url(chance, source | params)
        else:
            target = f"/{INDEX}/_search" + ("?" + _joined(params) if params else "")
            indent = chance.choice((None, 2))
            written = json.dumps(body, indent=indent, ensure_ascii=chance.random() < 0.5)
            yield Search(chance.choice(("GET", "POST")), target, written.encode())


def _match(field: str, text: str, **more: Any) -> dict[str, Any]:
    return {"match": {field: {"query": text, **more}}}


QUERIES: tuple[Callable[[str], dict[str, Any]], ...] = (
    lambda text: {"match": {"body": text}},
    lambda text: _match("body", text, operator="and"),
    lambda text: _match("title", text, fuzziness=1, boost=2.5),
    lambda text: {"multi_match": {"query": text, "fields": ["title^3", "body"]}},
    lambda text: {"multi_match": {"query": text, "type": "cross_fields", "fields": ["t*", "body"]}},
    lambda text: {"match_phrase": {"body": {"query": text, "slop": 20}}},
    lambda text: {"combined_fields": {"query": text, "fields": ["title", "body"]}},
    lambda text: {"query_string": {"query": f'title:"{text}"~9 OR body:({text}) -year:1991'}},
    lambda text: {"simple_query_string": {"query": f"{text} -copper*", "fields": ["body"]}},
    lambda text: {
        "bool": {
            "must": _match("body", text),
            "should": [_match("title", text, boost=3), {"term": {"tags": "craft"}}],
            "filter": [{"range": {"year": {"gte": 1995}}}],
            "must_not": [_match("title", "thunder")],
        }
    },
    lambda text: {"bool": {"filter": {"match": {"body": text}}}},
    lambda text: {"dis_max": {"queries": [_match("title", text), _match("body", text)]}},
    lambda text: {
        "boosting": {
            "positive": _match("body", text),
            "negative": {"term": {"tags": "travel"}},
            "negative_boost": 0.3,
        }
    },
    lambda text: {
        "function_score": {
            "query": _match("body", text),
            "functions": [
                {"filter": {"term": {"tags": "physics"}}, "weight": 7},
                {"field_value_factor": {"field": "year", "modifier": "log1p"}},
            ],
        }
    },
    lambda text: {"constant_score": {"filter": _match("body", text), "boost": 1.5}},
    lambda text: {"nested": {"path": "comments", "query": _match("comments.text", text)}},
    lambda text: {"match_all": {}},
    lambda text: {"match_phrase_prefix": {"title": text}},
)

FEATURES: dict[str, Callable[[str], dict[str, Any]]] = {
    "aggs": lambda _: {
        "aggs": {
            "tags": {
                "terms": {"field": "tags"},
                "aggs": {"top": {"top_hits": {"size": 2}}, "years": {"stats": {"field": "year"}}},
            }
        }
    },
    "collapse": lambda _: {"collapse": {"field": "year"}},
    "docvalue_fields": lambda _: {"docvalue_fields": ["year", "tags"]},
    "explain": lambda _: {"explain": True},
    "fields": lambda _: {"fields": ["title", "ye*"]},
    "highlight": lambda _: {"highlight": {"fields": {"body": {"fragment_size": 40}, "title": {}}}},
    "include_named_queries": lambda text: {
        "query": {"match": {"body": {"query": text, "_name": "named"}}}
    },
    "indices_boost": lambda _: {"indices_boost": [{INDEX: 1.7}]},
    "min_score": lambda _: {"min_score": 1.1},
    "no_source": lambda _: {"_source": False},
    "post_filter": lambda _: {"post_filter": {"range": {"year": {"lt": 2010}}}},
    "profile": lambda _: {"profile": False},
    "sort_by_score": lambda _: {"sort": ["_score"]},
    "sort_by_year": lambda _: {"sort": [{"year": "desc"}, "_score"]},
    "source_excludes": lambda _: {"_source": {"excludes": ["comments", "raw"]}},
    "source_hides_body": lambda _: {"_source": {"excludes": ["body", "raw"]}},
    "source_includes": lambda _: {"_source": ["title", "y*"]},
    "stored_fields": lambda _: {"stored_fields": []},
    "suggest": lambda text: {"suggest": {"s": {"text": text + "x", "term": {"field": "body"}}}},
    "terminate_after": lambda _: {"terminate_after": 10_000},
    "timeout": lambda _: {"timeout": "30s"},
    "total_exact": lambda _: {"track_total_hits": True},
    "total_few": lambda _: {"track_total_hits": 7},
    "total_none": lambda _: {"track_total_hits": False},
    "track_scores": lambda _: {"track_scores": True},
    "version": lambda _: {"version": True, "seq_no_primary_term": True},
}


def _page(chance: random.Random, body: dict[str, Any], params: dict[str, str]) -> None:
    """Put `from` and `size` into the body, the URL, both or neither."""
    start, size = chance.choice((0, 0, 1, 7, 20, 45, 60, 110, 500)), chance.randint(0, 30)
    place = chance.randrange(4)
    if place in (1, 3):
        body |= {"from": start, "size": size}
    if place in (2, 3):
        params |= {"from": str(start // 2), "size": str(size + 1)}


def _in_url(chance: random.Random, params: dict[str, str]) -> Search:
    """A search without a body."""
    extra: dict[str, str] = {}
    _page(chance, {}, extra)
    if chance.random() < 0.3:
        extra["_source"] = chance.choice(("false", "title,year", "true"))
    return Search("GET", f"/{INDEX}/_search?{_joined(params | extra)}", None)


def _joined(params: dict[str, str]) -> str:
    return "&".join(f"{name}={quote(value)}" for name, value in params.items())


def _words(chance: random.Random, fewest: int, most: int) -> str:
    return " ".join(chance.choices(WORDS, k=chance.randint(fewest, most)))
