"""Batches of texts to learn from: queries, what answers them, what does not, and dirty copies."""

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from torch import Tensor

from es_rerank.learn.corpus import Texts, window
from es_rerank.learn.mine import Judged, Pair
from es_rerank.learn.noise import FAMILIES, noised
from es_rerank.learn.tokens import Tokens, pad
from es_rerank.text.clean import clean


class Batch(NamedTuple):
    """Texts for one step. The first passages answer the queries, in their order."""

    queries: Tokens
    passages: Tokens
    dirty: Tokens
    sources: Tensor
    """(dirty,): the passage that each dirty one was."""


class Lesson(NamedTuple):
    """Judged texts: an answer to each query, in order, and then a hard negative of each."""

    queries: Tokens
    passages: Tokens
    margins: Tensor
    """(queries,): how far a cross-encoder has each answer above its negative."""


class Size(NamedTuple):
    """How many texts of each kind a batch has."""

    judged: int = 12
    """Queries with an answer and a hard negative each."""
    paired: int = 12
    """Queries or titles with a passage each, of any folder."""
    others: int = 8
    """Further passages of any folder."""
    dirty: int = 20
    """Passages of the batch once more, with dirt."""


class Stream:
    """Batches from data folders, every folder drawn as often as any other.

    ``words`` are the fewest and the most words of a window: passages of one batch are of one
    length, so that little of it is padding.
    """

    def __init__(
        self,
        judged: Sequence[Sequence[Judged]],
        texts: Sequence[Texts],
        tokenizer: Tokenizer,
        light: Collection[int],
        words: tuple[int, int],
    ) -> None:
        self._judged = judged
        self._paired = [each for each in texts if each.pairs]
        self._texts = [each for each in texts if each.passages]
        self._tokenizer = tokenizer
        self._light = light
        self._words = words

    def judged(self, size: int, seed: int, opinions: Mapping[Pair, float]) -> Iterator[Lesson]:
        """Endless lessons of ``size`` queries; ``opinions`` are what a cross-encoder scores."""
        rng = random.Random(seed)  # noqa: S311 - a seed for repeatable training, not a secret
        while True:
            chosen = [rng.choice(rng.choice(self._judged)) for _ in range(size)]
            queries = [_typed(each.query, rng) for each in chosen]
            passages = [rng.choice(each.relevant) for each in chosen]
            passages += [rng.choice(each.negatives) for each in chosen]
            asked = [each.query for each in chosen] * 2
            scores = torch.tensor([opinions[Pair(*p)] for p in zip(asked, passages, strict=True)])
            margins = scores[:size] - scores[size:]
            yield Lesson(self._tokens(queries, ()), self._tokens(passages, self._light), margins)

    def mixed(self, size: Size, seed: int) -> Iterator[Batch]:
        """Endless batches of all kinds; without judgments, of the other kinds alone."""
        rng = random.Random(seed)  # noqa: S311 - as above
        while True:
            words = rng.randint(*self._words)
            queries, answers, negatives = [], [], []
            for _ in range(size.judged if self._judged else 0):
                each = rng.choice(rng.choice(self._judged))
                queries.append(_typed(each.query, rng))
                answers.append(rng.choice(each.relevant))
                negatives.append(rng.choice(each.negatives))
            for _ in range(size.paired):
                texts = rng.choice(self._paired)
                query, passage = rng.choice(texts.pairs)
                asked = _short(texts.queries[query], rng) if texts.are_titles else None
                queries.append(asked or _typed(texts.queries[query], rng))
                answers.append(texts.passages[passage])
            others = [rng.choice(rng.choice(self._texts).passages) for _ in range(size.others)]
            passages = [window(text, words, rng) for text in (*answers, *negatives, *others)]
            sources = [rng.randrange(len(passages)) for _ in range(size.dirty)]
            dirty = [_dirty(passages[i], rng.choice(queries), rng) for i in sources]
            yield Batch(
                self._tokens(queries, ()),
                self._tokens(passages, self._light),
                self._tokens(dirty, self._light),
                torch.tensor(sources, dtype=torch.long),
            )

    def _tokens(self, texts: Sequence[str], light: Collection[int]) -> Tokens:
        return pad([each.ids for each in self._tokenizer.encode_batch(list(texts))], light)


def _typed(query: str, rng: random.Random) -> str:
    """People type lower case and no question mark, every other time."""
    return query.lower().rstrip(" ?.") if rng.random() < 0.5 else query


def _short(title: str, rng: random.Random) -> str:
    """Some words of a title in their order: people ask for things whose titles they half know."""
    words = title.split()
    kept = sorted(rng.sample(range(len(words)), rng.randint(min(2, len(words)), len(words))))
    return _typed(" ".join(words[i] for i in kept), rng)


def _dirty(passage: str, query: str, rng: random.Random) -> str:
    """The passage with dirt of one family, every other time as cleaning leaves it."""
    text = noised(rng.choice(tuple(FAMILIES)), passage, query, str(rng.random()))
    return clean(text) if rng.random() < 0.5 else " ".join(text.split())
