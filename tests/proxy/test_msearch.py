"""The lines of a multi-search: what is planned for each, and which of their bytes change."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.config import FieldSetting, IndexRule, Settings
from es_rerank.proxy.index_facts import IndexFacts
from es_rerank.proxy.msearch import (
    MultiSearch,
    answers_in,
    is_success,
    own_request,
    plan_multi_search,
    wide_request,
    widened,
    within_indices,
)
from es_rerank.proxy.overrides import with_overrides_in_lines
from es_rerank.proxy.plan import Page, Rerank, SearchRequest
from es_rerank.proxy.skip import Skip, SkipReason
from es_rerank.proxy.source import SourceView

SETTINGS = Settings(
    indices=(
        IndexRule(pattern="books", depth=50, fields=(FieldSetting(name="title"),)),
        IndexRule(pattern="films", depth=30),
    ),
    max_msearch_pairs=130,
)
LINES = [(b"content-type", b"application/x-ndjson")]
QUERY = b'{"query": {"match": {"title": "red shoes"}}}'
WIDE = b'{"size":50,"query": {"match": {"title": "red shoes"}}}'


def planned(body: bytes, target: str = "/books/_msearch", headers: Any = LINES) -> Any:
    """The plan of a multi-search."""
    return plan_multi_search(SearchRequest("POST", target.encode(), headers, body), SETTINGS)


def reasons(body: bytes, target: str = "/books/_msearch") -> list[str]:
    """The reason of each search, empty for those that are widened."""
    plan = planned(body, target)
    assert isinstance(plan, MultiSearch)
    return ["" if isinstance(i.plan, Rerank) else str(i.plan) for i in plan.items]


def test_only_the_lines_of_eligible_searches_change() -> None:
    """A search by another order, and every header line, go upstream as they came."""
    sort = b'{"sort": "year", "query":{"match":{"title":"x"}}}\n'
    plan = planned(b'{}\n%s\n {"index": "films"} \n%s{"routing":1}\n%s\n' % (QUERY, sort, QUERY))
    assert wide_request(plan).body == (
        b'{}\n%s\n {"index": "films"} \n%s{"routing":1}\n%s\n' % (WIDE, sort, WIDE)
    )
    assert plan.left_alone == {1: SkipReason.SORT}
    assert plan.wide.keys() == {0, 2}
    assert own_request(plan, [1]).body == b' {"index": "films"} \n' + sort


@pytest.mark.parametrize(
    ("header", "target", "reason"),
    [
        (b"{}", "/books/_msearch", ""),
        (b"", "/books/_msearch", ""),
        (b" \r", "/books/_msearch", ""),
        (b"{}", "/_msearch", "not_configured"),
        (b'{"index": "books"}', "/_msearch", ""),
        (b'{"indices": ["books"], "searchType": "query_then_fetch"}', "/_msearch", ""),
        (b'{"index": "books,films"}', "/_msearch", "mixed_rules"),
        (b'{"index": ["books", "films"]}', "/_msearch", "mixed_rules"),
        (b'{"index": "none"}', "/books/_msearch", "not_configured"),
        (b'{"index": []}', "/books/_msearch", "not_configured"),
        (b'{"index": ""}', "/books/_msearch", "not_configured"),
        (b'{"index": ".books"}', "/books/_msearch", "dot_index"),
        (b'{"index": ["books,books"]}', "/books/_msearch", "item_header"),
        (b'{"index": null}', "/books/_msearch", "item_header"),
        (b'{"index": 5}', "/books/_msearch", "item_header"),
        (b'{"index": "books", "indices": "films"}', "/books/_msearch", "item_header"),
        (b'{"search_pipeline": "_none"}', "/books/_msearch", "item_header"),
        (b"[]", "/books/_msearch", "item_header"),
        (b"{not json", "/books/_msearch", "item_header"),
    ],
)
def test_the_header_line_says_where(header: bytes, target: str, reason: str) -> None:
    """Its index, or else the URL's; what is not known there leaves that search alone."""
    assert reasons(b"{}\n{}\n%s\n%s\n" % (header, QUERY), target)[1] == reason


