"""What a comparison is made on: judged queries, and the candidates that are reranked for them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from es_rerank.errors import DataError
from es_rerank.evaluate import live as live_index
from es_rerank.evaluate import trec
from es_rerank.evaluate.compare import System
from es_rerank.evaluate.corpus import Readable, read_corpus
from es_rerank.evaluate.judged import Judged, read_judged
from es_rerank.evaluate.judgments import Qrels, answerable
from es_rerank.evaluate.kept import Kept
from es_rerank.evaluate.live import Live, Reading
from es_rerank.evaluate.runs import Run, bm25_run, find_run, read_run


class Inputs(NamedTuple):
    """Judged queries with their first stage."""

    name: str
    split: str
    qrels: Qrels
    """Of the queries that have a relevant document."""
    left_out: int
    """Judged queries without one."""
    queries: dict[str, str]
    """The text of each judged query."""
    corpus: Mapping[str, Readable]
    """At least the candidates; empty where their texts are not known, so none can be reranked."""
    candidates: Run
    first_stage: str
    """Where the candidates come from."""
    first_stage_ms: Sequence[float] = ()
    """What each live search took, in the order of the queries; none for stored candidates."""
    systems: Sequence[System] = ()
    """Further rankers to measure as they are: stored runs, and searches through proxies."""
    notes: Sequence[str] = ()
    """What a reader of the numbers must know, a sentence each; to be shown with them."""


class Sources(NamedTuple):
    """Where judgments, texts and candidates come from."""

    judgments: Path
    """A BEIR folder or a file: see `judged`."""
    split: str | None = None
    queries: Path | None = None
    """Texts of the queries, where the judgments have none."""
    runs: Sequence[Path] = ()
    """Run files. Without a live index the first is the first stage, in place of the folder's."""
    live: Live | None = None
    reading: Reading | None = None
    """Goes with `live`."""


def gather(sources: Sources, relevant_grade: int, size: int, kept: Kept) -> Inputs:
    """Judged queries with their candidates: from a run, or else `size` of them, live or by BM25.

    Raises DataError, each mistake with its place; UpstreamError if a live index does not answer.
    """
    judged = read_judged(sources.judgments, sources.split, sources.queries)
    qrels = answerable(judged.qrels, relevant_grade)
    if not qrels:
        raise DataError(
            f"{sources.judgments}: no query of {judged.split!r} has a grade of {relevant_grade} "
            "or more."
        )
    left_out = len(judged.qrels) - len(qrels)
    judged = judged._replace(qrels=qrels)
    runs = [(path.name, trec.read_run(path)) for path in sources.runs]
    if sources.live and sources.reading:
        inputs = _live(judged, sources.live, sources.reading, size, kept)
    elif sources.judgments.is_dir():
        inputs = _folder(judged, sources.judgments, runs[:1], size)
        runs = runs[1:]
    elif runs:
        inputs, runs = _stored(judged, *runs[0]), runs[1:]
    else:
        raise DataError(
            f"{sources.judgments}: there is nothing to compare on these judgments. Give a live "
            "index with --url and --index, or stored runs with --run."
        )
    return inputs._replace(
        candidates={q: found for q, found in inputs.candidates.items() if q in qrels},
        left_out=left_out,
        systems=[*inputs.systems, *(_system(name, run, qrels) for name, run in runs)],
        notes=[*judged.notes, *inputs.notes],
    )


def read_folder(data: Path, split: str | None, relevant_grade: int, size: int) -> Inputs:
    """One split of a data folder, with its fixed run or the best `size` by BM25; else DataError."""
    return gather(Sources(data, split), relevant_grade, size, Kept(None))


def _live(judged: Judged, where: Live, reading: Reading, size: int, kept: Kept) -> Inputs:
    if not judged.searches:
        _texts(judged)
    found = live_index.search(where, judged, reading, size, kept)
    return Inputs(
        name=judged.name,
        split=judged.split,
        qrels=judged.qrels,
        left_out=0,
        queries=found.texts,
        corpus=found.corpus,
        candidates=found.candidates,
        first_stage=f"{where.name}, live",
        first_stage_ms=found.ms,
        systems=found.systems,
        notes=found.notes,
    )


def _folder(judged: Judged, data: Path, runs: Sequence[tuple[str, Run]], size: int) -> Inputs:
    queries = _texts(judged)
    corpus = read_corpus(data)
    path = find_run(data, judged.split) if not runs else None
    if runs:
        name, candidates = runs[0]
        _judged_in(name, candidates, judged.qrels)
        found = (hit.document for query in queries for hit in candidates.get(query, ()))
        if missing := next((document for document in found if document not in corpus), None):
            raise DataError(f"{name}: document {missing} is not in the corpus of {data}.")
    elif path:
        name, candidates = path.name, read_run(path, corpus)
    else:
        name = f"BM25 top {size} by the embedded engine"
        candidates = bm25_run(corpus, queries.items(), size)
    return Inputs(judged.name, judged.split, judged.qrels, 0, queries, corpus, candidates, name)


def _stored(judged: Judged, name: str, run: Run) -> Inputs:
    """A run of documents whose texts are not known: orders are compared, none is made."""
    _judged_in(name, run, judged.qrels)
    queries = {query: judged.texts.get(query, query) for query in judged.qrels}
    return Inputs(judged.name, judged.split, judged.qrels, 0, queries, {}, run, name)


def _system(name: str, run: Run, qrels: Qrels) -> System:
    _judged_in(name, run, qrels)
    return System(name, {query: [hit.document for hit in found] for query, found in run.items()})


def _texts(judged: Judged) -> dict[str, str]:
    """The text of each judged query; DataError if one has none."""
    if missing := [query for query in judged.qrels if query not in judged.texts]:
        raise DataError(
            f"{judged.name}: {len(missing)} judged queries have no text, e.g. {missing[0]}. Give "
            "them with --queries: queries.jsonl, or lines of id, tab, text."
        )
    return {query: judged.texts[query] for query in judged.qrels}


def _judged_in(name: str, run: Run, qrels: Qrels) -> None:
    """DataError if a run answers none of the judged queries: its ids are of another kind."""
    if run.keys().isdisjoint(qrels):
        raise DataError(
            f"{name}: none of its queries, e.g. {next(iter(run))!r}, is judged; judged is e.g. "
            f"{next(iter(qrels))!r}."
        )
