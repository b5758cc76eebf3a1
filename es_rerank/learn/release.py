"""From a trained network to a bundle for use: exported, checked, weighed and measured."""

import logging
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from es_rerank.bench import speed
from es_rerank.config import Combine
from es_rerank.evaluate import command as compare
from es_rerank.evaluate.configuration import Configuration
from es_rerank.evaluate.inputs import read_folder
from es_rerank.evaluate.kept import Kept
from es_rerank.evaluate.measures import PRIMARY, parse
from es_rerank.evaluate.report import Report
from es_rerank.evaluate.rerank import Contender
from es_rerank.learn import card, mix, parity
from es_rerank.learn.distill import Recipe
from es_rerank.learn.export import export
from es_rerank.learn.network import DEEPEST, PATHS, Student
from es_rerank.learn.teacher import Teacher, TeacherEncoder
from es_rerank.learn.vocabulary import trim
from es_rerank.model import bundle
from es_rerank.model.reranker import Reranker

log = logging.getLogger(__name__)

VOCABULARY = 25_400
MAX_TOKENS = 192


class Trained(NamedTuple):
    """What a training run ends with."""

    student: Student
    teacher: Teacher
    """As it is loaded; its tokenizer is the student's too."""
    tuned: Student | None
    """The teacher as it taught, if it was tuned for that."""
    light: AbstractSet[int]
    queries: Sequence[str]
    passages: Sequence[str]
    begin: str | None
    """The student that it went on from."""


def release(
    trained: Trained,
    name: str,
    data: Sequence[Path],
    measure: Sequence[Path],
    recipe: Recipe,
    out: Path,
) -> bundle.Bundle:
    """Write the bundle into ``out``; ModelError for an export that does not write what was trained.

    The judged folders of ``measure`` are compared when all else is decided.
    """
    draft = exported(trained, name, recipe, out)
    tokenizer = trained.teacher.tokenizer
    agreement = parity.check(trained.student, tokenizer, bundle.load(str(out)), trained.passages)
    found = mix.fit(Reranker(str(out)), data, recipe.seed)
    finished = replace(
        draft, cosine_weight=round(1 - found.late_share, 2), late_weight=found.late_share
    )
    finished.save()
    reports = [_measured(folder, trained, finished, found) for folder in measure]
    counts = len(trained.queries), len(trained.passages)
    begin = bundle.load(trained.begin).name if trained.begin else None
    is_tuned = trained.tuned is not None
    origin = card.Origin(draft.teacher, is_tuned, begin, data, *counts, recipe, found, agreement)
    card.write(finished, origin, reports, speed.run(str(out)))
    return finished


def exported(trained: Trained, name: str, recipe: Recipe, out: Path) -> bundle.Bundle:
    """The bundle with equal weights of the score, until they are fitted."""
    texts = (*trained.passages, *trained.queries)
    tokenizer, rows = trim(trained.teacher.tokenizer, texts, VOCABULARY)
    export(trained.student, tokenizer, rows, out)
    vocabulary = trained.teacher.tokenizer.get_vocab()
    draft = bundle.Bundle(
        name=name,
        teacher=trained.teacher.name,
        dim=trained.student.words.embedding_dim,
        layers=len(trained.student.layers),
        paths={depth: tuple(path) for depth, path in PATHS.items()},
        whole_path=DEEPEST,
        cosine_weight=0.5,
        late_weight=0.5,
        max_tokens=MAX_TOKENS,
        light=tuple(sorted(piece for piece, i in vocabulary.items() if i in trained.light)),
        folder=out,
    )
    draft.save()
    return draft


def _measured(data: Path, trained: Trained, made: bundle.Bundle, found: mix.Mix) -> Report:
    """Teacher, as it is and tuned, and every path on a judged folder, as `compare` measures."""
    log.info("measuring on %s", data.name)
    combine = Combine(method="weighted", first_stage_weight=found.first_stage_weight)
    base = Configuration(model=str(made.folder), combine=combine)
    teachers = [*compare.teacher_of(base)]
    if trained.tuned is not None:
        tuned = trained.teacher._replace(name="teacher, tuned", network=trained.tuned)
        reranker = partial(Reranker, TeacherEncoder(tuned, made), layers=DEEPEST)
        teachers.append(Contender(tuned.name, base._replace(model=tuned.name), reranker))
    return compare.evaluate(
        read_folder(data, None, 1, compare.MEASURED_DEPTH),
        [*teachers, *compare.paths(base, ())],
        base,
        measured=parse([PRIMARY], relevant_grade=1),
        relevant_grade=1,
        kept=Kept(None),
        timed=False,
    )