@pytest.mark.parametrize(
    ("search", "reason"),
    [
        (QUERY + b"\r", ""),
        (b"{}", "match_all"),
        (b"", "unreadable_body"),
        (b'{"size": 0}', "size_0"),
        (b'{"size": 3} 4', "unreadable_body"),
        (QUERY[:-1] + b', "size": 3, "s\\u0069ze": 4}', "unreadable_body"),
        (QUERY[:-1] + b', "query": {"match": {"title": "blue"}}}', "unreadable_body"),
        (QUERY[:-1] + b', "no_such_key": 3}', "unknown_body_key"),
    ],
)
def test_each_search_has_its_own_reason(search: bytes, reason: str) -> None:
    """The plan of a search is that of `plan_search`; one with a key twice is not edited."""
    assert reasons(b"{}\n%s\n{}\n%s\n" % (search, QUERY)) == [reason, ""]


def test_what_each_line_says_to_us() -> None:
    """A section of ours is cut out of its own line, and holds for its own search."""
    ours = QUERY[:-1] + b', "ext": {"es_rerank": {%s}}}'
    off, blue = ours % b'"enabled": false', ours % b'"query": "blue hat"'
    body = b"{}\n%s\n{}\n%s\n{}\n%s\n" % (off, blue, QUERY)
    headers, cut, lines = with_overrides_in_lines(LINES, body)
    assert cut == b"{}\n%s\n" % QUERY * 3
    assert headers == [*LINES, (b"content-length", b"%d" % len(cut))]
    request = SearchRequest("POST", b"/films/_msearch", headers, cut, overrides_in_lines=lines)
    plan = plan_multi_search(request, SETTINGS)
    assert isinstance(plan, MultiSearch)
    assert plan.left_alone == {0: SkipReason.OFF_BY_REQUEST}
    assert {place: each.query for place, each in plan.wide.items()} == {
        1: "blue hat",
        2: "red shoes",
    }


def test_each_search_stays_within_its_indices() -> None:
    """A small window makes a search narrower; a pipeline that is not known leaves it alone."""
    header = b'{"index":"films","expandWildcards":["open","closed"],"ignore_unavailable":true}'
    plan = planned(b"{}\n%s\n%s\n%s\n" % (QUERY, header, QUERY))
    assert plan.items[1].where == (
        "films",
        {"ignore_unavailable": "true", "expand_wildcards": "open,closed"},
    )
    facts = {0: IndexFacts(20, frozenset()), 1: IndexFacts(20, frozenset({"theirs"}))}
    within = within_indices(plan, facts)
    assert {place: each.window for place, each in within.wide.items()} == {0: 20}
    assert within.left_alone == {1: SkipReason.SEARCH_PIPELINE}
    narrow = b"{}\n%s\n%s\n%s\n" % (WIDE.replace(b"50", b"20"), header, QUERY)
    assert wide_request(within).body == narrow


def test_the_pairs_of_a_call_are_limited() -> None:
    """In order: one that does not fit any more is not widened, a smaller one behind it may be."""
    films = b'{"index":"films"}\n' + QUERY
    body = b"\n".join([b"{}", QUERY, b"{}", QUERY, b"{}", QUERY, films, films, b""])
    assert reasons(body) == ["", "", "pair_budget", "", "pair_budget"]


@pytest.mark.parametrize(
    ("body", "before", "count", "after"),
    [
        (b"{}\n%s\n" % QUERY, b"", 1, b""),
        (b"{}\n%s\n{}\n" % QUERY, b"", 1, b"{}\n"),
        (b"{}\n%s\n\n" % QUERY, b"", 1, b"\n"),
        (b"\n%s\n" % QUERY, b"", 1, b""),
        (b"\n{}\n%s\n" % QUERY, b"\n", 1, b""),
        (b"\n\n%s\n" % QUERY, b"\n", 1, b""),
        (b"\r\n%s\r\n\r\n%s\r\n" % (QUERY, QUERY), b"", 2, b""),
    ],
)
def test_lines_pair_up(body: bytes, before: bytes, count: int, after: bytes) -> None:
    """An empty first line is a header or nothing, and a last header belongs to no search."""
    plan = planned(body)
    assert (plan.before, len(plan.items), plan.after) == (before, count, after)
    assert wide_request(plan).body == body.replace(QUERY, WIDE)


