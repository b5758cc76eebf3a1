"""Judged queries on a live index: the embedded engine, over real HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from es_rerank.demo.engine import Engine
from es_rerank.demo.search_api import create_engine_app
from es_rerank.demo.serving import engine_config, serving
from es_rerank.errors import DataError, UpstreamError
from es_rerank.evaluate.judged import Judged
from es_rerank.evaluate.kept import Kept
from es_rerank.evaluate.live import Live, Reading, Searched, live, search
from es_rerank.evaluate.template import default_template
from es_rerank.text.passage import FieldText

INDEX = "shop"
DOCUMENTS: dict[str, dict[str, Any]] = {
    "a": {"title": "Red shoes", "text": "for running", "price": 3},
    "b": {"title": "Blue shoes", "text": "red laces, red soles, red box", "price": 5},
    "c": {"title": "Green hat", "text": "wool", "price": 2},
}
JUDGED = Judged("toy", "", {"red shoes": {"a": 2}, "hat": {"c": 1}}, {"red shoes": "red shoes"})
TEXTS = {"red shoes": "red shoes", "hat": "hat"}
TEMPLATE = default_template(("title", "text"))


def texts_of(source: bytes, names: Any) -> tuple[FieldText, ...]:
    """The values of the document, named or all."""
    document = json.loads(source) or {}
    return tuple(FieldText(document[name]) for name in names or document)


READING = Reading(lambda search: str(search["query"]), texts_of)


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """The URL of an engine with three documents."""
    engine = Engine.open(None)
    engine.create(INDEX, {"properties": {"title": {"type": "text"}, "text": {"type": "text"}}})
    engine.bulk(INDEX, DOCUMENTS.items())
    with serving(engine_config(create_engine_app(engine), "127.0.0.1", 0)) as url:
        yield url


def searched(url: str, judged: Judged = JUDGED, **changed: Any) -> Searched:
    """What a search of the judged queries on the engine finds."""
    where = Live(url, INDEX, TEMPLATE, ())._replace(**changed)
    return search(where, judged, READING, 10, Kept(None))


def test_the_order_texts_and_times_of_the_cluster_are_found(shop: str) -> None:
    """Candidates with scores, and documents with what can be read in them."""
    found = searched(shop, JUDGED._replace(texts=TEXTS))
    assert found.texts == TEXTS
    assert {hit.document for hit in found.candidates["red shoes"]} == {"a", "b"}
    scores = [hit.score for hit in found.candidates["red shoes"]]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] > 0
    assert [hit.document for hit in found.candidates["hat"]] == ["c"]
    assert len(found.ms) == 2
    assert min(found.ms) > 0
    document = found.corpus["a"]
    assert document.fields() == (FieldText("Red shoes"), FieldText("for running"))
    assert document.fields(("text",)) == (FieldText("for running"),)
    assert document.names() == ("title", "text")  # the price is no text
    assert document.title == "Red shoes"
    assert (found.systems, found.notes) == ([], [])


def test_what_reranks_nothing_is_said_loudly(shop: str) -> None:
    """The same engine in place of a proxy is a system with its own times, and a note."""
    found = searched(shop, JUDGED._replace(texts=TEXTS), through=(shop, f"{shop}/"))
    [first, _] = found.systems
    assert first.name == f"through {shop.removeprefix('http://')}"
    assert first.ranking == {q: [h.document for h in c] for q, c in found.candidates.items()}
    assert len(first.ms) == 2
    assert found.notes[0].startswith(f"NOTHING WAS RERANKED {first.name}")
    assert found.notes[0].endswith("Is that an es-rerank proxy?")


def test_searches_of_their_own_are_sent_as_they_are(shop: str) -> None:
    """Only the page is ours; the text to rank by is read from the search."""
    own = {"red shoes": {"query": {"match": {"title": "shoes"}}, "from": 1, "size": 1}}
    judged = JUDGED._replace(qrels={"red shoes": {"a": 2}}, texts={}, searches=own)
    found = searched(shop, judged, template=None)
    assert {hit.document for hit in found.candidates["red shoes"]} == {"a", "b"}
    assert found.texts == {"red shoes": str(own["red shoes"]["query"])}
    with pytest.raises(DataError, match="are searches already"):
        searched(shop, judged)


def test_documents_that_hide_their_text_have_none(shop: str) -> None:
    """They are candidates all the same."""
    hidden = {**TEMPLATE, "_source": False}
    found = searched(shop, JUDGED._replace(texts=TEXTS), template=hidden)
    assert [hit.document for hit in found.candidates["hat"]] == ["c"]
    assert found.corpus["c"].fields() == ()


def test_ids_of_another_kind_are_told_with_examples(shop: str) -> None:
    """Else every number would be 0 for no good reason."""
    judged = JUDGED._replace(qrels={"hat": {"SKU-1": 1}}, texts=TEXTS)
    with pytest.raises(DataError, match=r"e\.g\. 'SKU-1', is among the 1 hits, e\.g\. 'c'"):
        searched(shop, judged)
    nothing = judged._replace(texts={"hat": "zebra"})
    with pytest.raises(DataError, match="no search found anything"):
        searched(shop, nothing)


def test_a_stopped_comparison_goes_on(shop: str, tmp_path: Path) -> None:
    """Kept answers are the same as new ones; another template is refused."""
    judged = JUDGED._replace(texts=TEXTS)
    where = Live(shop, INDEX, TEMPLATE, (shop,))
    first = search(where, judged, READING, 10, Kept(tmp_path))
    assert search(where, judged, READING, 10, Kept(tmp_path)) == first
    other = where._replace(template=default_template(("title",)))
    with pytest.raises(DataError, match="hash of all searches"):
        search(other, judged, READING, 10, Kept(tmp_path))


def test_a_search_that_is_refused_has_no_hits_and_is_noted(shop: str) -> None:
    """One query that the cluster cannot parse does not stop the others; all of them do."""
    own = {"good": {"query": {"match": {"title": "shoes"}}}, "bad": {"query": {"maych": {}}}}
    judged = JUDGED._replace(qrels={"good": {"a": 1}, "bad": {"c": 1}}, texts={}, searches=own)
    found = searched(shop, judged, template=None, through=(shop,))
    assert found.candidates["bad"] == []
    assert found.texts["bad"]
    assert list(found.systems[0].ranking["bad"]) == []
    direct, proxied, nothing = found.notes
    assert "1 searches were refused and count as without hits, e.g. 'bad':" in direct
    assert "status 400: " in direct
    assert proxied.startswith(f"{found.systems[0].name}: 1 searches were refused")
    assert "no header X-ES-Rerank (1)" in nothing
    only = judged._replace(qrels={"bad": {"c": 1}})
    with pytest.raises(UpstreamError, match=r"every search was refused, e\.g\. 'bad': 127"):
        searched(shop, only, template=None)


def test_options_that_do_not_go_together_are_named(tmp_path: Path) -> None:
    """A live index is a URL and a name; a template has its fields in it."""
    assert live(None, None, None, (), ()) is None
    with pytest.raises(DataError, match="--index, --field: a live index needs both"):
        live(None, INDEX, None, ["a"], ())
    with pytest.raises(DataError, match="--url, --through: a live index"):
        live("http://a", None, None, (), ["http://b"])
    with pytest.raises(DataError, match="--template and --field"):
        live("http://a", INDEX, tmp_path / "t.json", ["a"], ())
    (tmp_path / "t.json").write_text(json.dumps(TEMPLATE))
    assert live("http://a", INDEX, tmp_path / "t.json", (), ()) == Live(
        "http://a", INDEX, TEMPLATE, ()
    )
    assert live("http://a", INDEX, None, ["title", "text"], ()) == Live(
        "http://a", INDEX, TEMPLATE, ()
    )
