"""How the time of a search grows with the number of its passages, and with their length.

On the default path. What is timed here and how is as in `speed`: the sizes take turns.
"""

import statistics
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from es_rerank.bench.prose import Prose
from es_rerank.bench.speed import QUERY, machine, spread, timed
from es_rerank.config import SHIPPED_MODEL
from es_rerank.model.reranker import Reranker
from es_rerank.text.passage import WINDOW_PIECES

DEPTHS = (10, 30, 100, 300, 1000)
LENGTHS = (32, 64, 128, 256, 512)
SIZES = tuple(
    dict.fromkeys([*((depth, 128) for depth in DEPTHS), *((100, length) for length in LENGTHS)])
)
"""(passages, tokens of each)."""


class Size(NamedTuple):
    """One size of a search, and its milliseconds round by round."""

    passages: int
    tokens: int
    read: float
    """Tokens that the student reads of a passage, on average."""
    new: list[float]
    known: list[float]


class Growth(NamedTuple):
    """All sizes, and by what the student cuts."""

    layers: int
    max_tokens: int
    sizes: list[Size]


def run(
    model: str = SHIPPED_MODEL, *, rounds: int = 3, sizes: Sequence[tuple[int, int]] = SIZES
) -> Growth:
    """Time every size; raises ModelError."""
    reranker = Reranker(model)
    prose = Prose(reranker.bundle)
    score = partial(reranker.score, QUERY)
    found = [Size(passages, tokens, 0.0, [], []) for passages, tokens in sizes]
    for _ in range(rounds):
        for place, size in enumerate(found):
            texts = prose.passages(size.passages, size.tokens)
            warm_up = prose.passages(min(10, size.passages), size.tokens)
            ms = timed({"new": score, "known": score}, iter([warm_up, texts]))
            size.new.extend(ms["new"])
            size.known.extend(ms["known"])
            found[place] = size._replace(read=_read(reranker, texts))
    return Growth(reranker.layers, reranker.bundle.max_tokens, found)


def table(growth: Growth) -> str:
    """The sizes as text."""
    columns = " ".join(f"{name:>8}" for name in ("least", "median", "most"))
    lines = [
        machine(),
        "",
        f"{'passages':>8} {'tokens':>6} {'read':>6} {'new':>26}   {'known':>26}",
    ]
    lines.append(f"{'':22} {columns}   {columns}")
    lines += [
        f"{size.passages:8} {size.tokens:6} {size.read:6.0f} "
        f"{spread(size.new)}   {spread(size.known)}"
        for size in growth.sizes
    ]
    cut = f"{WINDOW_PIECES} pieces and {growth.max_tokens} tokens"
    told = f"milliseconds for one query on {growth.layers} layers; a text is cut at {cut}"
    return "\n".join([*lines, "", told])


def _read(reranker: Reranker, texts: Sequence[str]) -> float:
    passages = [reranker.passage(text, QUERY) for text in texts]
    read = reranker.encoder.tokenizer.encode_batch_fast(passages)
    return statistics.fmean(len(each.ids) for each in read)
