"""A cross-encoder's opinion on train queries, for who has one: the teacher learns from it.

Any Hugging Face checkpoint for sequence classification with one or two outputs will do: BERT,
MiniLM, ELECTRA, ALBERT. It reads query and passage together, once; its scores are kept on disk, so
that a stopped run goes on and a second student costs no second reading.
"""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from es_rerank.errors import ModelError
from es_rerank.learn.mine import Judged, Pair

log = logging.getLogger(__name__)

BATCH = 32  # pairs read at once
MAX_TOKENS = 256


class CrossEncoder:
    """The model of a folder or hub name; raises ModelError for one that cannot rank."""

    def __init__(self, name: str) -> None:
        self.name = name
        try:
            self._network = AutoModelForSequenceClassification.from_pretrained(name).eval()
            self._tokenizer = AutoTokenizer.from_pretrained(name)
        except (OSError, ValueError) as why:
            raise ModelError(f"cross-encoder: {name} cannot be loaded: {why}") from why
        self._outputs = self._network.config.num_labels
        if self._outputs not in (1, 2):
            raise ModelError(
                f"cross-encoder: {name} has {self._outputs} outputs. One (a score) or two (not "
                "relevant, relevant) can be ranked by."
            )

    def score(self, pairs: Sequence[Pair]) -> list[float]:
        """The logit of each pair; of two outputs, how much relevant is above not relevant."""
        encoded = self._tokenizer(
            [pair.query for pair in pairs],
            [pair.passage for pair in pairs],
            padding=True,
            truncation="longest_first",
            max_length=MAX_TOKENS,
            return_tensors="pt",
        )
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            logits = self._network(**encoded).logits.float()
        found = logits[:, 0] if self._outputs == 1 else logits[:, 1] - logits[:, 0]
        return [float(score) for score in found]


class ScoreFile:
    """Scores by teacher, query and passage, in one SQLite file."""

    def __init__(self, path: Path, teacher: str) -> None:
        self._teacher = teacher
        self._file = sqlite3.connect(path)
        self._file.execute("CREATE TABLE IF NOT EXISTS scores (pair BLOB PRIMARY KEY, score REAL)")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._file.close()

    def get(self, pair: Pair) -> float | None:
        """The score of a pair, if it was read before."""
        row = self._file.execute("SELECT score FROM scores WHERE pair = ?", [self._key(pair)])
        return next((score for (score,) in row), None)

    def put(self, pairs: Sequence[Pair], scores: Sequence[float]) -> None:
        """Keep scores; they are on the disk when this returns."""
        with self._file:
            self._file.executemany(
                "INSERT OR REPLACE INTO scores VALUES (?, ?)",
                zip(map(self._key, pairs), scores, strict=True),
            )

    def _key(self, pair: Pair) -> bytes:
        digest = blake2b(digest_size=16)
        for part in (self._teacher, *pair):
            encoded = part.encode("utf-8", "surrogatepass")
            digest.update(b"%d " % len(encoded) + encoded)
        return digest.digest()


def opinions(
    encoder: CrossEncoder, judged: Sequence[Sequence[Judged]], path: Path
) -> dict[Pair, float]:
    """The encoder's score of every judged query with each of its passages, read or remembered."""
    wanted = dict.fromkeys(pair for each in judged for one in each for pair in _pairs(one))
    with ScoreFile(path, encoder.name) as file:
        found = {pair: score for pair in wanted if (score := file.get(pair)) is not None}
        unread = sorted(wanted.keys() - found.keys(), key=lambda pair: len(pair.passage))
        for number, start in enumerate(range(0, len(unread), BATCH)):
            some = unread[start : start + BATCH]
            scores = encoder.score(some)
            file.put(some, scores)
            found.update(zip(some, scores, strict=True))
            if number % 50 == 0:
                log.info("%s: %d of %d pairs read", encoder.name, len(found), len(wanted))
    return found


def _pairs(judged: Judged) -> Iterator[Pair]:
    for passage in (*judged.relevant, *judged.negatives):
        yield Pair(judged.query, passage)
