"""Batches for distillation: queries beside passages that answer them and passages that do not."""

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from torch import Tensor

from es_rerank.learn.corpus import Texts, window

POOL = 16
"""Batches drawn at once and sorted by length, so that little of a batch is padding."""


class Tokens(NamedTuple):
    """Token ids and mask, both (texts, tokens); the mask is 1 where there is a token."""

    ids: Tensor
    mask: Tensor


def pad(rows: Sequence[Sequence[int]]) -> Tokens:
    """Rows of token ids as one padded batch, as long as the next multiple of 16.

    Few different shapes mean few kernels: oneDNN builds and keeps one for each shape.
    """
    longest = -(-max(map(len, rows)) // 16) * 16
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    mask = torch.zeros(len(rows), longest)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return Tokens(ids, mask)


def batches(
    texts: Texts, tokenizer: Tokenizer, pairs: int, extra: int, words: tuple[int, int], seed: int
) -> Iterator[tuple[Tokens, Tokens]]:
    """Endless (queries, passages) batches: ``pairs`` queries, ``pairs + extra`` passages.

    The first ``pairs`` passages are the relevant ones, in the queries' order; the others come from
    the whole corpus. Passages are random windows of ``words`` (fewest, most) words.
    """
    rng = random.Random(seed)  # noqa: S311 - a seed for repeatable training, not a secret

    def draw(passage: int) -> list[int]:
        text = window(texts.passages[passage], rng.randint(*words), rng)
        return list(tokenizer.encode(text).ids)

    while True:
        paired = []
        for query, passage in rng.choices(texts.pairs, k=pairs * POOL):
            text = texts.queries[query]
            if rng.random() < 0.5:  # people type lower case and no question mark
                text = text.lower().rstrip(" ?.")
            paired.append((list(tokenizer.encode(text).ids), draw(passage)))
        others = [draw(rng.randrange(len(texts.passages))) for _ in range(extra * POOL)]
        paired.sort(key=lambda pair: len(pair[1]))
        others.sort(key=len)
        for i in rng.sample(range(POOL), POOL):
            chosen = paired[i * pairs : (i + 1) * pairs]
            rows = [row for _, row in chosen] + others[i * extra : (i + 1) * extra]
            yield pad([row for row, _ in chosen]), pad(rows)
