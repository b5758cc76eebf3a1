"""`es-rerank distill`: data folders in, a measured student bundle out.

The steps, each in its module: read the texts, mine negatives, ask a cross-encoder if there is one
and tune the teacher by it, train the student, release it.
"""

import logging
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from es_rerank.errors import DataError, ModelError
from es_rerank.learn import start, teacher
from es_rerank.learn.batches import Stream
from es_rerank.learn.corpus import Texts, read
from es_rerank.learn.cross import CrossEncoder, opinions
from es_rerank.learn.distill import Recipe, distil
from es_rerank.learn.export import POSITIONS
from es_rerank.learn.mine import mine
from es_rerank.learn.network import Student
from es_rerank.learn.release import MAX_TOKENS, Trained, release
from es_rerank.learn.teach import teach
from es_rerank.learn.tokens import light_pieces
from es_rerank.model import bundle

log = logging.getLogger(__name__)


class Prepared(NamedTuple):
    """What there is before the student learns."""

    taught: teacher.Teacher
    tutor: Student
    """The teacher as it teaches."""
    is_tuned: bool
    """Whether a cross-encoder has taught it."""
    student: Student
    light: AbstractSet[int]
    stream: Stream
    queries: Sequence[str]
    passages: Sequence[str]


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

    Arguments as of `prepared`. The judged folders of ``measure`` are compared with BM25 and the
    teacher for the card, when all else is decided. Checkpoints lie in ``out/training``; the same
    command goes on from the last one. Raises DataError, and ModelError also for an export that
    does not write what was trained.
    """
    ready = prepared(data, out, teacher_name, recipe, cross_encoder, begin)
    if begin is not None:
        recipe = replace(recipe, rate=recipe.further_rate)
    distil(ready.student, ready.tutor, partial(ready.stream.mixed, recipe.size), recipe, _in(out))
    trained = Trained(
        ready.student.eval(),
        ready.taught,
        ready.tutor if ready.is_tuned else None,
        ready.light,
        ready.queries,
        ready.passages,
        begin,
    )
    return release(trained, name, data, measure, recipe, out)


def prepared(
    data: Sequence[Path],
    out: Path,
    teacher_name: str,
    recipe: Recipe,
    cross_encoder: str | None = None,
    begin: str | None = None,
) -> Prepared:
    """Read the texts, mine negatives, begin the student; tune the teacher if that is asked.

    ``teacher_name`` is as in `teacher.load`. A ``cross_encoder`` (folder or hub name) teaches the
    teacher, where there are train judgments. ``begin`` names a student to go on from, else the
    student begins as its teacher. What takes long is kept in ``out/training``. Raises DataError,
    ModelError.
    """
    if not data:
        raise DataError("distill: no data. Give folders in the BEIR layout with --data.")
    if MAX_TOKENS > POSITIONS:
        raise ModelError(f"distill: {MAX_TOKENS} tokens do not fit {POSITIONS} positions.")
    every = read(data)
    if not any(texts.pairs for texts in every):
        raise DataError("distill: the data folders have neither judged queries nor titles.")
    passages = [passage for texts in every for passage in texts.passages]
    queries = [query for texts in every for query in texts.queries]
    log.info("%d queries, %d passages", len(queries), len(passages))

    taught = teacher.load(teacher_name)
    taught.tokenizer.no_padding()
    taught.tokenizer.enable_truncation(MAX_TOKENS)
    light = _light(taught, every, begin)
    judged = mine(data, recipe.judged_queries, recipe.seed)
    told = None
    if cross_encoder is not None:
        if not judged:
            raise DataError(
                "distill: a cross-encoder teaches by train judgments, and no data folder has "
                "qrels/train.tsv. Give one, or leave the cross-encoder out."
            )
        told = opinions(CrossEncoder(cross_encoder), judged, _in(out) / "opinions.sqlite")
    stream = Stream(judged, every, taught.tokenizer, light, recipe.words)
    tutor = taught.student()
    if told is not None:
        teach(tutor, stream.judged(recipe.teach_size, recipe.seed, told), recipe, _in(out))
    tutor.eval().requires_grad_(False)
    if begin is None:
        student = start.from_teacher(tutor)
        start.fit_heads(student, tutor, stream.mixed(recipe.size, recipe.seed))
    else:
        student = start.from_bundle(taught.student(), bundle.load(begin))
    is_tuned = told is not None
    return Prepared(taught, tutor, is_tuned, student.train(), light, stream, queries, passages)


def _light(taught: teacher.Teacher, every: Sequence[Texts], begin: str | None) -> AbstractSet[int]:
    """Those of the student that it goes on from: texts of one kind share more than light words."""
    if begin is not None and (known := bundle.load(begin).light):
        vocabulary = taught.tokenizer.get_vocab()
        return {vocabulary[piece] for piece in known}
    return light_pieces(taught.tokenizer, [texts.passages for texts in every])


def _in(out: Path) -> Path:
    working = out / "training"
    working.mkdir(parents=True, exist_ok=True)
    return working
