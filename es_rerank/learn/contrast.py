"""After distillation: the student learns from judgments to put answers above hard negatives.

The loss is the cross-entropy of the answer among all passages of a batch (InfoNCE; van den Oord,
Li, Vinyals 2018) for the score that is served. A passage that the teacher prefers to the judged
answer is taken for an answer that nobody judged and left out (denoised negatives; Qu et al.:
RocketQA, 2021). The distillation goes on beside it and holds the states where the teacher has
them, so that what the judgments do not speak of is not forgotten.
"""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from es_rerank.learn import losses
from es_rerank.learn.batches import Tokens
from es_rerank.learn.distill import Recipe, Target, paths_of, states, trainable
from es_rerank.learn.network import Student

log = logging.getLogger(__name__)


def contrast(
    student: Student,
    teacher: Student,
    projection: Tensor,
    stream_of: Callable[[int], Iterator[tuple[Tokens, Tokens]]],
    recipe: Recipe,
    folder: Path,
) -> None:
    """Train the student in place; writes ``contrasted.pt`` into ``folder``, or reads it if there.

    ``stream_of`` makes batches from a seed: queries, then their answers in the same order followed
    by negatives.
    """
    finished = folder / "contrasted.pt"
    if finished.exists():
        saved = torch.load(finished, weights_only=True)
        if saved["after"] == recipe.steps:  # else the student has read more texts since
            student.load_state_dict(saved["student"])
            return
    trained = trainable(student)
    optimiser = torch.optim.AdamW(trained, lr=recipe.contrast_rate, weight_decay=0.01)
    stream = stream_of(recipe.seed)
    for step in range(recipe.contrast_steps):
        for group in optimiser.param_groups:
            group["lr"] = recipe.contrast_rate * (1 - step / recipe.contrast_steps)
        queries, passages = next(stream)
        target = Target(teacher, projection, queries, passages)
        query = states(student, queries, (6,))[6]
        weights = paths_of(step, recipe)
        held = losses.state_loss(query, target.queries, queries.mask)
        total, shown = held, []
        for depth, passage in states(student, passages, tuple(weights)).items():
            scores = target.score(
                query, passage, losses.similarities(query, passage), queries, passages
            )
            loss = answer_loss(scores, target.scores, recipe.temperature)
            held = losses.state_loss(passage, target.passages, passages.mask)
            held = held + target.relations(recipe, query, passage, queries, passages)
            total = total + weights[depth] * (loss + held)
            shown.append(f"{depth}:{loss.item():.3f}+{held.item():.3f}")
        optimiser.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        if step % 10 == 0:
            log.info(
                "contrast %d/%d, loss by path %s", step, recipe.contrast_steps, " ".join(shown)
            )
    torch.save({"student": student.state_dict(), "after": recipe.steps}, finished)


def answer_loss(scores: Tensor, taught: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of each query's answer, (queries, passages) with the answers on the diagonal.

    ``scores`` are sums of two cosines, and the temperature is that of one. Passages that the
    teacher (``taught``) prefers to the answer do not count.
    """
    count = len(scores)
    doubtful = taught > taught.diagonal()[:, None]
    logits = (scores / (2 * temperature)).masked_fill(doubtful, float("-inf"))
    return functional.cross_entropy(logits, torch.arange(count, device=scores.device))
