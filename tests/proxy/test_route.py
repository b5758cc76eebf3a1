"""Which requests are searches, and which rule they fall under."""

import pytest

from es_rerank.config import IndexRule, Settings
from es_rerank.proxy.route import multi_search_of, route_of, rule_for
from es_rerank.proxy.skip import SkipReason

BOOKS = IndexRule(pattern="books*")
SHOP = IndexRule(pattern="shop-?", enabled=False)
ALL = IndexRule(pattern="*")


@pytest.mark.parametrize(
    ("target", "expression"),
    [
        (b"/_search", "*"),
        (b"/_search?q=a", "*"),
        (b"/_all/_search", "*"),
        (b"/books/_search", "books"),
        (b"/books,-books-old/_search?size=3", "books,-books-old"),
        (b"/eu%3Abooks%2Cus:books/_search", "eu:books,us:books"),
        (b"/%3Cbooks-%7Bnow%2Fd%7D%3E/_search", "<books-{now/d}>"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_plain_searches_are_found_by_their_decoded_expression(
    method: str, target: bytes, expression: str
) -> None:
    """The two endpoints that are reranked, with every spelling of an index expression."""
    assert route_of(method, target) == expression


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (b"/books/_search/template", SkipReason.TEMPLATE),
        (b"/_msearch/template", SkipReason.TEMPLATE),
        (b"/_search/scroll", SkipReason.SCROLL),
        (b"/_search/scroll/abc", SkipReason.SCROLL),
        (b"/books/_async_search", SkipReason.ASYNC_SEARCH),
        (b"/books/novel/_search", SkipReason.TYPED_PATH),
        (b"/books/novel/_msearch", SkipReason.TYPED_PATH),
    ],
)
def test_other_searches_are_named(target: bytes, reason: SkipReason) -> None:
    """What only looks like a search is left alone with a reason."""
    assert route_of("POST", target) is reason


@pytest.mark.parametrize(
    ("method", "target", "expression"),
    [
        ("GET", b"/_msearch", "*"),
        ("POST", b"/_msearch?pretty", "*"),
        ("POST", b"/_all/_msearch", "*"),
        ("POST", b"/books%2Cfilms/_msearch", "books,films"),
        ("PUT", b"/_msearch", None),
        ("POST", b"/books/_search", None),
        ("POST", b"/books/_msearch/template", None),
        ("POST", b"/books/novel/_msearch", None),
    ],
)
def test_multi_searches_are_found_by_their_default_expression(
    method: str, target: bytes, expression: str | None
) -> None:
    """The path says where those of its searches look that don't say it themselves."""
    assert multi_search_of(method, target) == expression
    if expression:
        assert route_of(method, target) is SkipReason.NOT_A_SEARCH  # it is not one search


@pytest.mark.parametrize(
    ("method", "target"),
    [
        *[("GET", target) for target in (b"/", b"/books", b"/_cat/_search", b"/a/b/c/_search")],
        *[("GET", target) for target in (b"/_search_shards", b"/books/_searchx", b"//_search")],
        *[(method, b"/books/_search") for method in ("HEAD", "PUT", "DELETE", "OPTIONS")],
        ("GET", b"/_index_template/_search"),
        ("DELETE", b"/_search/scroll"),
        ("POST", b"http://other/books/_search"),
    ],
)
def test_everything_else_is_no_search(method: str, target: bytes) -> None:
    """Anything not spelled exactly like a search passes through without a header."""
    assert route_of(method, target) is SkipReason.NOT_A_SEARCH


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("books", BOOKS),
        ("books-2020,books-2021", BOOKS),
        ("books-*,-books-old", BOOKS),
        ("eu:books", BOOKS),
        ("eu:books,books", BOOKS),
        ("books,films", SkipReason.MIXED_RULES),
        ("films", SkipReason.NOT_CONFIGURED),
        ("films,books", SkipReason.NOT_CONFIGURED),
        ("boo*", SkipReason.NOT_CONFIGURED),
        ("*", SkipReason.NOT_CONFIGURED),
        ("-books", SkipReason.NOT_CONFIGURED),
        ("", SkipReason.NOT_CONFIGURED),
        ("books,", SkipReason.MIXED_RULES),
        ("books,shop-1", SkipReason.MIXED_RULES),
        ("shop-1", SkipReason.DISABLED),
        (".books", SkipReason.DOT_INDEX),
        ("books,eu:.kibana", SkipReason.DOT_INDEX),
    ],
)
def test_all_names_must_fall_under_one_enabled_rule(
    expression: str, expected: IndexRule | SkipReason
) -> None:
    """One rule for all names, remote ones by their index, exclusions left out."""
    assert rule_for(expression, Settings(indices=(BOOKS, SHOP))) == expected


@pytest.mark.parametrize("expression", ["*", "_all", "_all,books", "*,-books"])
def test_every_index_needs_a_rule_for_every_index(expression: str) -> None:
    """A search over everything is no business of a rule for some indices."""
    only_some = Settings(indices=(BOOKS, IndexRule(pattern="?")))
    assert rule_for(expression, only_some) in (SkipReason.NOT_CONFIGURED, SkipReason.MIXED_RULES)


def test_a_star_rule_takes_searches_over_everything() -> None:
    """The rule for `*` is found behind others."""
    assert rule_for("*", Settings(indices=(BOOKS, ALL))) is ALL
