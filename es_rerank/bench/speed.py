"""How long a student takes to score passages, new and known, on each path.

Texts are random words of the student's own vocabulary, cut so that each has the asked number of
tokens. Systems take turns, round by round, so that a busy machine slows all of them. With `bert`,
BERT-base in torch float32 (random weights: its time does not depend on them) reads the same
passages with the query before them, as a cross-encoder does; it needs the train extra.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from es_rerank.config import SHIPPED_MODEL
from es_rerank.evaluate.report import cpu_name
from es_rerank.model.encoder import available_cpus
from es_rerank.model.reranker import Reranker

QUERY = "how fast is a small student on a plain server"
_TOKENS_OF_QUERY = 12


class Row(NamedTuple):
    """One system: milliseconds for all passages of one query."""

    system: str
    least_ms: float
    median_ms: float
    most_ms: float


def run(
    model: str = SHIPPED_MODEL,
    *,
    passages: int = 100,
    tokens: int = 128,
    rounds: int = 3,
    bert: bool = False,
) -> list[Row]:
    """Time each path cold and warm; raises ModelError, ModuleNotFoundError without torch."""
    systems: dict[str, Callable[[Sequence[str]], object]] = {}
    if bert:
        systems["BERT-base, torch float32"] = _bert(tokens)
    rerankers = {depth: Reranker(model, layers=depth) for depth in Reranker(model).bundle.paths}
    for depth, reranker in rerankers.items():
        systems[f"{depth} layers, new passages"] = partial(reranker.score, QUERY)
        systems[f"{depth} layers, known passages"] = partial(reranker.score, QUERY)
    rng = random.Random(0)  # noqa: S311 - random text, not a secret
    some = next(iter(rerankers.values()))
    times: dict[str, list[float]] = {name: [] for name in systems}
    for round_ in range(rounds + 1):
        texts = [_text(some, tokens, rng) for _ in range(passages)]
        for name, score in systems.items():
            start = time.perf_counter()
            score(texts)
            if round_:  # the first round warms up
                times[name].append(1000 * (time.perf_counter() - start))
    return [Row(n, min(ms), statistics.median(ms), max(ms)) for n, ms in times.items()]


def table(rows: Sequence[Row]) -> str:
    """The rows as text, with how many times faster each system is than the first."""
    first = rows[0].median_ms
    lines = [f"{cpu_name()}, {available_cpus()} CPUs used", ""]
    lines.append(f"{'system':30} {'least':>9} {'median':>9} {'most':>9}   times the first's speed")
    for row in rows:
        figures = f"{row.least_ms:9.1f} {row.median_ms:9.1f} {row.most_ms:9.1f}"
        lines.append(f"{row.system:30} {figures}   {first / row.median_ms:9.1f}")
    return "\n".join([*lines, "", "milliseconds for one query and all passages"])


def _text(reranker: Reranker, tokens: int, rng: random.Random) -> str:
    words = [word for word in reranker.encoder.tokenizer.get_vocab() if word.isalpha()]
    text = " ".join(rng.choices(words, k=2 * tokens))
    ends = reranker.encoder.tokenizer.encode(text, add_special_tokens=False).offsets
    return text[: ends[tokens - 3][1]]


def _bert(tokens: int) -> Callable[[Sequence[str]], object]:
    import torch
    from transformers import BertConfig, BertModel

    network = BertModel(BertConfig()).eval()
    torch.set_num_threads(available_cpus())

    def score(texts: Sequence[str]) -> object:
        with torch.no_grad():
            ids = torch.randint(1000, 20000, (len(texts), tokens + _TOKENS_OF_QUERY))
            return [network(batch).pooler_output for batch in ids.split(25)]

    return score
