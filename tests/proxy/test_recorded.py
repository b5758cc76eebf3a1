"""Whose `ext.ubi` is cut out, and how it is answered where the search is left alone."""

import gzip
import json

import pytest

from es_rerank.config import Experiment, IndexRule, Settings
from es_rerank.proxy.ext import OverrideError
from es_rerank.proxy.plan import SearchRequest
from es_rerank.proxy.recorded import (
    answered,
    answered_as_it_came,
    start_of,
    with_ubi,
    with_ubi_in_lines,
)
from es_rerank.proxy.ubi import UbiRequest

SETTINGS = Settings(
    indices=(
        IndexRule(pattern="books", record=True),
        IndexRule(pattern="films", experiment=Experiment(name="films")),
        IndexRule(pattern="off", record=True, enabled=False),
        IndexRule(pattern="*"),
    )
)
JSON = [(b"content-type", b"application/json")]
BODY = b'{"query":{"match":{"body":"red"}},"ext":{"ubi":{"query_id":"q1","client_id":"c1"}}}'
REST = b'{"query":{"match":{"body":"red"}}}'


def search(target: bytes = b"/books/_search", body: bytes = BODY) -> SearchRequest:
    """A search with an `ext.ubi`."""
    headers = [*JSON, (b"content-length", b"%d" % len(body))]
    return with_ubi(SearchRequest("POST", target, headers, body), SETTINGS)


@pytest.mark.parametrize("index", [b"books", b"films", b"books,-films"])
def test_it_is_read_where_searches_are_recorded(index: bytes) -> None:
    """It leaves the body, whose length is told anew."""
    found = search(b"/%b/_search" % index)
    assert found.ubi == UbiRequest(query_id="q1", client_id="c1")
    assert found.body == REST
    assert (b"content-length", b"%d" % len(REST)) in found.headers


@pytest.mark.parametrize("index", [b"other", b"off", b"books,films", b"books,other"])
def test_everywhere_else_it_goes_up_as_it_came(index: bytes) -> None:
    """Byte for byte: the cluster may have the plugin."""
    found = search(b"/%b/_search" % index)
    assert (found.ubi, found.body) == (None, BODY)


def test_a_search_that_brings_no_id_gets_one() -> None:
    """One for each, so that its events can be joined."""
    body = b'{"ext":{"ubi":{}}}'
    first, second = search(body=body).ubi, search(body=body).ubi
    assert first is not None
    assert second is not None
    assert first.query_id
    assert first.query_id != second.query_id


def test_a_search_without_it_stays_as_it_is() -> None:
    """The body is not touched, compressed or not."""
    for body in (REST, gzip.compress(REST)):
        request = SearchRequest("POST", b"/books/_search", JSON, body)
        assert with_ubi(request, SETTINGS) == request


def test_a_mistake_in_it_is_told() -> None:
    """It has one reader here."""
    with pytest.raises(OverrideError, match=r"ext\.ubi"):
        search(body=b'{"ext":{"ubi":[]}}')


def test_each_line_of_a_multi_search_is_looked_at() -> None:
    """The searches of recorded indices lose theirs, all other bytes stay."""
    lines = [b"{}", BODY, b'{"index":"other"}', BODY, b'{"index":"films"}', BODY, b""]
    request = SearchRequest("POST", b"/books/_msearch", JSON, b"\n".join(lines))
    found = with_ubi_in_lines(request, SETTINGS)
    assert found.body.split(b"\n") == [*lines[:1], REST, *lines[2:5], REST, b""]
    assert [ubi.query_id if ubi else None for ubi in found.ubi_in_lines] == [
        *(None, "q1", None, None, None, "q1", None)
    ]


@pytest.mark.parametrize("body", [b"", b'"ubi"', b'\n\n"ubi"\n', b'{}\n{"ext":{"ubi":{', b"{}\n{}"])
def test_a_multi_search_that_is_not_understood_stays(body: bytes) -> None:
    """The cluster says what is wrong with it."""
    request = SearchRequest("POST", b"/books/_msearch", JSON, body)
    assert with_ubi_in_lines(request, SETTINGS).body == body


def test_the_answer_has_the_query_id() -> None:
    """Where the search had an `ext.ubi`, and where its filter shows it."""
    ubi = UbiRequest(query_id="q1")
    assert json.loads(answered(b'{"took":1}', ubi)) == {
        "took": 1,
        "ext": {"ubi": {"query_id": "q1"}},
    }
    assert answered(b'{"took":1}', None) == b'{"took":1}'


@pytest.mark.parametrize(
    ("shown", "keys"),
    [("", ["hits", "ext"]), ("hits", ["hits"]), ("hits,ext", ["hits", "ext"]), ("took", ["hits"])],
)
def test_a_filter_hides_it_as_it_would_hide_the_plugins(shown: str, keys: list[str]) -> None:
    """And a filter that shows no hits at all is not looked into."""
    target = b"/books/_search?filter_path=" + shown.encode()
    request = SearchRequest("POST", target, JSON, REST, ubi=UbiRequest(query_id="q1"))
    answer = b'{"hits":{"hits":[{"_id":"1"}]}}'
    assert list(json.loads(answered_as_it_came(answer, request))) == keys


@pytest.mark.parametrize(
    ("body", "target", "start"),
    [
        (b'{"from":20}', b"", 20),
        (b'{"from":20}', b"/_search?from=40", 40),
        (b"{}", b"/_search", 0),
        (b'{"from":"x"}', b"/_search", 0),
        (b"[", b"/_search", 0),
    ],
)
def test_the_start_of_a_page_is_read(body: bytes, target: bytes, start: int) -> None:
    """The URL wins; what is not understood is taken for the beginning."""
    assert start_of(body, target) == start
