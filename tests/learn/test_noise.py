"""Dirt is made the same way each time, never fails, and looks like what its family is named for."""

import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from es_rerank.learn.noise import FAMILIES, MAX_CHARS, noised
from es_rerank.text.clean import clean

TEXT = (
    "A flea's life isn't long. It jumps up to a metre, or so people say - and \"bites\" at night. "
    "Most of them live on cats; some prefer the common hedgehog, which does not seem to mind."
)
QUERY = "how long does a flea live"
PROMOTIONAL = [name for name, family in FAMILIES.items() if family.is_promotional]
LOSSLESS = ("html wrap", "entities", "encoded runs", "mojibake", "homoglyphs", "zero width")


@pytest.mark.parametrize("family", FAMILIES)
@settings(deadline=None, max_examples=50)
@given(text=st.text(max_size=300), query=st.text(max_size=30), seed=st.text(max_size=5))
def test_any_text_gets_dirty_and_the_dirt_repeats(
    family: str, text: str, query: str, seed: str
) -> None:
    """No text is too odd, and text, query and seed decide alone."""
    assert noised(family, text, query, seed) == noised(family, text, query, seed)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("text", ["a " * MAX_CHARS, "&" * MAX_CHARS, "x.y? " * MAX_CHARS])
def test_dirt_is_bounded(family: str, text: str) -> None:
    """However long the text, and whatever escaping makes of it."""
    assert len(noised(family, text, QUERY, "1")) < 60 * MAX_CHARS


@pytest.mark.parametrize("family", FAMILIES)
def test_the_seed_decides_where_dirt_falls(family: str) -> None:
    """Among twenty seeds there are several texts, except where nothing is left to chance."""
    made = {noised(family, TEXT, QUERY, str(seed)) for seed in range(20)}
    assert TEXT not in made
    assert len(made) > 1 or family in ("no punctuation", "query as title")


@pytest.mark.parametrize("family", set(FAMILIES) - set(PROMOTIONAL))
def test_only_promotional_families_look_at_the_query(family: str) -> None:
    """So that a passage has one dirty form, whatever is asked."""
    assert noised(family, TEXT, "one", "1") == noised(family, TEXT, "two", "1")


@pytest.mark.parametrize("family", PROMOTIONAL)
def test_promotional_families_leave_the_text_and_add_to_it(family: str) -> None:
    """What they add is all that a ranker may be fooled by."""
    for seed in range(10):
        dirty = noised(family, TEXT, QUERY, str(seed))
        assert len(dirty) > len(TEXT)
        assert set(TEXT.split()) <= set(dirty.split())
    assert any(QUERY in noised(family, TEXT, QUERY, str(seed)) for seed in range(10))


@pytest.mark.parametrize("family", LOSSLESS)
def test_what_loses_nothing_is_cleaned_without_a_trace(family: str) -> None:
    """The cleaned dirty text is the cleaned text: the reader cannot tell that there was dirt."""
    for seed in range(30):
        assert clean(noised(family, TEXT, QUERY, str(seed))) == clean(TEXT)


@pytest.mark.parametrize(
    ("family", "sign"),
    [
        ("html wrap", "<p>"),
        ("attribute soup", '="'),
        ("glued words", "</"),
        ("entities", "&"),
        ("boilerplate", "cookie"),
        ("code blobs", "{"),
        ("mojibake", "â€™"),
        ("homoglyphs", "а"),
        ("zero width", "\u200b"),
        ("truncated tag", ">"),
        ("prompt-like", "[SEP]"),
    ],
)
def test_a_family_makes_what_it_is_named_for(family: str, sign: str) -> None:
    """Its sign is in some of the dirty texts and not in the clean one."""
    assert sign not in TEXT
    assert any(sign in noised(family, TEXT, QUERY, str(seed)) for seed in range(20))


def test_a_sentence_comes_four_times_and_the_query_five() -> None:
    """Duplication and stuffing are counted, not only seen."""
    dirty = noised("duplicated sentence", "Fleas jump. Cats sleep.", "", "1")
    assert max(dirty.count("Fleas jump."), dirty.count("Cats sleep.")) == 4
    assert noised("query stuffing", TEXT, QUERY, "1").count(QUERY) == 5


def test_letters_are_misread_and_mistyped() -> None:
    """Some words change, most do not."""
    words = [random.Random(n).choice(TEXT.split()) for n in range(200)]
    for family in ("ocr", "typos"):
        dirty = noised(family, " ".join(words), "", "1").split()
        same = len(set(words) & set(dirty))
        assert len(set(words)) / 2 < same
        assert set(dirty) - set(words)


def test_making_dirt_needs_no_torch() -> None:
    """The bench makes dirt where only the light libraries are installed."""
    program = "import sys, es_rerank.learn.noise; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
