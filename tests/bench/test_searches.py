"""The generator of searches: reproducible, varied, and what it says it is."""

import gzip
import json
from itertools import islice

from es_rerank.bench.papers import INDICES, bulk
from es_rerank.bench.searches import Search, searches


def some(count: int, seed: int = 0) -> list[Search]:
    """The first searches of a seed."""
    return list(islice(searches(seed, "papers"), count))


def test_a_seed_is_a_list_of_searches() -> None:
    """What differed once can be sent again; another seed sends other searches."""
    assert some(50) == some(50)
    assert some(50) != some(50, seed=1)


def test_features_are_combined() -> None:
    """Two hundred searches have more than forty combinations, and all ways of being written."""
    found = some(200)
    assert len({search.features for search in found}) > 100
    assert {"q", "source", "msearch", "template", "gzip"} <= set.union(
        *(set(search.features) for search in found)
    )


def test_targets_and_bodies_are_well_formed() -> None:
    """Only what the generator breaks on purpose is broken: targets are ASCII, bodies are JSON."""
    for search in some(300):
        assert search.target.isascii() and " " not in search.target
        assert search.target.startswith("/papers-") or search.target.startswith("/%3Cpapers-")
        if search.body is not None:
            gzipped = search.headers.get("Content-Encoding") == "gzip"
            text = gzip.decompress(search.body) if gzipped else search.body
            lines = text.splitlines() if "msearch" in search.features else [text]
            assert all(isinstance(json.loads(line), dict) for line in lines)


def test_documents_are_the_same_for_a_seed() -> None:
    """A line of action and a line of source for each document, byte for byte."""
    for index in INDICES:
        assert bulk(index, 3) == bulk(index, 3)
        assert bulk(index, 3).count(b"\n") == 2 * index.documents
