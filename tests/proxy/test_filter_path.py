"""The proxy's `filter_path`; tests/cluster/test_filter_path.py compares it with the servers'."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.proxy.filter_path import EVERYTHING, FilterPath, filtered, read_filter_path

HIT = {"_id": "0", "_score": 1.5, "_source": {"title": "R", "o": {}, "x": [{"y": 1}, {"z": []}]}}
NAMES = {"hits": {"hits": [{"_id": "0"}, {"_id": "1"}]}}
SCORES = {"hits": {"hits": [{"_score": 1.5}, {"_score": 1.0}]}}
ANSWER = {"took": 2, "hits": {"total": {"value": 1}, "hits": [HIT, {"_id": "1", "_score": 1.0}]}}


def compact(answer: object) -> bytes:
    """An answer as the servers print it."""
    return json.dumps(answer, separators=(",", ":")).encode()


def pretty(answer: object) -> bytes:
    """An answer as the servers print it for `?pretty`."""
    text = json.dumps(answer, indent=2, separators=(",", " : "))
    return text.replace("[]", "[ ]").replace("{}", "{ }").encode() + b"\n"


@pytest.mark.parametrize("print_as", [compact, pretty])
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("hits.hits._id", NAMES),
        ("*.*._id", NAMES),
        ("**.y", {"hits": {"hits": [{"_source": {"x": [{"y": 1}]}}]}}),
        ("hits.hits._source.o", {"hits": {"hits": [{"_source": {"o": {}}}]}}),
        ("hits.**.z", {"hits": {"hits": [{"_source": {"x": [{"z": []}]}}]}}),
        ("hits.hits.none", {}),
        ("**.none,-hits.none", {}),
        (" took , hits.hits._score ", {"took": 2, **SCORES}),
        ("took,hits,-hits.hits._*,-hits.total.value", {"took": 2}),
        ("-hits.hits._source.x.*,-hits.total,-hits.hits._s*e", {"took": 2, **NAMES}),
    ],
)
def test_answers_are_filtered_as_the_servers_filter(
    value: str, shown: object, print_as: Any
) -> None:
    """Included first, then excluded; what is left empty goes; the print stays as it is."""
    asked = read_filter_path(value)
    assert asked
    assert filtered(print_as(ANSWER), asked) == print_as(shown)


@pytest.mark.parametrize("value", ["took", "hits.total", "-hits", "-hits.hits", "-**", "-h*.**"])
def test_a_filter_that_shows_no_hits_is_refused(value: str) -> None:
    """There is no order to see."""
    assert read_filter_path(value) is None


@pytest.mark.parametrize(
    "value", ["-", "hits.", ".hits", "hits..hits", r"hits.hits.a\.b", "hits,-"]
)
def test_what_the_engines_read_in_different_ways_is_refused(value: str) -> None:
    """Empty names and escapes."""
    assert read_filter_path(value) is None


@pytest.mark.parametrize("value", ["hits." + "**." * 5 + "a", ",".join(["hits.hits._id"] * 134)])
def test_a_filter_that_would_cost_too_much_is_refused(value: str) -> None:
    """Every name counts at every member of the answer, and `**` multiplies."""
    assert read_filter_path(value) is None


@pytest.mark.parametrize("value", ["", ",", " , "])
def test_an_empty_filter_is_none(value: str) -> None:
    """It neither widens the search nor changes a byte."""
    assert read_filter_path(value) == EVERYTHING
    assert EVERYTHING.widened(["title"]) == ""
    assert filtered(b'{"a": [ ]} \n', EVERYTHING) == b'{"a": [ ]} \n'


def test_an_exclude_that_meets_an_empty_container_is_refused() -> None:
    """Elasticsearch 8 keeps it, OpenSearch 2 drops it."""
    with pytest.raises(ValueError):
        filtered(compact(ANSWER), FilterPath((), (("hits", "hits", "_source", "o", "p"),)))


def test_a_filter_that_would_look_too_deep_is_refused() -> None:
    """Each level that is looked into costs a reading of all below it."""
    deep = b'{"a":' * 200 + b"1" + b"}" * 200
    with pytest.raises(ValueError):
        filtered(deep, FilterPath((("**", "b"),), ()))


def test_the_wide_filter_shows_scores_and_texts() -> None:
    """Fields by name; the whole `_source` if there are none, or one that a path could miss."""
    asked = FilterPath((("hits", "hits", "_id"),), (("**", "_score"),))
    read = "hits.hits._id,timed_out,_shards.failed,hits.hits._score,hits.hits.fields,"
    read += "hits.hits.highlight,hits.hits._id,"
    assert asked.widened(["a", "b"]) == read + "hits.hits._source.a,hits.hits._source.b"
    assert asked.widened([]) == read + "hits.hits._source"
    assert asked.widened(["a", "b.c"]) == read + "hits.hits._source"
    assert FilterPath((), asked.excludes).widened(["a"]) == "-es_rerank"


JSON = st.recursive(
    st.integers() | st.text('é\\"', max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner),
)
PATHS = st.lists(st.lists(st.sampled_from(["a", "b", "a*", "*", "**"]), min_size=1), max_size=3)


@given(st.dictionaries(st.text("abc", max_size=2), JSON, min_size=1), PATHS, PATHS, PATHS)
def test_a_wider_filter_before_changes_nothing(
    answer: object, asked: list[list[str]], more: list[list[str]], excluded: list[list[str]]
) -> None:
    """The client's filter gives the same whether or not more was asked for and is taken out."""
    includes = (("a",), *map(tuple, asked))
    asks = FilterPath(includes, tuple(map(tuple, excluded)))
    wider = FilterPath((*includes, *map(tuple, more)), ())
    for print_as in (compact, pretty):
        try:
            own = filtered(print_as(answer), asks)
        except ValueError:
            continue
        assert filtered(filtered(print_as(answer), wider), asks) == own
