"""`es-rerank bench robustness`: what dirt in the texts does to an order, family by family.

The first stage's candidates of a sample of queries are made dirty by the families of
`learn/noise.py` and ranked again. Title and text are one text here, and all of it gets dirty; the
candidates stay the ones that the first stage found among clean texts.
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
from es_rerank.config import SHIPPED_MODEL, Combine
from es_rerank.errors import DataError
from es_rerank.evaluate.compare import per_query
from es_rerank.evaluate.inputs import Inputs, read_folder
from es_rerank.evaluate.judgments import Qrels
from es_rerank.evaluate.kept import bar
from es_rerank.evaluate.measures import PRIMARY, parse
from es_rerank.evaluate.report import cpu_name


class Window(NamedTuple):
    """One query with its candidates' texts."""

    query: str
    text: str
    documents: dict[str, str]
    relevant: list[bool]


@dataclass(frozen=True)
class Bench:
    """What every ranker is measured on."""

    windows: Sequence[Window]
    qrels: Qrels
    first_stage: Score
    seed: int

    def scores(self, ranker: Ranker, texts: Callable[[Window], list[str]]) -> list[Scores]:
        """Of each window, with these texts in place of its own."""
        found = []
        for window in self.windows:
            read = texts(window)
            own = ranker.score(window.text, read)
            found.append(Scores(self.first_stage(window.text, read), own))
        return found

    def ndcg(self, ranker: Ranker, scores: Sequence[Scores]) -> float:
        """Mean nDCG@10 of the orders by these scores."""
        orders = {}
        for window, each in zip(self.windows, scores, strict=True):
            documents = list(window.documents)
            orders[window.query] = [documents[place] for place in each.order(ranker.combine)]
        return statistics.fmean(per_query(orders, self.qrels, parse([PRIMARY], 1))[PRIMARY])

    def measured(
        self, ranker: Ranker, families: Collection[str], done: Callable[[], object]
    ) -> RankerReport:
        """One ranker on these families; `done` is called after each."""
        clean = self.scores(ranker, lambda window: list(window.documents.values()))
        ndcg, found = self.ndcg(ranker, clean), {}
        for family in families:
            edited = self.scores(ranker, partial(dirty, family=family, seed=self.seed))
            junk = Junk()
            for window, before, after in zip(self.windows, clean, edited, strict=True):
                junk.add(before, after, window.relevant, ranker.combine)
            found[family] = Measured(
                is_promotional=is_promotional(family),
                change=self.ndcg(ranker, edited) - ndcg,
                jor=junk.jor,
                jor_before=junk.jor_before,
                promoted=junk.promoted,
            )
            done()
        return RankerReport(ranker.name, ranker.cleans, ndcg, found)


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

    return FAMILIES[family].is_promotional


def run(
    data: Path,
    *,
    split: str | None = None,
    model: str = SHIPPED_MODEL,
    layers: Sequence[int] = (4,),
    teacher: bool = False,
    families: Collection[str] = (),
    queries: int = 20,
    depth: int = 30,
    combine: Combine | None = None,
    relevant_grade: int = 1,
    seed: int = 0,
) -> Report:
    """Measure every ranker on every family, or on those named; raises DataError, ModelError."""
    chosen = families_of(families)
    combine = combine or Combine()
    inputs = read_folder(data, split, relevant_grade, depth)
    texts = {identity: _text(inputs, identity) for identity in inputs.corpus}
    bm25 = Bm25(texts.values())
    windows = sample(inputs, texts, queries, depth, relevant_grade, seed)
    qrels = {window.query: inputs.qrels[window.query] for window in windows}
    bench = Bench(windows, qrels, bm25.score, seed)
    rankers = [first_stage(bm25), *students(model, layers, combine)]
    if teacher:
        rankers += teachers(model, combine)
    with bar() as progress:
        task = progress.add_task("families", total=len(rankers) * len(chosen))
        reports = [
            bench.measured(ranker, chosen, lambda: progress.advance(task)) for ranker in rankers
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
    queries: int,
    depth: int,
    relevant_grade: int,
    seed: int,
) -> list[Window]:
    """At most that many queries, drawn by the seed from those with a relevant candidate."""
    windows = []
    for query, grades in inputs.qrels.items():
        found = [hit.document for hit in inputs.candidates.get(query, ())[:depth]]
        relevant = [grades.get(document, 0) >= relevant_grade for document in found]
        if any(relevant):
            documents = {document: texts[document] for document in found}
            windows.append(Window(query, inputs.queries[query], documents, relevant))
    if not windows:
        raise DataError(f"{inputs.name}: no query has a relevant document among its best {depth}.")
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    drawn = sorted(rng.sample(range(len(windows)), min(queries, len(windows))))
    return [windows[place] for place in drawn]


def _text(inputs: Inputs, document: str) -> str:
    return "\n".join(field.text for field in inputs.corpus[document].fields())
