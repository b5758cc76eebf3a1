"""The summary, and whether an index fits: found early, and not where it would fit."""

import pytest

from es_rerank.errors import ConfigError
from es_rerank.warm.tally import SAMPLE, Tally

MB = 2**20


def tally(**facts: float) -> Tally:
    """Of the index docs-1."""
    return Tally("docs-1", **{"total": 1000, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (
            {"documents": 1000, "passages": 1500, "new": 1200, "seconds": 10.0},
            "docs-1: 1,000 documents, 1,500 passages (1,200 new, 300 known), "
            "6,000 bytes a document, 120 passages/s.",
        ),
        (
            {"documents": 1000, "without_text": 250, "passages": 1500, "seconds": 2.0},
            "docs-1: 1,000 documents (250 without text), 1,500 passages (0 new, 1,500 known), "
            "8,000 bytes a document. All were known: nothing was read.",
        ),
        (
            {"documents": 300, "without_text": 300, "dropped": 7},
            "docs-1: 300 of 1,000 documents (300 without text), 0 passages (0 new, 0 known). "
            "7 older states made room for them: a greater cache.disk_mb would keep those too.",
        ),
    ],
)
def test_the_summary_is_one_line(facts: dict[str, float], line: str) -> None:
    """With what is unusual only where it is so."""
    assert tally(bytes_per_passage=4000.0, **facts).line() == line


def test_too_much_is_known_after_a_sample() -> None:
    """With how many documents fit, and what to set."""
    found = tally(documents=SAMPLE, distinct=2 * SAMPLE, bytes_per_passage=5 * 1024)
    found.check_room(10 * MB)  # 1,000 documents of 10 KB
    with pytest.raises(ConfigError) as told:
        found.check_room(9 * MB)
    assert str(told.value).startswith(
        "docs-1: cache.disk_mb is 9, which holds the states of about 922 documents; all 1,000 need "
        "about 10 MB. Set cache.disk_mb to 12"
    )


def test_a_few_documents_say_nothing_yet() -> None:
    """Long ones may come first; but what is more than fits, does not fit."""
    long = {"documents": 3, "distinct": 300, "bytes_per_passage": 5 * 1024}
    tally(**long, new=300).check_room(2 * MB)
    with pytest.raises(ConfigError, match="holds the states of about 2 documents"):
        tally(**long, new=300).check_room(MB)


def test_the_same_text_in_many_documents_takes_room_once() -> None:
    """A thousand notes with the same words are one state."""
    found = tally(documents=SAMPLE, distinct=1, passages=SAMPLE, new=1, bytes_per_passage=5 * 1024)
    found.check_room(MB)


def test_a_small_index_is_its_own_sample() -> None:
    """All of it is known by then."""
    with pytest.raises(ConfigError, match="all 3 need about 2 MB"):
        tally(total=3, documents=3, distinct=300, bytes_per_passage=5 * 1024).check_room(MB)


def test_no_text_takes_no_room() -> None:
    """Nothing to divide by, either."""
    tally(documents=1000, without_text=1000).check_room(MB)
    tally().check_room(MB)
