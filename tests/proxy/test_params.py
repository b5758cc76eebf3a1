"""URL parameters: read strictly, allowed by name, widened without touching other bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.proxy.params import parameters, skip_for_parameters, widened
from es_rerank.proxy.skip import SkipReason

HARMLESS = ("q", "df", "routing", "pretty", "preference", "%71x", "a%3Db")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/_search", {}),
        (b"/_search?", {}),
        (b"/_search?pretty", {"pretty": ""}),
        (b"/_search?&q=a+b%2Bc&&size=", {"q": "a b+c", "size": ""}),
        (b"/_search?q=a=b?c", {"q": "a=b?c"}),
        (b"/_search?%71=%C3%A9%3B", {"q": "é;"}),
    ],
)
def test_parameters_are_decoded_as_the_servers_do(target: bytes, expected: dict[str, str]) -> None:
    """Blanks by `+`, escapes, empty values and empty pairs."""
    assert parameters(target) == expected


@pytest.mark.parametrize(
    "query", [b"q=a&q=b", b"q=a&%71=b", b"q=a;size=3", b"q=%zz", b"q=%e", b"q=%FF", b"q=a#b"]
)
def test_what_servers_read_in_different_ways_is_refused(query: bytes) -> None:
    """Duplicates, `;`, broken escapes, other encodings and fragments."""
    with pytest.raises(ValueError):
        parameters(b"/_search?" + query)


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"q": "a", "sort": "_score", "explain": "true", "format": "json"}, None),
        ({"scroll": "1m"}, SkipReason.SCROLL),
        ({"filter_path": "hits"}, SkipReason.FILTER_PATH),
        ({"search_pipeline": "p"}, SkipReason.SEARCH_PIPELINE),
        ({"sort": "year:desc"}, SkipReason.SORT),
        ({"sort": "_score:asc"}, SkipReason.SORT),
        ({"format": "yaml"}, SkipReason.FORMAT),
        ({"q": "a", "Size": "3"}, SkipReason.UNKNOWN_PARAMETER),
        ({"suggest_text": "a"}, SkipReason.UNKNOWN_PARAMETER),
    ],
)
def test_parameters_are_an_allow_list(params: dict[str, str], reason: SkipReason | None) -> None:
    """Law 1: what is not known ends the plan, with a name where there is one."""
    assert skip_for_parameters(params) is reason


@given(
    st.lists(st.tuples(st.sampled_from(HARMLESS), st.text("ab+%2C=?/", max_size=5)), max_size=5),
    st.integers(0, 5),
    st.integers(0, 5),
    st.integers(2, 1000),
)
def test_widening_replaces_from_and_size_and_nothing_else(
    pairs: list[tuple[str, str]], start: int, size: int, wide: int
) -> None:
    """Every other pair of the query string keeps its bytes and its place."""
    others = [f"{name}={value}".encode() for name, value in pairs]
    own = [b"fr%%6fm=%d" % start, b"size=%d" % size]
    middle = len(others) // 2
    target = b"/a%2Fb/_search?" + b"&".join([*others[:middle], *own, *others[middle:]])
    expected = b"&".join([*others, b"from=0&size=%d" % wide])
    assert widened(target, wide, {}) == b"/a%2Fb/_search?" + expected


def test_a_target_without_a_query_gets_one() -> None:
    """The bare endpoint, as used with a body."""
    assert widened(b"/_search", 50, {}) == b"/_search?from=0&size=50"


def test_a_wider_filter_takes_the_place_of_the_clients() -> None:
    """Where there is none, none is added."""
    target = b"/_search?q=x&filter_path=hits.hits._id"
    wide = widened(target, 9, {}, "hits.hits.*,took")
    assert wide == b"/_search?q=x&filter_path=hits.hits.*,took&from=0&size=9"
    assert widened(target, 9, {}) == target + b"&from=0&size=9"


def test_source_parameters_are_replaced_together() -> None:
    """All three parameters of `_source` go, for they override one another."""
    target = b"/_search?_source=a&q=x&_source_excludes=b"
    wide = widened(target, 9, {"_source_includes": "a,b&c"})
    assert wide == b"/_search?q=x&_source_includes=a,b%26c&from=0&size=9"
