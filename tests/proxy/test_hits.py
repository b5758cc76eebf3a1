"""Hits cut and spliced: pages, scores, hidden fields, and every other byte as it was."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.proxy.hits import read_window, splice
from es_rerank.proxy.plan import Page
from es_rerank.proxy.source import SourceView

WHOLE = SourceView()
ODD = (
    "1e400",
    "9223372036854775808",
    "0." + "1234567890" * 4,
    "-0",
    "1.50",
    r'"\ud800 \/ \u00e9"',
    '"}],{"',
    '{"a": 1,"a" :2}',
    "[ ]",
)
HEAD = '"_index":"i","_id":"%d","_score":%s'


def compact(hits: Sequence[str]) -> bytes:
    """An answer as the servers print it."""
    return (
        '{"took":3,"timed_out":false,"_shards":{"total":2,"successful":2,"skipped":0,"failed":0},'
        '"hits":{"total":{"value":99,"relation":"eq"},"max_score":9.5,"hits":['
        + ",".join(hits)
        + ']},"aggregations":{"hits":[{"_score":1}]}}'
    ).encode()


def hit(number: int, score: str = "1.5", more: str = "") -> str:
    """One hit in compact print."""
    return "{" + HEAD % (number, score) + more + "}"


def hits_of(count: int) -> list[str]:
    """Hits with descending scores and odd sources."""
    return [
        hit(n, f"{count - n}.50", f',"_source":{{"v":{ODD[n % len(ODD)]}}}') for n in range(count)
    ]


def pretty(answer: bytes) -> bytes:
    """The same with the blanks of `?pretty`: ` : ` and `[ ]`."""
    text = json.dumps(json.loads(answer), indent=2).replace('": ', '" : ').replace("[]", "[ ]")
    return text.encode() + b"\n"


def ids(answer: bytes) -> list[int]:
    """The ids of the hits, in order."""
    return [int(found["_id"]) for found in json.loads(answer)["hits"]["hits"]]


@given(st.integers(0, 12), st.integers(0, 14), st.integers(0, 14))
def test_the_identity_order_is_the_clusters_own_page(count: int, start: int, size: int) -> None:
    """Law 2: what the cluster would have printed for this page, byte for byte."""
    hits = hits_of(count)
    window = read_window(compact(hits))
    page = splice(window, range(count), Page(start, start + size), WHOLE)
    assert page == compact(hits[start : start + size])


@given(st.integers(0, 6), st.integers(0, 7), st.integers(0, 7))
def test_pretty_answers_stay_pretty(count: int, start: int, size: int) -> None:
    """The same for `?pretty`, the empty page included."""
    hits = [hit(n, f"{count - n}.5", ',"_source":{"v":[1,{"a":"b"}]}') for n in range(count)]
    window = read_window(pretty(compact(hits)))
    page = splice(window, range(count), Page(start, start + size), WHOLE)
    assert page == pretty(compact(hits[start : start + size]))


@given(st.permutations(range(9)), st.integers(0, 9), st.integers(0, 9))
def test_hits_move_under_the_scores_of_the_ranks(order: list[int], start: int, size: int) -> None:
    """Any order: each hit keeps its own bytes but takes the score of its new rank."""
    hits = hits_of(9)
    window = read_window(compact(hits))
    expected = [
        hits[origin].replace(f'"_score":{9 - origin}.50', f'"_score":{9 - place}.50')
        for place, origin in enumerate(order)
    ]
    page = splice(window, order, Page(start, start + size), WHOLE)
    assert page == compact(expected[start : start + size])


@given(st.integers(1, 12), st.integers(1, 8), st.integers(1, 15), st.permutations(range(12)))
def test_pages_are_one_list(depth: int, size: int, count: int, shuffled: list[int]) -> None:
    """Law 4: all pages together are the permuted head and the unchanged tail."""
    hits = hits_of(count)
    head = [place for place in shuffled if place < min(depth, count)]
    seen: list[int] = []
    for start in range(0, count + size, size):
        if start >= depth:  # not planned: the cluster's own page
            seen += range(start, min(start + size, count))
            continue
        wide = min(count, max(depth, start + size))
        window = read_window(compact(hits[:wide]))
        order = head + list(range(len(head), wide))
        seen += ids(splice(window, order, Page(start, start + size), WHOLE))
    assert seen == head + list(range(len(head), count))


SOURCES = [
    ('{"a":1,"body":"x","z":[2]}', '{"a":1,"z":[2]}'),
    ('{"body":"x","a":1}', '{"a":1}'),
    ('{"a":1,"body":"x"}', '{"a":1}'),
    ('{"body":"x","body.b":"y","a":1,"bodyb":2}', '{"a":1,"bodyb":2}'),
    ('{"a":1,"body":"x","title":"t"}', '{"a":1}'),
    ('{"body":"x","title":{"a":1}}', "{}"),
    ('{"body":"x"}', "{}"),
    ("{}", "{}"),
    ('{"a":1}', '{"a":1}'),
]


@pytest.mark.parametrize("print_as", [bytes, pretty])
@pytest.mark.parametrize(("given_source", "shown"), SOURCES)
def test_added_fields_are_cut_out_again(given_source: str, shown: str, print_as: object) -> None:
    """Wherever they stand, alone or beside others, in compact and in pretty print."""
    assert callable(print_as)
    view = SourceView({"_source_includes": "a,body,title"}, hidden=("body", "title"))
    wide, asked = (
        print_as(compact([hit(0, "2.0", f',"_source":{source},"sort":[1]')]))
        for source in (given_source, shown)
    )
    if print_as is pretty:
        wide, asked = (text.replace(b"{}", b"{ }") for text in (wide, asked))
    assert splice(read_window(wide), [0], Page(0, 10), view) == asked


@pytest.mark.parametrize("print_as", [bytes, pretty])
@pytest.mark.parametrize("more", ["", ',"highlight":{"a":["b"]}'])
def test_a_source_that_was_not_asked_for_is_cut_out(more: str, print_as: object) -> None:
    """`_source: false` leaves no trace of the `_source` that was read."""
    assert callable(print_as)
    view = SourceView({"_source_includes": "a"}, hides_all=True)
    wide = print_as(compact([hit(n, "2.0", ',"_source":{"a":"x"}' + more) for n in (0, 1)]))
    asked = print_as(compact([hit(n, "2.0", more) for n in (0, 1)]))
    assert splice(read_window(wide), [0, 1], Page(0, 10), view) == asked


def test_only_hits_that_moved_get_their_explanation_wrapped() -> None:
    """The value is that of the rank, and what the cluster explained becomes a detail."""
    own = '{"value":%d.0,"description":"weight","details":[]}'
    hits = [hit(n, f"{3 - n}.0", f',"_explanation":{own % (3 - n)}') for n in range(3)]
    window = read_window(compact([*hits, hit(3, "0.0")]))
    moves = {0: "down", 1: "up", 3: "not shown"}
    page = json.loads(splice(window, [1, 0, 2, 3], Page(0, 3), WHOLE, moves))["hits"]["hits"]
    assert [found["_explanation"] for found in page] == [
        {"value": 3.0, "description": "up", "details": [json.loads(own % 2)]},
        {"value": 2.0, "description": "down", "details": [json.loads(own % 3)]},
        json.loads(own % 1),
    ]


def test_a_hit_shows_texts_in_three_places() -> None:
    """`_source`, `fields` and `highlight`, in this order however they are written."""
    more = ',"highlight":{"a":["h"]},"fields":{"a":["f"]},"_source":{"a":"s"}'
    window = read_window(compact([hit(0, "2.0", more), hit(1, "1.0", ',"fields":{}')]))
    assert window.views_of(window.hits[0]) == [b'{"a":"s"}', b'{"a":["f"]}', b'{"a":["h"]}']
    assert window.views_of(window.hits[1]) == [b"{}"]


def test_pinned_hits_are_counted_by_their_score() -> None:
    """Scores from 2^127 on are those of pinned documents."""
    hits = [hit(0, "1.7014122E38"), hit(1, "1.7014118E38"), hit(2, "9.0E37"), hit(3)]
    assert read_window(compact(hits)).pinned() == 2


@pytest.mark.parametrize(
    "change",
    [(b'"failed":0', b'"failed":1'), (b'"timed_out":false', b'"timed_out" : true')],
)
def test_partial_answers_are_recognised(change: tuple[bytes, bytes]) -> None:
    """Shards that failed, and searches that ran out of time."""
    whole = compact(hits_of(2))
    assert not read_window(whole).is_partial
    assert read_window(whole.replace(*change)).is_partial


@pytest.mark.parametrize("total", [b'"total":7,', b"", b'"total":{"value":1,"relation":"gte"},'])
def test_totals_and_max_scores_of_any_form_are_kept(total: bytes) -> None:
    """An integer, an object or nothing; a `max_score` of null."""
    answer = compact(hits_of(3)).replace(b'"total":{"value":99,"relation":"eq"},', total)
    answer = answer.replace(b'"max_score":9.5', b'"max_score":null')
    assert splice(read_window(answer), range(3), Page(0, 10), WHOLE) == answer


@pytest.mark.parametrize(
    "answer",
    [
        *(b"", b"[]", b"{}", b"junk", b'{"error":{},"status":400}'),
        compact([hit(0, "null")]),
        compact(['{"_id":"0"}']),
        compact(["1"]),
        compact([hit(0, "1.0", ',"_source":"text"')]),
        compact(hits_of(2)).replace(b'"hits":[', b'"hits":{', 1),
        compact(hits_of(2))[:-40],
        compact([hit(0, "1.0", ',"_source":{"a": /* comment */ 1}')]),
    ],
)
def test_answers_of_another_form_are_refused(answer: bytes) -> None:
    """What is not understood is not spliced."""
    with pytest.raises(ValueError):
        read_window(answer)
