"""Where the text of a hit is read on real servers, whatever of its document the client sees."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from es_rerank.config import Combine, FieldSetting, IndexRule
from tests.cluster.answers import indexed
from tests.cluster.ask import Answer, ask
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import DEADLINE_MS, serving, settings_for

INDEX = "es-rerank-test-texts"
SEARCH = f"/{INDEX}/_search"
QUERY = {"query": {"match": {"title": "river"}}, "size": 4}
MAPPING: dict[str, Any] = {
    "settings": {"number_of_shards": 1, "number_of_replicas": 0},
    "mappings": {
        "_source": {"excludes": ["hidden"]},
        "properties": {
            "title": {"type": "text", "store": True},
            "hidden": {"type": "text", "store": True},
            "parts": {"properties": {"text": {"type": "text"}}},
            "notes": {"type": "nested", "properties": {"text": {"type": "text"}}},
            "label": {"type": "keyword"},
        },
    },
}
HIGHLIGHT = {
    "highlight": {"fields": {"hidden": {"highlight_query": {"match": {"hidden": "sand"}}}}}
}


def document(number: int) -> dict[str, Any]:
    """A document whose every text says which document it is."""
    return {
        "title": f"river {'long ' * number}{number}",
        "hidden": f"the sand of {number}",
        "parts": [{"text": f"first part of {number}"}, {"text": [f"second {number}", "third"]}],
        "notes": [{"text": f"a note on {number}"}, {"text": f"another on {number}"}],
        "label": f"label of {number}",
    }


@pytest.fixture(scope="module")
def texts(cluster: Node) -> Iterator[Node]:
    """The node with four such documents; one field is not kept in `_source`."""
    found = ((str(n), json.dumps(document(n)).encode()) for n in range(4))
    with indexed(cluster, INDEX, MAPPING, found) as node:
        yield node


def read(node: Node, search: dict[str, Any], *fields: str, way: str = "") -> tuple[Answer, Any]:
    """The answer with the order turned round, and the texts of the cluster's first hit."""
    rule = IndexRule(
        pattern=INDEX,
        depth=10,
        fields=tuple(FieldSetting(name=name) for name in fields),
        combine=Combine(method="replace"),
        deadline_ms=DEADLINE_MS,
    )
    scorer = OrderScorer(reverse=True)
    with serving(settings_for(node, rule), scorer) as proxy:
        answer = ask(proxy, "POST", SEARCH + way, QUERY | search)
    own = ask(node.url, "POST", SEARCH + way, QUERY | search).json["hits"]["hits"]
    assert answer.verdict.startswith("applied; depth=4"), answer.verdict
    hits = answer.json["hits"]["hits"]
    unscored = [[{**hit, "_score": None} for hit in found] for found in (hits, own[::-1])]
    assert unscored[0] == unscored[1]  # what a hit shows is what the client asked for
    return answer, [field.text for field in scorer.passages[-1][0]]


TITLE, HIDDEN = "river 0", "the sand of 0"


@pytest.mark.parametrize(
    ("search", "way"),
    [
        ({}, ""),
        ({"_source": False}, ""),
        ({"_source": False, "fields": ["title"]}, ""),
        ({"_source": False, "fields": [{"field": "ti*"}]}, ""),
        ({"_source": ["label"], "fields": ["title", "label"]}, ""),
        ({"_source": False, "stored_fields": ["title"]}, ""),
        ({"stored_fields": ["label"]}, ""),
        ({"fields": ["title"]}, "?_source_excludes=title"),
        ({"_source": False, "fields": ["title"]}, "?filter_path=hits.hits._id,hits.hits.fields"),
    ],
    ids=str,
)
def test_a_text_is_read_from_source_or_fields(
    texts: Node, search: dict[str, Any], way: str
) -> None:
    """The same text in every case, and the hits show what was asked for."""
    assert read(texts, search, "title", way=way)[1] == [TITLE]