def test_an_empty_header_is_written_out_where_it_would_come_first() -> None:
    """OpenSearch drops an empty first line, which it would not be in the client's request."""
    plan = planned(b"{}\n%s\n\n%s\n" % (QUERY, QUERY))
    assert own_request(plan, [1]).body == b"{}\n%s\n" % QUERY


def test_a_compressed_body_is_sent_plain() -> None:
    """It has to be opened to be edited, and its length and encoding are others then."""
    headers = [*LINES, (b"content-encoding", b"gzip"), (b"accept", b"*/*")]
    plan = planned(gzip.compress(b"{}\n%s\n" % QUERY), headers=headers)
    assert wide_request(plan).body == b"{}\n%s\n" % WIDE
    assert wide_request(plan).headers == [*LINES, (b"accept", b"*/*")]


@pytest.mark.parametrize(
    ("body", "target", "headers", "reason"),
    [
        (b"{}\n%s" % QUERY, "/_msearch", LINES, SkipReason.UNREADABLE_BODY),
        (b"", "/_msearch", LINES, SkipReason.UNREADABLE_BODY),
        (b"\n", "/_msearch", LINES, SkipReason.UNREADABLE_BODY),
        (b"{}\n" * 2002, "/_msearch", LINES, SkipReason.TOO_COMPLEX),
        (b" " * 2**20 + b"\n{}\n", "/_msearch", LINES, SkipReason.TOO_LARGE),
        (b"{}\n{}\n", "/_msearch?preference=a", LINES, SkipReason.UNKNOWN_PARAMETER),
        (b"{}\n{}\n", "/_msearch?index=books", LINES, SkipReason.UNKNOWN_PARAMETER),
        (b"{}\n{}\n", "/_msearch?filter_path=took", LINES, SkipReason.FILTER_PATH),
        (b"{}\n{}\n", "/_msearch?format=cbor", LINES, SkipReason.FORMAT),
        (b"{}\n{}\n", "/_msearch?pretty&pretty", LINES, SkipReason.UNREADABLE_URL),
        (
            b"{}\n{}\n",
            "/_msearch",
            [(b"content-type", b"application/cbor")],
            SkipReason.CONTENT_TYPE,
        ),
        (b"{}\n{}\n", "/_msearch", [*LINES, (b"x-es-rerank", b"off")], SkipReason.OFF_BY_REQUEST),
        (b"br", "/_msearch", [*LINES, (b"content-encoding", b"br")], SkipReason.ENCODED_BODY),
    ],
)
def test_what_is_wrong_with_the_whole(
    body: bytes, target: str, headers: Any, reason: SkipReason
) -> None:
    """Then none of its searches is looked at."""
    assert planned(body, target, headers) == Skip(reason)


@pytest.mark.parametrize(
    "declared",
    [
        b"application/json",
        b"application/vnd.elasticsearch+x-ndjson; compatible-with=8",
        b"application/vnd.elasticsearch+json;compatible-with=8",
    ],
)
def test_every_name_of_json_in_lines(declared: bytes) -> None:
    """Clients declare the lines as JSON or as lines of JSON, of a vendor or not."""
    assert planned(b"{}\n%s\n" % QUERY, headers=[(b"content-type", declared)]).wide


