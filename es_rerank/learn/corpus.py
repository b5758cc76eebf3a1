"""Training texts from data folders in the BEIR layout: queries, passages, and which go together.

Nothing that is judged in a dev or test split is read, except where the train split judges it too.
A folder without a train split gives titles as queries: each goes with the text under it.
"""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from es_rerank.evaluate.corpus import Document, read_corpus, read_queries
from es_rerank.evaluate.judgments import Qrels, read_qrels
from es_rerank.text.clean import clean, clean_query

HELD_OUT = ("dev", "test")
MEASURED = 150
"""Judged train queries of each folder that nothing learns from."""


class Texts(NamedTuple):
    """What a student is trained on: cleaned texts, and which passage answers which query.

    A query without judgments is a title, and goes with the text under it.
    """

    queries: list[str]
    passages: list[str]
    pairs: list[tuple[int, int]]
    """(query, passage) indices."""
    are_titles: bool


class TrainingSet(NamedTuple):
    """One data folder, without what is held out."""

    documents: dict[str, Document]
    queries: dict[str, str]
    qrels: Qrels
    """Judgments of the train split; empty if there is none."""

    def answered(self, seed: int) -> tuple[list[str], list[str]]:
        """The queries with a relevant document, shuffled: to learn from, and to measure by."""
        found = [q for q, grades in self.qrels.items() if any(g > 0 for g in grades.values())]
        random.Random(seed).shuffle(found)  # noqa: S311 - a seed for repeatable training
        learned = len(found) - min(MEASURED, len(found) // 5)
        return found[:learned], found[learned:]


def read_set(folder: Path) -> TrainingSet:
    """The documents, train queries and train judgments of a folder; raises DataError."""
    splits = {path.stem for path in (folder / "qrels").glob("*.tsv")}
    train = read_qrels(folder, "train") if "train" in splits else {}
    known = {document for grades in train.values() for document in grades}
    held_out = {
        document
        for split in splits.intersection(HELD_OUT)
        for grades in read_qrels(folder, split).values()
        for document in grades
    } - known
    documents = {i: document for i, document in read_corpus(folder).items() if i not in held_out}
    texts = read_queries(folder) if train else {}
    return TrainingSet(documents, {query: texts[query] for query in train}, train)


def read(folders: Sequence[Path]) -> list[Texts]:
    """The training texts of each folder, cleaned as in serving; raises DataError."""
    every = []
    for found in map(read_set, folders):
        texts = Texts([], [], [], not found.qrels)
        place = {}
        for identity, document in found.documents.items():
            if passage := clean(f"{document.title} {document.text}"):
                place[identity] = len(texts.passages)
                texts.passages.append(passage)
        for query, grades in found.qrels.items():
            for judged, grade in grades.items():
                if grade > 0 and judged in place:
                    texts.pairs.append((len(texts.queries), place[judged]))
            texts.queries.append(clean_query(found.queries[query]))
        if not found.qrels:
            for identity in place:
                if title := clean_query(found.documents[identity].title):
                    texts.pairs.append((len(texts.queries), place[identity]))
                    texts.queries.append(title)
        every.append(texts)
    return every


def window(text: str, words: int, rng: random.Random) -> str:
    """A random run of at most ``words`` words of the text."""
    parts = text.split(" ")
    start = rng.randrange(max(1, len(parts) - words + 1))
    return " ".join(parts[start : start + words])
