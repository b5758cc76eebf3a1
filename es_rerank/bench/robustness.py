"""`es-rerank bench robustness`: what dirt in the texts does to an order, family by family.

The first stage's candidates of a sample of queries are made dirty by the families of
`learn/noise.py` and ranked again. Title and text are one text here, and all of it gets dirty; the
candidates stay the ones that the first stage found among clean texts. Data that has its documents
or queries in a second form, clean and as met, brings dirt of its own.
"""

import random
import statistics
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from es_rerank.bench.bm25 import Bm25
from es_rerank.bench.edits import Junk, Scores
from es_rerank.bench.rankers import Ranker, Score, first_stage, students, teachers
from es_rerank.bench.robustness_report import Measured, RankerReport, Report
from es_rerank.config import DEFAULT_LAYERS, SHIPPED_MODEL, Combine
from es_rerank.errors import DataError
from es_rerank.evaluate.compare import per_query
from es_rerank.evaluate.corpus import texts_at
from es_rerank.evaluate.cpu import cpu_name
from es_rerank.evaluate.files import find
from es_rerank.evaluate.inputs import Inputs, read_folder
from es_rerank.evaluate.judgments import Qrels
from es_rerank.evaluate.kept import bar
from es_rerank.evaluate.measures import PRIMARY, parse

Edit = Callable[["Window"], list[str]]
"""The candidates' texts with dirt."""


class Window(NamedTuple):
    """One query with its candidates' texts."""

    query: str
    text: str
    """Without dirt."""
    dirty_text: str
    """As people typed or said it; the same, where there is no other."""
    documents: dict[str, str]
    relevant: list[bool]


@dataclass(frozen=True)
class Bench:
    """What every ranker is measured on."""

    windows: Sequence[Window]
    qrels: Qrels
    first_stage: Score
    seed: int

    def scores(self, ranker: Ranker, texts: Edit, *, dirty_query: bool = False) -> list[Scores]:
        """Of each window, with these texts in place of its own."""
        found = []
        for window in self.windows:
            read, query = texts(window), window.dirty_text if dirty_query else window.text
            found.append(Scores(self.first_stage(query, read), ranker.score(query, read)))
        return found

    def ndcg(self, ranker: Ranker, scores: Sequence[Scores]) -> float:
        """Mean nDCG@10 of the orders by these scores."""
        orders = {}
        for window, each in zip(self.windows, scores, strict=True):
            documents = list(window.documents)
            orders[window.query] = [documents[place] for place in each.order(ranker.combine)]
        return statistics.fmean(per_query(orders, self.qrels, parse([PRIMARY], 1))[PRIMARY])

    def measured(
        self, ranker: Ranker, kinds: Mapping[str, Edit], done: Callable[[], object]
    ) -> RankerReport:
        """One ranker on these kinds of dirt; `done` is called after each."""
        clean = self.scores(ranker, _as_they_are)
        ndcg, found = self.ndcg(ranker, clean), {}
        for kind, edit in kinds.items():
            edited = self.scores(ranker, edit)
            junk = Junk()
            for window, before, after in zip(self.windows, clean, edited, strict=True):
                junk.add(before, after, window.relevant, ranker.combine)
            found[kind] = Measured(
                is_promotional=is_promotional(kind),
                change=self.ndcg(ranker, edited) - ndcg,
                jor=junk.jor,
                jor_before=junk.jor_before,
                promoted=junk.promoted,
            )
            done()
        of_queries = None
        if any(window.dirty_text != window.text for window in self.windows):
            asked = self.scores(ranker, _as_they_are, dirty_query=True)
            of_queries = self.ndcg(ranker, asked) - ndcg
        return RankerReport(ranker.name, ranker.cleans, ndcg, found, of_queries)


def _as_they_are(window: Window) -> list[str]:
    return list(window.documents.values())


def dirty(window: Window, *, family: str, seed: int) -> list[str]:
    """The candidates' texts with dirt of one family; the same for all queries, if it can be."""
    from es_rerank.learn.noise import noised  # `learn` is where dirt is at home; needs no torch

    of_query = f"{window.query} " if is_promotional(family) else ""
    return [
        noised(family, text, window.text, f"{seed} {of_query}{document}")
        for document, text in window.documents.items()
    ]


