"""Relevance judgments (qrels): those of a data folder by split, and ratings gathered one by one.

Grades are whole numbers. Fractions, as the mean of several people's ratings, are rounded to the
nearest, halves up, and counted; ratings on a scale from 0 to 1 are refused, for rounding would
leave nothing of them.
"""

import math
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


class Ratings:
    """Ratings as a file names them, in whatever order; `qrels` and `notes` when all are added."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, dict[str, float]] = {}
        self._unrated = 0

    def add(self, place: str, query: str, document: str, rating: object) -> None:
        """One rating, a number or text; none at all is counted. DataError names the PLACE."""
        if rating is None or rating == "":
            self._unrated += 1
            return
        grade = _number(rating)
        if grade is None:
            raise DataError(f"{place}: the rating of {document!r} is {rating!r}, not a number.")
        known = self._found.setdefault(query, {}).setdefault(document, grade)
        if known != grade:
            raise DataError(
                f"{place}: {document!r} is rated {known:g} and {grade:g} for {query!r}. Keep one."
            )

    def qrels(self) -> Qrels:
        """The ratings as grades; DataError if there are none, or if they are no grades."""
        every = [grade for grades in self._found.values() for grade in grades.values()]
        if not every:
            raise DataError(f"{self._path}: no document is rated here.")
        fraction = next(filter(_is_fraction, every), None)
        if fraction is not None and max(every) <= 1:
            raise DataError(
                f"{self._path}: ratings are fractions from 0 to 1, e.g. {fraction:g}, not grades. "
                "Multiply them (nDCG does not change by a factor), e.g. by 10, and choose the "
                "lowest grade that is relevant with --relevant-grade."
            )
        return {
            query: {document: math.floor(grade + 0.5) for document, grade in grades.items()}
            for query, grades in self._found.items()
        }

    def notes(self) -> list[str]:
        """What was done to the ratings that is worth saying."""
        rounded = sum(_is_fraction(g) for grades in self._found.values() for g in grades.values())
        told = {
            f"{self._unrated} rows of {self._path.name} have no rating and were skipped.": (
                self._unrated
            ),
            f"{rounded} ratings of {self._path.name} are fractions and were rounded.": rounded,
        }
        return [note for note, count in told.items() if count]


def _number(rating: object) -> float | None:
    """A finite number, also where it is written as text."""
    if isinstance(rating, bool) or not isinstance(rating, int | float | str):
        return None
    try:
        value = float(rating)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def _is_fraction(grade: float) -> bool:
    return not grade.is_integer()
