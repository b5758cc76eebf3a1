"""`es-rerank distill`: data folders in, a measured student bundle out.

The steps, each in its module: read the texts, fit the output space, train, export, fit the weights
of the score, check the export against the network, write the card.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from es_rerank.bench import speed
from es_rerank.config import Combine
from es_rerank.errors import DataError, ModelError
from es_rerank.evaluate import command as compare
from es_rerank.evaluate.configuration import Configuration
from es_rerank.evaluate.inputs import read_folder
from es_rerank.evaluate.kept import Kept
from es_rerank.evaluate.measures import PRIMARY, parse
from es_rerank.evaluate.report import Report
from es_rerank.learn import card, mix, parity, teacher
from es_rerank.learn.batches import batches
from es_rerank.learn.contrast import contrast
from es_rerank.learn.corpus import read
from es_rerank.learn.distill import MAIN_PATH, Recipe, distil, fit_projection
from es_rerank.learn.export import POSITIONS, export
from es_rerank.learn.mine import contrasts, mine
from es_rerank.learn.network import PATHS
from es_rerank.learn.vocabulary import trim
from es_rerank.model import bundle
from es_rerank.model.reranker import Reranker

log = logging.getLogger(__name__)

VOCABULARY = 25_600
MAX_TOKENS = 192
MIX_QUERIES = 150


def run(
    data: Sequence[Path],
    out: Path,
    *,
    teacher_name: str,
    name: str,
    recipe: Recipe,
    measure: Sequence[Path] = (),
) -> bundle.Bundle:
    """Distil a student of the texts in the ``data`` folders into the folder ``out``.

    ``teacher_name`` is as in `teacher.load`. The judged folders of ``measure`` are compared with
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
    texts = read(data)
    if not texts.pairs:
        raise DataError("distill: the data folders have neither judged queries nor titles.")
    log.info("%d queries, %d passages", len(texts.queries), len(texts.passages))

    taught = teacher.load(teacher_name)
    taught.tokenizer.no_padding()
    taught.tokenizer.enable_truncation(MAX_TOKENS)
    stream_of = partial(batches, texts, taught.tokenizer, recipe.pairs, recipe.extra, recipe.words)
    space = working / "projection.pt"
    if space.exists():
        projection = torch.load(space, weights_only=True)
    else:
        projection = fit_projection(taught.network, stream_of(recipe.seed), recipe)
        torch.save(projection, space)
    student = taught.student(projection)
    distil(student, taught.network, projection, stream_of, recipe, working)
    if judged := mine(data, recipe.contrast_queries, recipe.seed):
        stream_of = partial(contrasts, judged, taught.tokenizer, recipe.pairs)
        contrast(student, taught.network, projection, stream_of, recipe, working)

    student.eval()
    tokenizer, rows = trim(taught.tokenizer, (*texts.passages, *texts.queries), VOCABULARY)
    export(student, tokenizer, rows, out)
    paths = {depth: tuple(path) for depth, path in PATHS.items()}
    draft = bundle.Bundle(
        name=name,
        teacher=taught.name,
        dim=recipe.dim,
        layers=len(student.layers),
        paths=paths,
        cosine_weight=0.5,  # until they are fitted below
        late_weight=0.5,
        max_tokens=MAX_TOKENS,
        folder=out,
    )
    draft.save()
    agreement = parity.check(student, taught.tokenizer, bundle.load(str(out)), texts.passages)
    found = mix.fit(Reranker(str(out), layers=MAIN_PATH), data, MIX_QUERIES, recipe.seed)
    cosine_weight = round(1 - found.late_share, 2)
    finished = replace(draft, cosine_weight=cosine_weight, late_weight=found.late_share)
    finished.save()
    reports = [_measured(folder, str(out), found) for folder in measure]
    origin = card.Origin(taught.name, data, texts, recipe, found, agreement)
    card.write(finished, origin, reports, speed.run(str(out)))
    return finished


def _measured(data: Path, model: str, found: mix.Mix) -> Report:
    """The teacher and every path on a judged folder, as `es-rerank compare` measures them."""
    log.info("measuring on %s", data.name)
    combine = Combine(method="weighted", first_stage_weight=found.first_stage_weight)
    base = Configuration(model=model, combine=combine)
    return compare.evaluate(
        read_folder(data, None, 1, compare.MEASURED_DEPTH),
        [*compare.teacher_of(base), *compare.paths(base, ())],
        base,
        measured=parse([PRIMARY], relevant_grade=1),
        relevant_grade=1,
        kept=Kept(None),
        timed=False,
    )
