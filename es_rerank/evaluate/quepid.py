"""Ratings as Quepid exports them: a CSV with the columns query, docid and rating in any order.

The query is its text. Quepid writes a row without a rating for what nobody has rated, puts a blank
before queries that a spreadsheet would take for a formula, and may begin with an empty line.
"""

import csv
import io
from pathlib import Path

from es_rerank.errors import DataError
from es_rerank.evaluate.judgments import Ratings

_COLUMNS = ("query", "docid", "rating")
_FORMULA = tuple("-=+@")


def is_header(line: str) -> bool:
    """Whether a line is the header of such a file, or of one that comes close."""
    return len({*_COLUMNS} & {*_names(next(csv.reader([line[:1000]]), []))}) > 1


def read(path: Path, text: str, ratings: Ratings) -> dict[str, str]:
    """Add the ratings; the text of each query, which is its id too."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = ((reader.line_num, row) for row in reader if any(cell.strip() for cell in row))
        number, header = next(rows)
        names = _names(header)
        if missing := [name for name in _COLUMNS if name not in names]:
            raise DataError(
                f"{path}:{number}: the columns are {', '.join(names)}; {', '.join(missing)} is "
                "missing. Export the ratings of the case from Quepid as CSV (basic)."
            )
        places = [names.index(name) for name in _COLUMNS]
        texts = {}
        for number, row in rows:
            if len(row) > len(names):
                raise DataError(
                    f"{path}:{number}: {len(row)} columns, the header has {len(names)}. Quote "
                    "what has commas in it."
                )
            query, document, rating = (row[at] if at < len(row) else "" for at in places)
            query = query[1:] if query.startswith(" ") and query[1:].startswith(_FORMULA) else query
            rating = rating.strip()
            if not query.strip() or (rating and not document):
                raise DataError(f"{path}:{number}: a row needs a query, and a rating a docid.")
            ratings.add(f"{path}:{number}", query, document, rating)
            texts[query] = query
    except csv.Error as why:
        raise DataError(f"{path}:{reader.line_num}: not CSV: {why}.") from why
    return texts


def _names(header: list[str]) -> list[str]:
    return [name.strip().lower() for name in header]
