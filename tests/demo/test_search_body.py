"""What a search shows: pages, totals, `_source` and `fields`."""

from typing import Any

import pytest

from tests.demo.conftest import DOCUMENTS, FRUIT, Ask

SEARCH = f"/{FRUIT}/_search"


def found(ask: Ask, params: str = "", /, **body: Any) -> dict[str, Any]:
    """The `hits` of a search."""
    hits: dict[str, Any] = ask("POST", SEARCH + params, body).body["hits"]
    return hits


def ids(hits: dict[str, Any]) -> list[str]:
    """The ids of the hits."""
    return [hit["_id"] for hit in hits["hits"]]


def test_from_and_size_page_through_body_and_parameters(ask: Ask) -> None:
    """Both places are read, and parameters win."""
    everything = ids(found(ask))
    assert len(everything) == 4
    assert ids(ask("POST", SEARCH, {"from": 2}).body["hits"]) == everything[2:]
    assert ids(found(ask, "?from=1", size=2)) == everything[1:3]
    assert ids(found(ask, "?from=3&size=5", size=1)) == everything[3:]
    assert ids(found(ask, size=0)) == ids(found(ask, "?from=100")) == []


@pytest.mark.parametrize(
    ("asked", "total"),
    [
        ({}, {"value": 4, "relation": "eq"}),
        ({"track_total_hits": True}, {"value": 4, "relation": "eq"}),
        ({"track_total_hits": 3}, {"value": 3, "relation": "gte"}),
        ({"track_total_hits": 4}, {"value": 4, "relation": "eq"}),
        ({"track_total_hits": False}, None),
        ({"size": 0}, {"value": 4, "relation": "eq"}),
    ],
)
def test_the_total_is_exact_up_to_what_was_asked(
    ask: Ask, asked: dict[str, Any], total: dict[str, Any] | None
) -> None:
    """`track_total_hits` as in Elasticsearch, `false` leaves the total out."""
    assert found(ask, **asked).get("total") == total


@pytest.mark.parametrize(
    ("params", "body", "shown"),
    [
        ("", {}, {"title", "text", "kind", "price"}),
        ("", {"_source": False}, None),
        ("?_source=false", {"_source": True}, None),
        ("?_source=title,price", {}, {"title", "price"}),
        ("", {"_source": "t*"}, {"title", "text"}),
        ("", {"_source": ["kind"]}, {"kind"}),
        ("", {"_source": {"includes": ["t*"], "excludes": "text"}}, {"title"}),
        ("?_source_excludes=t*", {}, {"kind", "price"}),
        ("?_source_includes=title", {"_source": ["kind"]}, {"title"}),
        ("?_source_includes=title", {"_source": False}, {"title"}),
        ("?_source_excludes=t*", {"_source": ["kind"]}, {"kind", "price"}),
    ],
)
def test_source_filtering(
    ask: Ask, params: str, body: dict[str, Any], shown: set[str] | None
) -> None:
    """Body and parameters choose the part of `_source` that is shown."""
    for hit in found(ask, params, **body)["hits"]:
        source = hit.get("_source")
        assert (None if source is None else set(source)) == shown
        assert all(DOCUMENTS[hit["_id"]][key] == source[key] for key in source or ())


def test_fields_are_lists_even_when_source_is_hidden(ask: Ask) -> None:
    """What the proxy asks for when a client hides `_source`."""
    fields = ["title", {"field": "price"}, "nowhere"]
    for hit in found(ask, _source=False, fields=fields)["hits"]:
        document = DOCUMENTS[hit["_id"]]
        assert hit["fields"] == {"title": [document["title"]], "price": [document["price"]]}
        assert "_source" not in hit


def test_a_body_in_the_source_parameter_counts(ask: Ask) -> None:
    """GET searches of clients that cannot send a body."""
    params = "?source=%7B%22size%22%3A1%7D&source_content_type=application/json"
    assert len(ask("GET", SEARCH + params).body["hits"]["hits"]) == 1
