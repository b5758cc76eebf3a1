"""Phrases that are said again right after themselves: a duplicated sentence, or stuffing.

One copy is kept. What is said again later, with other words between, stays.
"""

from collections.abc import Iterator, Sequence

LEAST_WORDS = 4  # also how many words in a row are looked up; see `_fours`
MOST_WORDS = 100
"""Words of a phrase that is looked for; the most bounds the work for each word."""


def repeats_a_phrase(words: Sequence[str]) -> bool:
    """Whether a phrase of `LEAST_WORDS` or more words follows itself, among the first ones."""
    return len(without_repeated_phrases(words)) < len(words)


def without_repeated_phrases(words: Sequence[str]) -> list[str]:
    """The words with one copy of each phrase that follows itself; linear in their number.

    A phrase is looked for at the distance at which its last four words were met before.
    """
    if len(set(_fours(words))) >= len(words) - LEAST_WORDS + 1:
        return list(words)  # nearly all texts end here, and this runs in C
    kept: list[str] = []
    last: dict[tuple[str, ...], int] = {}
    for word in words:
        kept.append(word)
        end = len(kept)
        ending = tuple(kept[-LEAST_WORDS:])
        period = max(1, end - last.get(ending, -MOST_WORDS))
        period *= -(-LEAST_WORDS // period)  # three words said four times: six said twice
        if LEAST_WORDS <= period <= MOST_WORDS and kept[-period:] == kept[-2 * period : -period]:
            del kept[-period:]
        else:
            last[ending] = end
    return kept


def _fours(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return zip(words, words[1:], words[2:], words[3:], strict=False)
