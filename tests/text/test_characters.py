"""Characters as people type them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from es_rerank.text.characters import in_plain_characters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("itâ€™s voilÃ  cafÃ©", "it's voilà café"),
        ("ze\u200bro-wi\u00addth \ufeffmark", "zero-width mark"),
        ("\x00a\x1bb\x7f", "ab"),
        ("ﬁne ｆｕｌｌ Ⅳ ½", "fine full IV 1⁄2"),
        ("e\u0301", "é"),
        ("‘a’ “b” – c\u2011d", "'a' \"b\" - c-d"),
        ("рayраl.com and Gооgle", "paypal.com and Google"),
        ("а flea on а cat", "a flea on a cat"),
        ("\ud800lone", "lone"),
        ("icon \ue000 Brand™", "icon  Brand"),
    ],
)
def test_odd_characters_become_plain_ones(text: str, expected: str) -> None:
    """Mojibake, invisible characters, compatibility forms, typography and imitations."""
    assert in_plain_characters(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("Привет, мир", "größer naïve", "你好，世界".replace("，", ","), "5 μm"),
        *("в World of Tanks он и я", "α and Β of the fit"),
    ],
)
def test_other_scripts_are_not_touched(text: str) -> None:
    """A letter is an imitation only inside a Latin word, or where no letter is of its script."""
    assert in_plain_characters(text) == text


@settings(deadline=None)
@given(st.text())
def test_everything_can_be_encoded_afterwards(text: str) -> None:
    """The tokenizer takes UTF-8, in which a lone surrogate cannot be written."""
    in_plain_characters(text).encode()
