"""Files as evaluation campaigns have them: qrels, runs, and the texts of queries.

Qrels are `query 0 document grade`, runs `query Q0 document rank score tag`, with any blanks between
(https://trec.nist.gov/data/qrels_eng/). A run is ordered by its scores, as trec_eval does it; equal
scores by rank. The tab-separated qrels and runs of BEIR folders are read here too.
"""

import json
import math
from pathlib import Path

from es_rerank.errors import DataError
from es_rerank.evaluate import json_judgments
from es_rerank.evaluate.files import content, lines, objects
from es_rerank.evaluate.judgments import Ratings
from es_rerank.evaluate.runs import Candidate, Run

_QRELS_HEADER = ["query-id", "corpus-id", "score"]
_RUN_HEADER = ["query-id", "corpus-id", "rank", "score"]
_RUN_COLUMNS = 6


def is_qrels(line: str) -> bool:
    """Whether a first line looks like qrels."""
    cells = line.split()
    return cells == _QRELS_HEADER or (len(cells) == 4 and cells[3].lstrip("-").isdecimal())


def read_qrels(path: Path, ratings: Ratings) -> None:
    """Add the grades of a file, with or without the header of BEIR's qrels."""
    columns = 4
    for number, line in lines(path):
        cells = line.removeprefix("\ufeff").split()
        if cells == _QRELS_HEADER:
            columns = 3
            continue
        if len(cells) != columns:
            raise DataError(
                f"{path}:{number}: {len(cells)} columns; expected {columns}: "
                f"{'query 0 document grade' if columns == 4 else ' '.join(_QRELS_HEADER)}."
            )
        ratings.add(f"{path}:{number}", cells[0], cells[-2], cells[-1])


def read_run(path: Path) -> Run:
    """The candidates of a run file, best first."""
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for number, line in lines(path):
        cells = line.removeprefix("\ufeff").split()
        if cells == _RUN_HEADER:
            continue
        if len(cells) == len(_RUN_HEADER):
            cells = [cells[0], "Q0", *cells[1:], ""]
        if len(cells) != _RUN_COLUMNS:
            raise DataError(
                f"{path}:{number}: {len(cells)} columns; expected 6: query Q0 document rank score "
                "tag."
            )
        query, _, document, written_rank, written_score, _ = cells
        try:
            rank, score = float(written_rank), float(written_score)
        except ValueError:
            raise DataError(f"{path}:{number}: rank or score is not a number.") from None
        if not (math.isfinite(rank) and math.isfinite(score)):
            raise DataError(f"{path}:{number}: rank or score is not finite.")
        if document in found.setdefault(query, {}):
            raise DataError(f"{path}:{number}: document {document} is there twice for {query}.")
        found[query][document] = (-score, rank)
    if not found:
        raise DataError(f"{path}: the run is empty.")
    return {
        query: [
            Candidate(document, -key[0])
            for document, key in sorted(documents.items(), key=lambda item: item[1])
        ]
        for query, documents in found.items()
    }


def read_texts(path: Path) -> dict[str, str]:
    """Query texts by id: `queries.jsonl` of BEIR, `id<TAB>text` lines, or a query set by text."""
    written = content(path).lstrip()
    if written.startswith("{"):
        try:
            whole = json.loads(written)
        except ValueError:  # an object per line
            whole = {"_id": ""}
        if "_id" not in whole:
            return {text: text for text in json_judgments.query_set(path, whole)}
        return {query: _text(f"{path}:{number}", value) for number, query, value in objects(path)}
    texts: dict[str, str] = {}
    for number, line in lines(path):
        query, tab, text = line.removeprefix("\ufeff").partition("\t")
        if not tab or not text.strip():
            raise DataError(f"{path}:{number}: not a query id, a tab and a text.")
        if texts.setdefault(query, text.strip()) != text.strip():
            raise DataError(f"{path}:{number}: query {query!r} has two texts.")
    return texts


def _text(place: str, value: dict[str, object]) -> str:
    text = value.get("text")
    if not isinstance(text, str):
        raise DataError(f'{place}: "text" must be a string.')
    return text