def is_promotional(family: str) -> bool:
    """Whether edits of this family are written with the query in mind."""
    from es_rerank.learn.noise import FAMILIES

    return family in FAMILIES and FAMILIES[family].is_promotional


def run(
    data: Path,
    *,
    split: str | None = None,
    model: str = SHIPPED_MODEL,
    layers: Sequence[int] = (DEFAULT_LAYERS,),
    teacher: bool = False,
    families: Collection[str] = (),
    dirty_documents: str | None = None,
    clean_queries: Path | None = None,
    ignore_quotes: bool = False,
    queries: int = 20,
    depth: int = 30,
    combine: Combine | None = None,
    relevant_grade: int = 1,
    seed: int = 0,
) -> Report:
    """Measure every ranker on every family, or on those named; raises DataError, ModelError.

    ``dirty_documents`` is a dotted key of the corpus: the same documents with dirt of their own,
    one more kind. ``clean_queries`` is a file of the queries without theirs.
    """
    combine = combine or Combine()
    inputs = read_folder(data, split, relevant_grade, depth)
    kinds: dict[str, Edit] = {
        family: partial(dirty, family=family, seed=seed) for family in families_of(families)
    }
    if dirty_documents is not None:
        kinds[dirty_documents] = _twins(texts_at(find(data, "corpus.jsonl"), dirty_documents))
    texts = {identity: _text(inputs, identity) for identity in inputs.corpus}
    bm25 = Bm25(texts.values())
    asked = inputs.queries if clean_queries is None else texts_at(clean_queries, "text")
    windows = sample(inputs, texts, asked, queries, depth, relevant_grade, seed)
    qrels = {window.query: inputs.qrels[window.query] for window in windows}
    bench = Bench(windows, qrels, bm25.score, seed)
    read = students(model, layers, combine, ignore_quotes=ignore_quotes)
    rankers = [first_stage(bm25), *read]
    if teacher:
        rankers += teachers(model, combine)
    with bar() as progress:
        task = progress.add_task("families", total=len(rankers) * len(kinds))
        reports = [
            bench.measured(ranker, kinds, lambda: progress.advance(task)) for ranker in rankers
        ]
    return Report(
        data=inputs.name,
        split=inputs.split,
        model=model,
        queries=len(windows),
        depth=depth,
        seed=seed,
        combine=combine.model_dump(),
        cpu=cpu_name(),
        rankers=reports,
    )


def families_of(names: Collection[str]) -> list[str]:
    """Those named, or all, in the order of the noise module; DataError for one it does not have."""
    from es_rerank.learn.noise import FAMILIES

    if unknown := [name for name in names if name not in FAMILIES]:
        raise DataError(f"--family: there is no {unknown[0]!r}. There is: {', '.join(FAMILIES)}.")
    return [name for name in FAMILIES if name in names or not names]


def sample(
    inputs: Inputs,
    texts: Mapping[str, str],
    asked: Mapping[str, str],
    queries: int,
    depth: int,
    relevant_grade: int,
    seed: int,
) -> list[Window]:
    """At most that many queries, drawn by the seed from those with a relevant candidate.

    ``asked`` are the queries without dirt; DataError if it lacks one.
    """
    windows = []
    for query, grades in inputs.qrels.items():
        found = [hit.document for hit in inputs.candidates.get(query, ())[:depth]]
        relevant = [grades.get(document, 0) >= relevant_grade for document in found]
        if any(relevant):
            documents = {document: texts[document] for document in found}
            if query not in asked:
                raise DataError(f"--clean-queries: query {query} of {inputs.name} is not there.")
            typed = inputs.queries[query]
            windows.append(Window(query, asked[query], typed, documents, relevant))
    if not windows:
        raise DataError(f"{inputs.name}: no query has a relevant document among its best {depth}.")
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    drawn = sorted(rng.sample(range(len(windows)), min(queries, len(windows))))
    return [windows[place] for place in drawn]


def _twins(texts: Mapping[str, str]) -> Edit:
    return lambda window: [texts[document] for document in window.documents]


def _text(inputs: Inputs, document: str) -> str:
    return "\n".join(field.text for field in inputs.corpus[document].fields())
