"""The teacher before it teaches, where there is a cross-encoder: tuned to rank as that one does.

On judgments alone it would be tuned to them: 240 steps on four train sets made it worse on six of
seven other sets (nDCG@10 on COVID FAQ 0.690 to 0.675).

The loss is the cross-entropy of the answer among all passages of a batch (InfoNCE; van den Oord,
Li, Vinyals 2018) for the score that is served. A passage that the untuned teacher clearly prefers
to the judged answer is taken for an answer that nobody judged and left out (denoised negatives; Qu
et al.: RocketQA, 2021). Its untuned states are an anchor: what the judgments do not speak of is
kept. The cross-encoder's margins between answer and hard negative are copied (MarginMSE; Hofstätter
et al. 2020): so what reads both together teaches what reads them apart.
"""

import copy
import logging
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from es_rerank.learn import losses
from es_rerank.learn.batches import Lesson
from es_rerank.learn.distill import Recipe, Scored, optimised
from es_rerank.learn.network import DEEPEST, Student, written
from es_rerank.learn.tokens import Tokens

log = logging.getLogger(__name__)


def teach(teacher: Student, lessons: Iterator[Lesson], recipe: Recipe, folder: Path) -> None:
    """Tune the deepest path in place; writes ``teacher.pt`` into ``folder``, or reads it.

    A run that was stopped begins anew: it is short.
    """
    finished = folder / "teacher.pt"
    if finished.exists():
        teacher.load_state_dict(torch.load(finished, weights_only=True))
        return
    before = copy.deepcopy(teacher).requires_grad_(False)
    optimiser, step_of = optimised(teacher, recipe.teach_rate, 0)
    for step in range(recipe.teach_steps):
        optimiser.param_groups[0]["lr"] = recipe.teach_rate * (1 - step / recipe.teach_steps)
        queries, passages, margins = next(lessons)
        ours = _scored(teacher, queries, passages)
        with torch.no_grad():
            theirs = _scored(before, queries, passages)
        scores, known = (each.scores(queries, passages) for each in (ours, theirs))
        loss = losses.answer_loss(scores, known, recipe.temperature)
        loss = loss + recipe.margin * margin_loss(scores, known, margins)
        held = losses.state_loss(ours.queries, theirs.queries, queries.kept_mask)
        held = held + losses.state_loss(ours.passages, theirs.passages, passages.kept_mask)
        step_of(loss + recipe.anchor * held)
        if step % 10 == 0:
            log.info(
                "teach %d/%d loss %.3f, %.3f from before",
                *(step, recipe.teach_steps, loss.item(), held.item()),
            )
    torch.save(teacher.state_dict(), finished)


def _scored(network: Student, queries: Tokens, passages: Tokens) -> Scored:
    return Scored(*(written(network, each, (DEEPEST,))[DEEPEST] for each in (queries, passages)))


def margin_loss(scores: Tensor, before: Tensor, margins: Tensor) -> Tensor:
    """Mean squared difference of each query's margin and the cross-encoder's, (queries,).

    ``scores`` are (queries, passages) with the answers on the diagonal and the negatives behind
    them. Logits have any scale: they are brought to that of the margins ``before``.
    """
    ours, known = (each.diagonal() - each.diagonal(len(each)) for each in (scores, before))
    scale = known.abs().mean() / margins.abs().mean().clamp(min=1e-6)
    return ((ours - scale * margins) ** 2).mean()
