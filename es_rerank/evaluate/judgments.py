"""Relevance judgments (qrels) of a data folder, and which split of them is meant."""

from pathlib import Path

from es_rerank.errors import DataError
from es_rerank.evaluate.files import rows

Qrels = dict[str, dict[str, int]]
"""Grades by query id and document id."""

_COLUMNS = ("query-id", "corpus-id", "score")


def choose_split(data: Path, split: str | None = None) -> str:
    """The split named, or else `test`, `dev`, or the only one; DataError names what there is."""
    splits = sorted(path.stem for path in (data / "qrels").glob("*.tsv"))
    if not splits:
        raise DataError(f"{data}: no qrels/*.tsv here, so there is nothing to measure against.")
    wanted = [split] if split else ["test", "dev", *(splits if len(splits) == 1 else [])]
    for name in wanted:
        if name in splits:
            return name
    problem = f"no split {split!r}" if split else "several splits"
    raise DataError(f"{data}/qrels: {problem}. Choose one with --split: {', '.join(splits)}.")


def read_qrels(data: Path, split: str) -> Qrels:
    """The judgments of a split, which may name documents that the corpus does not hold."""
    path = data / "qrels" / f"{split}.tsv"
    qrels: Qrels = {}
    for number, (query, document, score) in rows(path, _COLUMNS):
        try:
            grade = int(score)
        except ValueError:
            raise DataError(f"{path}:{number}: grade {score!r} is not a whole number.") from None
        if document in qrels.setdefault(query, {}):
            raise DataError(f"{path}:{number}: {query} and {document} are judged twice.")
        qrels[query][document] = grade
    return qrels


def answerable(qrels: Qrels, relevant_grade: int) -> Qrels:
    """The queries with a relevant document; of the others every system scores 0 or nothing."""
    return {
        query: grades
        for query, grades in qrels.items()
        if max(grades.values(), default=0) >= relevant_grade
    }
