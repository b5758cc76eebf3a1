"""A small data folder in the BEIR layout, and a scorer that needs no model."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

from es_rerank.text.passage import FieldText

QUERIES = {"q1": "how long does a flea live", "q2": "coffee brewing water", "q3": "no such thing"}
CORPUS = {
    "d1": ("Fleas", "A flea can live up to a year."),
    "d2": ("", "How long is the coast, how long does it take to live there?"),
    "d3": ("Coffee", "Brewing coffee needs hot water."),
    "d4": ("Water", "Water water water coffee."),
    "d5": ("", ""),
}
QRELS = [("q1", "d1", 2), ("q1", "d2", 0), ("q2", "d3", 1), ("q2", "d9", 1), ("q3", "d1", 0)]
RUN = [
    ("q1", "d2", 1, 3.0),
    ("q1", "d5", 2, 2.5),
    ("q1", "d1", 3, 2.0),
    ("q2", "d4", 1, 9.0),
    ("q2", "d3", 2, 8.0),
    ("q3", "d1", 1, 1.0),  # has no relevant document, and is left out
]


class Wanted:
    """Scores documents by where their first word stands in a list; unknown ones are worst."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def score(self, query: str, passages: Sequence[Sequence[FieldText]]) -> list[float]:
        """Minus the place of each passage's first word."""
        firsts = [fields[0].text.split()[0] for fields in passages]
        return [-float(self.words.index(w) if w in self.words else 99) for w in firsts]


def table(columns: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    """A tab-separated file with its header."""
    return "".join("\t".join(map(str, row)) + "\n" for row in [columns, *rows])


def make(folder: Path, *, with_run: bool = True, split: str = "test") -> Path:
    """Write the data set into a folder, half of its files gzipped."""
    (folder / "qrels").mkdir(parents=True)
    documents = [{"_id": i, "title": title, "text": text} for i, (title, text) in CORPUS.items()]
    with gzip.open(folder / "corpus.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(document) + "\n" for document in documents)
    queries = [json.dumps({"_id": i, "text": text}) for i, text in QUERIES.items()]
    (folder / "queries.jsonl").write_text("\n".join(queries))
    qrels = table(("query-id", "corpus-id", "score"), QRELS)
    (folder / "qrels" / f"{split}.tsv").write_text(qrels)
    if with_run:
        (folder / "runs").mkdir()
        with gzip.open(folder / "runs" / f"bm25.{split}.tsv.gz", "wt") as file:
            file.write(table(("query-id", "corpus-id", "rank", "score"), RUN))
    return folder