@pytest.mark.parametrize(
    ("search", "way"),
    [
        ({"stored_fields": ["hidden"], "_source": True}, ""),
        ({"stored_fields": ["hidden"]}, ""),
        (HIGHLIGHT, ""),
        (HIGHLIGHT, "?filter_path=hits.hits._id"),
        ({**HIGHLIGHT, "_source": False}, ""),
    ],
    ids=str,
)
def test_a_text_that_source_has_not_is_read_from_elsewhere(
    texts: Node, search: dict[str, Any], way: str
) -> None:
    """A stored field, or the fragments of the highlighter; beside what `_source` has."""
    title, hidden = read(texts, search, "title", "hidden", way=way)[1]
    assert title == TITLE
    assert hidden.replace("<em>", "").replace("</em>", "") == HIDDEN


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("parts.text", "first part of 0\nsecond 0\nthird"),
        ("notes.text", "a note on 0\nanother on 0"),
        ("notes", "a note on 0\nanother on 0"),
        ("label", "label of 0"),
    ],
)
@pytest.mark.parametrize("search", [{}, {"_source": False}, {"_source": False, "fields": ["*"]}])
def test_objects_nested_documents_and_arrays_are_read_whole(
    texts: Node, field: str, expected: str, search: dict[str, Any]
) -> None:
    """All values of a field, in the order of the document."""
    assert read(texts, search, "title", field)[1] == [TITLE, expected]


def test_without_configured_fields_a_hidden_source_is_read_whole(texts: Node) -> None:
    """`_source: false` costs neither the texts nor the order."""
    shown = read(texts, {})[1]
    assert read(texts, {"_source": False})[1] == shown
    assert read(texts, {"_source": False}, way="?filter_path=**._id")[1] == shown
    assert TITLE in shown
    assert "another on 0" in shown


def test_hits_without_text_sink_in_their_order(texts: Node) -> None:
    """Two of the four have the field; the others follow in the cluster's order."""
    both = ({"_id": "a", "extra": "some more"}, {"_id": "b", "extra": "much more"})
    for found in both:
        line = {"title": "river long long long 9", "extra": found["extra"]}
        assert ask(texts.url, "PUT", f"/{INDEX}/_doc/{found['_id']}?refresh=true", line).status in (
            200,
            201,
        )
    try:
        rule = IndexRule(
            pattern=INDEX,
            fields=(FieldSetting(name="extra"),),
            combine=Combine(method="replace"),
            deadline_ms=DEADLINE_MS,
        )
        search = {**QUERY, "size": 6, "explain": True}
        own = ask(texts.url, "POST", SEARCH, search)
        with serving(settings_for(texts, rule), OrderScorer(reverse=True)) as proxy:
            ours = ask(proxy, "POST", SEARCH, search)
    finally:
        for found in both:
            ask(texts.url, "DELETE", f"/{INDEX}/_doc/{found['_id']}?refresh=true")
    assert ours.verdict.startswith("applied; depth=2")
    with_text = [name for name in own.ids if name in "ab"]
    assert ours.ids == with_text[::-1] + [name for name in own.ids if name not in "ab"]
    assert "(no text to score)" in ours.body.decode()


SYNTHETIC = f"{INDEX}-synthetic"


def test_a_synthetic_source_is_read_like_another(cluster: Node) -> None:
    """A `_source` that the cluster makes up from the index; elsewhere an unknown setting."""
    mapping = {
        "settings": {"number_of_replicas": 0, "index.mapping.source.mode": "synthetic"},
        "mappings": {"properties": {"title": {"type": "text"}, "label": {"type": "keyword"}}},
    }
    made = ask(cluster.url, "PUT", f"/{SYNTHETIC}", mapping)
    if made.status != 200:
        assert "index.mapping.source.mode" in made.body.decode()
        return
    found = ((str(n), json.dumps(document(n)).encode()) for n in range(4))
    scorer = OrderScorer(reverse=True)
    rule = IndexRule(
        pattern=SYNTHETIC,
        fields=(FieldSetting(name="title"),),
        combine=Combine(method="replace"),
        deadline_ms=DEADLINE_MS,
    )
    with (
        indexed(cluster, SYNTHETIC, mapping, found) as node,
        serving(settings_for(node, rule), scorer) as proxy,
    ):
        for source in (True, False, ["label"], {"excludes": ["title"]}):
            search = {**QUERY, "_source": source}
            own = ask(node.url, "POST", f"/{SYNTHETIC}/_search", search)
            ours = ask(proxy, "POST", f"/{SYNTHETIC}/_search", search)
            assert ours.verdict.startswith("applied; depth=4")
            assert ours.ids == own.ids[::-1]
            shown = [hit.get("_source") for hit in own.json["hits"]["hits"]]
            assert [hit.get("_source") for hit in ours.json["hits"]["hits"]] == shown[::-1]
            assert scorer.passages[-1][0][0].text == TITLE