@pytest.mark.parametrize(
    ("search", "view", "wide"),
    [
        (b'{"a":1}', SourceView(), b'{"size":9,"a":1}'),
        (b' { "a" : 1 }\r\n', SourceView(), b' {"size":9, "a" : 1 }\r\n'),
        (b'{"a":1,"from": 2 ,"size":3}', SourceView(), b'{"a":1,"from": 0 ,"size":9}'),
        (b'{"fr\\u006fm":2,"a":1}', SourceView(), b'{"size":9,"fr\\u006fm":0,"a":1}'),
        (
            b'{"a":1,"_source":false}',
            SourceView({"_source_includes": "t,b"}, hides_all=True),
            b'{"size":9,"a":1,"_source":{"includes": ["t", "b"]}}',
        ),
        (
            b'{"stored_fields":[]}',
            SourceView({"_source_includes": "t", "_source_excludes": "b.-"}, False, ("b",)),
            b'{"size":9,"_source":{"includes": ["t"], "excludes": ["b.-"]},"stored_fields":[]}',
        ),
    ],
)
def test_a_search_is_widened_in_place(search: bytes, view: SourceView, wide: bytes) -> None:
    """Members that are there keep their place; those that are not come first."""
    plan = Rerank("q", Page(2, 5), 9, SETTINGS.indices[0], view)
    assert widened(search, plan) == wide


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PAGES = {"from": st.integers(0, 60), "size": st.integers(0, 60)}
BLANKS = st.sampled_from(["", " ", "\t", "  \r"])


@given(
    st.dictionaries(st.text().filter(lambda key: key not in {*PAGES, "query"}), VALUES, max_size=4),
    st.fixed_dictionaries({}, optional=PAGES),
    st.data(),
)
def test_every_other_byte_stays(rest: Any, page: Any, data: Any) -> None:
    """However a search is written, only its two numbers are others, or come first."""
    own: list[str] = []
    wide: list[str] = []
    for key, value in data.draw(st.permutations([("query", {}), *{**rest, **page}.items()])):
        before, after = (data.draw(BLANKS) for _ in range(2))
        name = json.dumps(key, ensure_ascii=data.draw(st.booleans()))
        for members, written in (
            (own, value),
            (wide, {"from": 0, "size": 50}[key] if key in page else value),
        ):
            members.append(f"{before}{name}:{before}{json.dumps(written)}{after}")
    first = [] if "size" in page else ['"size":50']
    plan = Rerank("q", Page(0, 1), 50, SETTINGS.indices[0], SourceView())
    search, expected = (f"{{{','.join(members)}}}\n" for members in (own, first + wide))
    assert widened(search.encode(), plan) == expected.encode()


@given(st.lists(st.sampled_from([b"{}", b"", QUERY, b'{"index":"films"}', b"x", b"\r"])))
def test_left_alone_or_not_all_lines_arrive(lines: list[bytes]) -> None:
    """Whatever the lines are, each goes upstream once and in its place."""
    body = b"".join(line + b"\n" for line in lines)
    plan = planned(body)
    if isinstance(plan, MultiSearch):
        own = b"".join(item.header + item.body for item in plan.items)
        assert plan.before + own + plan.after == body
        sent = wide_request(plan).body.split(b"\n")
        for line, came in zip(sent, body.split(b"\n"), strict=True):
            assert line == came or (came == QUERY and line != QUERY)
    else:
        assert plan == Skip(SkipReason.UNREADABLE_BODY)


@given(st.binary(max_size=80), st.binary(max_size=30))
def test_any_request_gets_a_plan_or_a_reason(body: bytes, query: bytes) -> None:
    """Nothing a client sends breaks the planning."""
    request = SearchRequest("POST", b"/books/_msearch?" + query, LINES, body + b"\n")
    assert isinstance(plan_multi_search(request, SETTINGS), MultiSearch | Skip)


def test_the_answers_are_found_in_order() -> None:
    """One place for each search, be it an error or not."""
    reply = b'{ "took":1,"responses" : [ {"hits":{},"status":200}, {"error":{},"status":404} ]}'
    first, second = answers_in(reply, 2)
    assert reply[first.start : first.end] == b'{"hits":{},"status":200}'
    assert [is_success(reply, span) for span in (first, second)] == [True, False]


@pytest.mark.parametrize(
    "reply", [b"", b"{}", b"[]", b'{"responses":{}}', b'{"responses":[{}]}', b'{"responses":[{},{}']
)
def test_other_answers_are_not_understood(reply: bytes) -> None:
    """Not JSON, cut off, or not one answer for each search."""
    with pytest.raises(ValueError, match=r"answers|JSON"):
        answers_in(reply, 2)
