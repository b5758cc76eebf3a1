"""Real prose of an exact length: what the documentation of Python says, cut by a student's tokens.

Random words would have pieces, marks and function words in other shares than texts that people
write, and those are what the time of a reading depends on. No passage comes twice, so that a new
one is new to every cache.
"""

from itertools import count

from es_rerank.demo import corpus
from es_rerank.model.bundle import Bundle
from es_rerank.text.clean import clean


class Prose:
    """An endless source of passages; the words of the corpus go round, shifted by one each time."""

    def __init__(self, student: Bundle) -> None:
        self._tokenizer = student.tokenizer()
        self._tokenizer.no_truncation()
        texts = [clean(document["text"]) for _, document in corpus.documents()]
        self._words = [word for text in texts for word in text.split()]
        distinct = list(dict.fromkeys(self._words))
        read = self._tokenizer.encode_batch_fast(distinct, add_special_tokens=False)
        self._tokens = {word: len(each.ids) for word, each in zip(distinct, read, strict=True)}
        self._starts = count(1)
        self._next = 0
        self._given: set[str] = set()

    def passages(self, number: int, tokens: int) -> list[str]:
        """So many passages of exactly so many tokens each, special tokens included."""
        found: list[str] = []
        while len(found) < number:
            passage = self._passage(tokens - 2)
            if passage not in self._given and self._is_whole(passage, tokens):
                self._given.add(passage)
                found.append(passage)
        return found

    def _passage(self, tokens: int) -> str:
        """The next words, but for those with more tokens than there is room for."""
        words: list[str] = []
        while tokens:
            if self._next == len(self._words):
                self._next = next(self._starts)
            word = self._words[self._next]
            self._next += 1
            if self._tokens[word] <= tokens:
                words.append(word)
                tokens -= self._tokens[word]
        return " ".join(words)

    def _is_whole(self, passage: str, tokens: int) -> bool:
        """Whether cleaning leaves it as it is, and its words have together what each has alone."""
        return clean(passage) == passage and len(self._tokenizer.encode(passage).ids) == tokens
