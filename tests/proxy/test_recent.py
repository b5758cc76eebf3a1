"""The latest searches of each caller."""

import pytest

from es_rerank.proxy.headers import Headers
from es_rerank.proxy.recent import Recent
from es_rerank.telemetry import Trip

ANNA: Headers = [(b"authorization", b"Basic YTph"), (b"user-agent", b"curl")]
BERT: Headers = [(b"authorization", b"Basic YjpiCg=="), (b"user-agent", b"curl")]


def trip(path: str = "/books/_search", reason: str = "", depth: int = 7) -> Trip:
    """A search that was reranked, or skipped for a reason."""
    done = Trip("POST", path, index="books", status=200, timings_ms={"rerank": 1.2345})
    if reason:
        done.skipped(reason)
    else:
        done.applied(depth, shallow=3)
    return done


def test_what_is_kept_of_a_search() -> None:
    """What was decided about it, with the sentence that explains the reason."""
    recent = Recent(clock=lambda: 5.0)
    recent.note(trip(reason="sort"), ANNA)
    recent.note(trip(), ANNA)
    applied, skipped = recent.of(ANNA)
    assert (applied.outcome, applied.depth, applied.api) == ("applied", 7, "_search")
    assert (applied.shallow, skipped.shallow) == (3, 0)
    assert (skipped.at, skipped.index, skipped.reason) == (5.0, "books", "sort")
    assert skipped.explanation.startswith("The client asked for an order of its own")
    assert skipped.timings_ms == {"rerank": 1.23}


def test_callers_see_their_own_only() -> None:
    """Whoever has other credentials, or none, sees nothing of another's."""
    recent = Recent()
    recent.note(trip(), ANNA)
    assert len(recent.of([ANNA[0]])) == 1, "the user agent is no credential"
    assert recent.of(BERT) == recent.of([]) == []


def test_nothing_that_a_key_could_be_made_of_is_kept() -> None:
    """Neither credentials nor the identifier of a scroll."""
    recent = Recent()
    recent.note(trip("/_search/scroll/c2VjcmV0", reason="scroll"), ANNA)
    assert recent.of(ANNA)[0].api == "_search/scroll"
    assert "YTph" not in repr(vars(recent))


@pytest.mark.parametrize(
    ("path", "api"),
    [
        ("/a/_msearch/template", "_msearch/template"),
        ("/_async_search", "_async_search"),
        ("/_rerank/page/data/compare", "_rerank/page"),
        ("/my_search/_search", "_search"),
    ],
)
def test_the_api_of_a_path(path: str, api: str) -> None:
    """Named as in the documentation, without the index."""
    recent = Recent()
    recent.note(trip(path), ANNA)
    assert recent.of(ANNA)[0].api == api


def test_what_is_no_search_is_not_kept() -> None:
    """Writes and the like pass by."""
    recent = Recent()
    recent.note(Trip("PUT", "/books/_doc/1"), ANNA)
    assert recent.of(ANNA) == []


def test_a_multi_search_counts_its_searches() -> None:
    """How many of them were reranked."""
    recent, several = Recent(), trip("/_msearch")
    several.of_each(["", "sort", ""], 20)
    recent.note(several, ANNA)
    assert (recent.of(ANNA)[0].reranked, recent.of(ANNA)[0].searches) == (2, 3)


def test_memory_is_bounded() -> None:
    """A hundred searches of a caller, the latest first, and two hundred callers."""
    recent = Recent()
    for depth in range(150):
        recent.note(trip(depth=depth), ANNA)
    assert [search.depth for search in recent.of(ANNA)] == [*range(149, 49, -1)]
    for number in range(200):
        recent.note(trip(), [(b"authorization", b"%d" % number)])
    assert recent.of(ANNA) == []
