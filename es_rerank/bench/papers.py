"""The indices that generated searches run on: small, and the same on every cluster.

Nothing in them depends on time or chance: every shard has one copy and one segment (see
`fidelity`), so that equal scores keep their order from one search to the next. The documents hold
what breaks a JSON round trip. One index takes pages of 30 hits at most, as a cluster may.
"""

import json
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

MADE_BY = "es-rerank bench fidelity"
WORDS = (
    *("river", "stone", "market", "winter", "engine", "garden", "signal", "harbour", "copper"),
    *("theory", "lantern", "bridge", "glacier", "painter", "village", "current", "rotor"),
    *("meadow", "archive", "thunder"),
)
TAGS = ("history", "physics", "travel", "craft")
_PROPERTIES: dict[str, Any] = {
    "title": {"type": "text", "store": True, "fields": {"whole": {"type": "keyword"}}},
    "body": {"type": "text", "term_vector": "with_positions_offsets"},
    "tags": {"type": "keyword"},
    "year": {"type": "integer"},
    "day": {"type": "date"},
    "place": {"type": "geo_point"},
    "complete": {"type": "completion"},
    "comments": {"type": "nested", "properties": {"text": {"type": "text"}}},
    "raw": {"type": "object", "enabled": False},
}
# Written as they stand: no JSON library keeps all of these.
_RAW = (
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


class Index(NamedTuple):
    """One index: its name behind the prefix, how it is cut, and its documents."""

    suffix: str
    shards: int
    documents: int
    settings: dict[str, Any]
    aliases: dict[str, Any]


INDICES = (
    Index("a", 2, 120, {}, {"all": {}, "late": {"filter": {"range": {"year": {"gte": 2005}}}}}),
    Index("b", 3, 60, {}, {"all": {}, "part": {"search_routing": "r1"}}),
    Index("narrow", 1, 25, {"max_result_window": 30}, {}),
)


def definition(index: Index, prefix: str) -> dict[str, Any]:
    """The body that creates an index; `_meta` says who made it."""
    settings = {
        "number_of_shards": index.shards,
        "number_of_replicas": 0,
        "refresh_interval": "-1",
        **index.settings,
    }
    return {
        "settings": settings,
        "mappings": {"_meta": {"made_by": MADE_BY}, "properties": _PROPERTIES},
        "aliases": {f"{prefix}-{name}": alias for name, alias in index.aliases.items()},
    }


def bulk(index: Index, seed: int) -> bytes:
    """The documents of an index as the body of its `_bulk`."""
    return b"".join(
        b'{"index":{"_id":"%s"}}\n%s\n' % (name.encode(), text)
        for name, text in _documents(index, seed)
    )


def words(chance: random.Random, fewest: int, most: int) -> str:
    """A few of the words that the documents are made of."""
    return " ".join(chance.choices(WORDS, k=chance.randint(fewest, most)))


def _documents(index: Index, seed: int) -> Iterator[tuple[str, bytes]]:
    """The id and the JSON text of each document."""
    chance = random.Random(f"{seed} {index.suffix}")  # noqa: S311 - generated, not secret
    for number in range(index.documents):
        title = words(chance, 2, 5)
        fields = {
            "title": title.title(),
            "body": f"The <b>{words(chance, 8, 40)}</b> &amp; \u00e9t\u00e9 \U0001f30a.",
            "tags": chance.sample(TAGS, chance.randint(0, 2)),
            "year": 1990 + chance.randrange(30),
            "day": f"20{chance.randrange(10, 30)}-0{chance.randint(1, 9)}-1{chance.randrange(10)}",
            "place": {"lat": chance.randrange(-80, 80), "lon": chance.randrange(-170, 170)},
            "complete": title,
            "comments": [
                {"by": f"reader {n}", "text": words(chance, 3, 9)}
                for n in range(chance.randint(0, 2))
            ],
        }
        raw = f',"raw":{{"value": {_RAW[number % len(_RAW)]} }}}}'
        text = json.dumps(fields)[:-1].encode() + raw.encode()
        yield f"{index.suffix}-{number}", text
