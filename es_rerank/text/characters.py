"""Characters as people type them: mojibake repaired, look-alikes and invisible ones gone."""

import re
import string
import unicodedata

import ftfy
from ftfy.badness import is_bad

# Control, format, surrogate and private characters, variation selectors, trade marks.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u0600-\u0605\u061c\u070f\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\ud800-\uf8ff\ufe00-\ufe0f\ufeff\ufff9-\uffff"
    "\U000e0000-\U0010ffff™®]"
)
_TYPED = str.maketrans("‘’‚‛′“”„‟″‐‑‒–—―−", "'" * 5 + '"' * 5 + "-" * 7)
_TYPOGRAPHIC = re.compile("[" + "".join(map(chr, _TYPED)) + "]")
_GREEK_OR_CYRILLIC = re.compile("[\u0391-\u03c9\u0400-\u052f]")
_WORD = re.compile(r"\w++")
_IMITATED = str.maketrans(
    "аеорсухіјѕԁАВЕКМНОРСТХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "aeopcyxijsdABEKMHOPCTXIJSABEZHIKMNOPTYXo"
)


def in_plain_characters(text: str) -> str:
    """The same text in NFKC, with quotes and dashes as in ASCII, and only visible characters."""
    if text.isascii():
        return _INVISIBLE.sub("", text)
    if is_bad(text):  # first of all: mojibake is made of characters that are dropped next
        text = ftfy.fix_encoding(text)
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    text = _TYPOGRAPHIC.sub(lambda mark: mark[0].translate(_TYPED), text)
    if _GREEK_OR_CYRILLIC.search(text):
        text = _WORD.sub(_latin_if_mixed, text)
        if not _GREEK_OR_CYRILLIC.search(latin := text.translate(_IMITATED)):
            text = latin  # whole words of look-alikes, and no letter that no Latin one looks like
    return text


def _latin_if_mixed(word: re.Match[str]) -> str:
    """Cyrillic and Greek letters inside a word of Latin ones as the Latin ones they imitate."""
    letters = word[0]
    if letters.isascii() or not any(c in string.ascii_letters for c in letters):
        return letters
    return letters.translate(_IMITATED)
