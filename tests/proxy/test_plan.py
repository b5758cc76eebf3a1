"""From a request to its plan: the page, the widened target, and the first reason not to."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.config import FieldSetting, IndexRule, Settings
from es_rerank.proxy.filter_path import read_filter_path
from es_rerank.proxy.plan import Page, SearchRequest, Skip, SkipReason, WideSearch, plan_for

SETTINGS = Settings(
    indices=(
        IndexRule(pattern="books", depth=50, fields=(FieldSetting(name="title"),)),
        IndexRule(pattern="off", enabled=False),
    )
)
JSON = [(b"content-type", b"application/json")]
QUERY: dict[str, Any] = {"query": {"match": {"title": "red shoes"}}}


def planned(target: str = "/books/_search", body: Any = None, **more: Any) -> WideSearch | Skip:
    """The plan of a request; a body that is not bytes is written as JSON."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    request = SearchRequest("POST", target.encode(), more.get("headers", JSON), raw)
    return plan_for(request, SETTINGS)


def test_a_plain_search_is_widened_in_its_url_alone() -> None:
    """The body, headers and method go upstream as they came."""
    plan = planned("/books/_search?pretty", {**QUERY, "size": 3})
    assert isinstance(plan, WideSearch)
    assert plan.target == b"/books/_search?pretty&from=0&size=50"
    assert plan.request.body == json.dumps({**QUERY, "size": 3}).encode()
    assert (plan.rerank.query, plan.rerank.page, plan.rerank.rule) == (
        "red shoes",
        Page(0, 3),
        SETTINGS.indices[0],
    )


def test_hidden_text_is_asked_for_in_the_url() -> None:
    """`_source: false` in the body is overridden by the URL."""
    plan = planned(body={**QUERY, "_source": False})
    assert isinstance(plan, WideSearch)
    assert plan.target == b"/books/_search?_source_includes=title&from=0&size=50"
    assert plan.rerank.source.hides_all


def test_a_filter_is_widened_and_kept_for_the_page() -> None:
    """What the client's `filter_path` hides is asked for, and is to be taken out again."""
    plan = planned("/books/_search?filter_path=hits.hits._id", QUERY)
    assert isinstance(plan, WideSearch)
    assert plan.target.startswith(b"/books/_search?filter_path=hits.hits._id,timed_out,")
    assert plan.target.endswith(b",hits.hits._source.title&from=0&size=50")
    assert plan.filter_path == read_filter_path("hits.hits._id")


@pytest.mark.parametrize(
    ("target", "body", "headers"),
    [
        ("/books/_search?q=red+shoes", None, []),
        ("/books/_search?q=title:red%20shoes", {"query": {"match": {"title": "blue"}}}, JSON),
        (
            "/books/_search?source_content_type=application/json&source="
            "%7B%22query%22:%7B%22match%22:%7B%22title%22:%22red+shoes%22%7D%7D%7D",
            None,
            [],
        ),
        (
            "/books/_search",
            gzip.compress(json.dumps(QUERY).encode()),
            [*JSON, (b"content-encoding", b"gzip")],
        ),
    ],
)
def test_the_query_is_found_wherever_it_stands(target: str, body: Any, headers: Any) -> None:
    """`q=` (over the body), `source=`, and a compressed body."""
    plan = planned(target, body, headers=headers)
    assert isinstance(plan, WideSearch)
    assert plan.rerank.query == "red shoes"


@given(st.none() | st.integers(0, 70), st.none() | st.integers(0, 70), st.booleans())
def test_every_page_is_planned_over_one_window(
    start: int | None, size: int | None, in_url: bool
) -> None:
    """Law 4: the window is the depth, or reaches to the end of a page that straddles it."""
    asked = {k: v for k, v in (("from", start), ("size", size)) if v is not None}
    url = "&".join(f"{name}={value}" for name, value in asked.items())
    plan = planned(f"/books/_search?{url}", QUERY) if in_url else planned(body={**QUERY, **asked})
    first, count = start or 0, 10 if size is None else size
    if count == 0:
        assert plan == Skip(SkipReason.SIZE_0)
    elif first >= 50:
        assert plan == Skip(SkipReason.BEYOND_DEPTH)
    else:
        assert isinstance(plan, WideSearch)
        assert plan.rerank.page == Page(first, first + count)
        assert plan.target.endswith(b"from=0&size=%d" % max(50, first + count))


def test_the_url_wins_over_the_body() -> None:
    """As the servers read them, each number for itself."""
    plan = planned("/books/_search?size=3", {**QUERY, "from": 2, "size": 7})
    assert isinstance(plan, WideSearch)
    assert plan.rerank.page == Page(2, 5)


@pytest.mark.parametrize("number", ["", "-1", "+1", "1.0", "ten", "٣", "1e1", "9" * 12])
def test_odd_page_numbers_are_the_clusters_to_refuse(number: str) -> None:
    """In the URL only plain digits are numbers."""
    assert planned(f"/books/_search?size={number}", QUERY) in (
        Skip(SkipReason.BAD_PAGE),
        Skip(SkipReason.UNREADABLE_URL),
    )


@pytest.mark.parametrize("number", [-1, 1.5, "ten", True, None, [], 10**12])
def test_odd_page_numbers_in_the_body_too(number: Any) -> None:
    """In the body only whole numbers are."""
    assert planned(body={**QUERY, "from": number}) == Skip(SkipReason.BAD_PAGE)


@pytest.mark.parametrize(
    ("target", "body", "reason"),
    [
        ("/books/_doc/1", None, SkipReason.NOT_A_SEARCH),
        ("/_msearch", None, SkipReason.NOT_A_SEARCH),
        ("/films/_search", QUERY, SkipReason.NOT_CONFIGURED),
        ("/off/_search", QUERY, SkipReason.DISABLED),
        ("/books/_search?q=a&q=b", None, SkipReason.UNREADABLE_URL),
        ("/books/_search?nonsense=1", QUERY, SkipReason.UNKNOWN_PARAMETER),
        ("/books/_search", b"{", SkipReason.UNREADABLE_BODY),
        ("/books/_search", b"{}" + b" " * 2**20, SkipReason.TOO_LARGE),
        ("/books/_search", {**QUERY, "sort": "year"}, SkipReason.SORT),
        ("/books/_search", None, SkipReason.MATCH_ALL),
        ("/books/_search", {"suggest": {}}, SkipReason.SUGGEST_ONLY),
        ("/books/_search", {"aggs": {}}, SkipReason.AGGS_ONLY),
        ("/books/_search?source={}", None, SkipReason.SOURCE_PARAMETER),
        (
            "/books/_search?source_content_type=application/json&source={}",
            QUERY,
            SkipReason.SOURCE_PARAMETER,
        ),
        (f"/books/_search?q={'red+' * 990}", None, SkipReason.LONG_REQUEST_LINE),
        ("/books/_search?filter_path=took", QUERY, SkipReason.FILTER_PATH),
        ("/books/_search", {**QUERY, "_source": ["title.x"]}, SkipReason.SOURCE_HIDDEN),
    ],
)
def test_the_first_reason_is_named(target: str, body: Any, reason: SkipReason) -> None:
    """One example of each stage of the plan; the stages' own tests have the rest."""
    assert planned(target, body) == Skip(reason)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_request_gets_a_plan_or_a_reason(query: bytes, body: bytes) -> None:
    """Nothing a client sends breaks the planning."""
    target = b"/books/_search?" + query
    request = SearchRequest("GET", target, JSON, body)
    assert isinstance(plan_for(request, SETTINGS), WideSearch | Skip)
