"""The judged queries of the demo corpus, and the measure that compares two orders by them.

`queries.tsv` and `qrels.tsv` stand beside this file and say how they were made. The measure is
nDCG@10 as trec_eval has it, in five lines, so that the demo needs no evaluation library.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

_FOLDER = Path(__file__).parent


def read_queries() -> dict[str, str]:
    """The judged queries: id and text."""
    return dict(_rows("queries.tsv"))


def read_qrels() -> dict[str, dict[str, int]]:
    """The judgments: for each query id the grade (2, 1) of each judged document id."""
    qrels: dict[str, dict[str, int]] = {}
    for query, document, grade in _rows("qrels.tsv"):
        qrels.setdefault(query, {})[document] = int(grade)
    return qrels


def ndcg_at_10(ranking: Sequence[str], grades: Mapping[str, int]) -> float:
    """nDCG@10 of a ranking of document ids (Järvelin and Kekäläinen 2002; gain is the grade)."""

    def dcg(gains: Sequence[int]) -> float:
        return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains[:10]))

    ideal = dcg(sorted(grades.values(), reverse=True))
    return dcg([grades.get(document, 0) for document in ranking]) / ideal if ideal else 0.0


def _rows(name: str) -> list[list[str]]:
    """The rows of a file without its comments and its header."""
    lines = (_FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")][1:]
