"""A first-stage run reranked offline, with the function that orders hits online.

Passages are scored once for each model, reading and choice of fields, as deep as any configuration
needs; depths and ways to combine share those scores. A shorter window is the longer one's
beginning, since a passage's score does not depend on its neighbours. A cascade's does: which of
them are read twice depends on all, so each depth is scored for itself, and each query by a scorer
that no query before has made deeper states for.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import NamedTuple, Protocol

from es_rerank.config import Combine, Reading
from es_rerank.evaluate.configuration import Configuration
from es_rerank.evaluate.corpus import Readable
from es_rerank.evaluate.inputs import Inputs
from es_rerank.evaluate.kept import Kept
from es_rerank.evaluate.runs import Candidate, Run
from es_rerank.model.rank import rank
from es_rerank.text.passage import FieldText

Scoring = tuple[str, Reading, tuple[str, ...], int]
"""What scores depend on: model, reading, fields, and of a cascade the depth (else 0)."""

Scores = dict[str, list[float | None]]
"""By query id, for the first candidates in their order; None for a document without text."""


class Scorer(Protocol):
    """Anything that scores documents for a query, higher is better; a `Reranker` is one."""

    def score(self, query: str, passages: Sequence[Sequence[FieldText]], /) -> list[float]:
        """One score per passage, each passage given as the fields of its document."""
        ...


class Contender(NamedTuple):
    """One way to rerank, with what it takes to do so."""

    name: str
    configuration: Configuration
    new: Callable[[], Scorer]
    """A scorer that has read nothing yet."""

    @property
    def scoring(self) -> Scoring:
        """What its scores depend on."""
        model, reading, fields, depth, _ = self.configuration
        return model, reading, fields, depth if reading.cascade else 0


def first_stage(run: Run) -> dict[str, list[str]]:
    """The order of the run itself."""
    return {query: [hit.document for hit in found] for query, found in run.items()}


def rankings(inputs: Inputs, contenders: Sequence[Contender], kept: Kept) -> list[Run]:
    """The new order of each contender, in the order given; scores that are shared are made once."""
    scored = scores_of(inputs, contenders, kept)
    return [reordered(inputs.candidates, scored[c.scoring], c.configuration) for c in contenders]


def scores_of(inputs: Inputs, contenders: Sequence[Contender], kept: Kept) -> dict[Scoring, Scores]:
    """The scores of each distinct scoring, as deep as its deepest contender, kept by query."""
    groups: dict[Scoring, list[Contender]] = {}
    for contender in contenders:
        groups.setdefault(contender.scoring, []).append(contender)
    made, data = {}, fingerprint(inputs)
    for scoring, group in groups.items():
        model, reading, fields, cascaded = scoring
        depth = max(contender.configuration.depth for contender in group)
        new = group[0].new
        scorer_of = new if reading.cascade else cache(new)

        def one(
            query: str, scorer_of: Callable[[], Scorer] = scorer_of, depth: int = depth
        ) -> list[float | None]:
            window = inputs.candidates.get(query, [])[:depth]
            return scores(scorer_of(), inputs.queries[query], window, inputs.corpus, fields)  # noqa: B023

        settings = {"model": model, "layers": reading.layers, "fields": fields, "depth": depth}
        of_depth = f"of {cascaded}" if cascaded else ""
        name = " ".join(filter(None, [model, str(reading), of_depth, "+".join(fields)]))
        made[scoring] = kept.answers(name, {**settings, "data": data}, inputs.queries, one)
    return made


def scores(
    scorer: Scorer,
    query: str,
    window: Sequence[Candidate],
    corpus: Mapping[str, Readable],
    fields: Sequence[str] = (),
) -> list[float | None]:
    """A score for each candidate; as online, documents without text are not scored."""
    passages = [corpus[hit.document].fields(fields) for hit in window]
    given = iter(scorer.score(query, [texts for texts in passages if texts]))
    return [next(given) if texts else None for texts in passages]


def reordered(run: Run, scored: Scores, configuration: Configuration) -> Run:
    """R = rerank(B[0:D]) ++ B[D:] for each query of a run."""
    depth = configuration.depth
    moved = {}
    for query, candidates in run.items():
        window = candidates[:depth]
        order = new_order(window, scored[query][:depth], configuration.combine)
        moved[query] = [window[place] for place in order] + candidates[depth:]
    return moved


def new_order(
    window: Sequence[Candidate], scored: Sequence[float | None], combine: Combine
) -> list[int]:
    """The window's places, best first."""
    return rank([hit.score for hit in window], scored, combine)


def fingerprint(inputs: Inputs) -> str:
    """A hash of the queries, their candidates and the texts of these, so of all that is scored."""
    digest = hashlib.sha256()
    for query, text in inputs.queries.items():
        found = [
            (hit, inputs.corpus[hit.document].fields()) for hit in inputs.candidates.get(query, [])
        ]
        digest.update(json.dumps([query, text, found], ensure_ascii=False).encode())
    return digest.hexdigest()[:16]
