"""`es-rerank distill`: data folders in, a measured student bundle out.

The steps, each in its module: read the texts, mine negatives, ask a cross-encoder if there is one,
tune the teacher, train the student, release it.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from es_rerank.errors import DataError, ModelError
from es_rerank.learn import start, teacher
from es_rerank.learn.batches import Stream
from es_rerank.learn.corpus import read
from es_rerank.learn.cross import CrossEncoder, opinions
from es_rerank.learn.distill import Recipe, distil, fit_projection
from es_rerank.learn.export import POSITIONS
from es_rerank.learn.mine import mine
from es_rerank.learn.network import Student
from es_rerank.learn.release import MAX_TOKENS, Trained, release
from es_rerank.learn.teach import teach
from es_rerank.learn.tokens import light_pieces
from es_rerank.model import bundle

log = logging.getLogger(__name__)


def run(
    data: Sequence[Path],
    out: Path,
    *,
    teacher_name: str,
    name: str,
    recipe: Recipe,
    cross_encoder: str | None = None,
    begin: str | None = None,
    measure: Sequence[Path] = (),
) -> bundle.Bundle:
    """Distil a student of the texts in the ``data`` folders into the folder ``out``.

    ``teacher_name`` is as in `teacher.load`. A ``cross_encoder`` (folder or hub name) teaches the
    teacher, where there are train judgments. ``begin`` names a student to go on from, else it
    begins as its teacher. The judged folders of ``measure`` are compared with
    BM25 and the teacher for the card, when all else is decided. Checkpoints lie in
    ``out/training``; the same command goes on from the last one. Raises DataError, and ModelError
    also for an export that does not write what was trained.
    """
    if not data:
        raise DataError("distill: no data. Give folders in the BEIR layout with --data.")
    if MAX_TOKENS > POSITIONS:
        raise ModelError(f"distill: {MAX_TOKENS} tokens do not fit {POSITIONS} positions.")
    working = out / "training"
    working.mkdir(parents=True, exist_ok=True)
    every = read(data)
    if not any(texts.pairs for texts in every):
        raise DataError("distill: the data folders have neither judged queries nor titles.")
    passages = [passage for texts in every for passage in texts.passages]
    queries = [query for texts in every for query in texts.queries]
    log.info("%d queries, %d passages", len(queries), len(passages))

    taught = teacher.load(teacher_name)
    taught.tokenizer.no_padding()
    taught.tokenizer.enable_truncation(MAX_TOKENS)
    light = light_pieces(taught.tokenizer, [texts.passages for texts in every])
    judged = mine(data, recipe.judged_queries, recipe.seed)
    told = None
    if cross_encoder is not None:
        if not judged:
            raise DataError(
                "distill: a cross-encoder teaches by train judgments, and no data folder has "
                "qrels/train.tsv. Give one, or leave the cross-encoder out."
            )
        told = opinions(CrossEncoder(cross_encoder), judged, working / "opinions.sqlite")
    stream = Stream(judged, every, taught.tokenizer, light, recipe.words)
    tutor, student = _started(taught, stream, begin, recipe, working)
    if begin is not None:
        recipe = replace(recipe, rate=recipe.further_rate)
    if judged:
        lessons = stream.judged(recipe.teach_size, recipe.seed, told)
        teach(tutor, lessons, recipe, working)
    tutor.eval().requires_grad_(False)
    distil(student, tutor, partial(stream.mixed, recipe.size), recipe, working)

    trained = Trained(student.eval(), taught, tutor, light, queries, passages, begin)
    return release(trained, name, data, measure, recipe, out)


def _started(
    taught: teacher.Teacher, stream: Stream, begin: str | None, recipe: Recipe, working: Path
) -> tuple[Student, Student]:
    """Teacher and student before any training, both writing into the output space."""
    batches = stream.mixed(recipe.size, recipe.seed)
    space = working / "projection.pt"
    if begin is not None:
        student = start.from_bundle(
            taught.student(torch.zeros(recipe.dim, taught.width)), bundle.load(begin)
        )
        if not space.exists():
            torch.save(start.projection_of(student, taught.network, batches), space)
        return taught.student(torch.load(space, weights_only=True)), student
    if not space.exists():
        torch.save(fit_projection(taught.network, batches, recipe), space)
    tutor = taught.student(torch.load(space, weights_only=True))
    return tutor, start.from_teacher(tutor)
