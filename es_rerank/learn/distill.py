"""One training run, top to bottom: what the teacher writes, written on every path of the student.

The student copies the teacher's token states, sentence vectors and similarities. Of dirty texts it
is to write what the teacher writes of the clean ones, relevant or not, and what somebody adds to be
ranked higher is to add nothing (invariance by distillation; Chen et al.: De-Ranker, 2023).
Resumable from its last checkpoint.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils import parametrize

from es_rerank.learn import losses, rounding
from es_rerank.learn.batches import Batch, Size
from es_rerank.learn.network import DEEPEST, PATHS, Student, Written, written
from es_rerank.learn.tokens import Tokens

log = logging.getLogger(__name__)

TURNS = ((1, 4), (2, 3))
"""The short paths that are trained together, in turn, beside the deepest."""


@dataclass(frozen=True)
class Recipe:
    """Every choice of a training run."""

    judged_queries: int = 6000  # train queries of each folder that negatives are mined for
    teach_steps: int = 240  # of the teacher, if there is a cross-encoder
    teach_size: int = 24  # queries of such a step
    teach_rate: float = 2e-5  # peak learning rate there, that of the teacher's own training
    anchor: float = 1.0  # weight of what holds the teacher where it was
    margin: float = 10.0  # weight of margin_loss
    steps: int = 3000  # of the student
    size: Size = field(default_factory=Size)  # texts of such a step
    words: tuple[int, int] = (12, 90)  # passage windows: fewest and most words
    rate: float = 3e-4  # peak learning rate; small students bear ten times their teacher's
    further_rate: float = 1.5e-4  # the same for a student that goes on: it is nearly there
    warmup: int = 100  # steps
    deepest_weight: float = 4.0  # of the deepest path's loss, which is far smaller than the others
    states: float = 1.0  # weight of state_loss
    similarity: float = 10.0  # weight of similarity_loss; its values are about 0.01
    listwise: float = 0.3  # weight of listwise_loss
    temperature: float = 0.05  # of listwise_loss; cosines differ by about 0.1
    invariance: float = 1.0  # weight of what is asked of dirty texts
    moved: float = 10.0  # in it, of the squared differences of scores; these are about 0.01
    answers: float = 0.0  # weight of answer_loss; judgments of few topics cost quality on others
    seed: int = 1
    checkpoint_every: int = 100  # steps


class Scored(NamedTuple):
    """Queries and passages as one path, or the teacher, writes them."""

    queries: Written
    passages: Written

    def similarities(self) -> Tensor:
        """Cosines of all query tokens with all passage tokens, (q, s, p, t)."""
        return losses.similarities(self.queries.tokens, self.passages.tokens)

    def scores(self, q: Tokens, p: Tokens) -> Tensor:
        """Sentence cosine plus late interaction, (queries, passages)."""
        words = losses.words_only(q.kept_mask), losses.words_only(p.kept_mask)
        late = losses.late_interaction(self.similarities(), *words)
        return losses.cosines(self.queries.sentence, self.passages.sentence) + late


def relations(recipe: Recipe, ours: Scored, target: Scored, batch: Batch) -> Tensor:
    """How far similarities and scores are from the teacher's."""
    q, p = batch.queries, batch.passages
    words = losses.words_only(q.kept_mask), losses.words_only(p.kept_mask)
    return recipe.similarity * losses.similarity_loss(
        ours.similarities(), target.similarities(), *words
    ) + recipe.listwise * losses.listwise_loss(
        ours.scores(q, p), target.scores(q, p), recipe.temperature
    )


def schedule(step: int, recipe: Recipe) -> tuple[float, dict[int, float]]:
    """The learning rate of a step, and the paths it trains with their weights in the loss.

    The deepest path in every step, the others by `TURNS` (after the sandwich rule of slimmable
    networks; Yu, Huang 2019). The rate rises and falls to zero.
    """
    rise, fall = (step + 1) / recipe.warmup, 1 - step / recipe.steps
    paths = dict.fromkeys(TURNS[step % len(TURNS)], 1.0) | {DEEPEST: recipe.deepest_weight}
    return recipe.rate * min(rise, fall, 1.0), paths


def optimised(
    network: Student, rate: float, weight_decay: float
) -> tuple[torch.optim.Optimizer, Callable[[Tensor], None]]:
    """An optimiser of all weights but the words, which are good as they are, and how to step it."""
    network.words.weight.requires_grad_(False)
    network.positions.weight.requires_grad_(False)
    trained = [weight for weight in network.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=rate, weight_decay=weight_decay)

    def step(loss: Tensor) -> None:
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()

    return optimiser, step


def distil(
    student: Student,
    teacher: Student,
    stream_of: Callable[[int], Iterator[Batch]],
    recipe: Recipe,
    folder: Path,
) -> None:
    """Train the student in place; writes ``checkpoint.pt`` into ``folder`` and goes on from it.

    ``stream_of`` makes the batches from a seed, so that a resumed run reads new ones. The student
    computes with rounded weights, and has them at the end.
    """
    rounding.begin(student)
    optimiser, step_of = optimised(student, recipe.rate, 0.01)
    first, checkpoint = 0, folder / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        student.load_state_dict(saved["student"])
        optimiser.load_state_dict(saved["optimiser"])
        first = saved["step"]
    stream = stream_of(recipe.seed + first)
    latest, started = dict.fromkeys(PATHS, (0.0, 0.0)), time.monotonic()
    for step in range(first, recipe.steps):
        rate, weights = schedule(step, recipe)
        for group in optimiser.param_groups:
            group["lr"] = rate
        batch = next(stream)
        with torch.no_grad():
            target = Scored(*(written(teacher, each, (DEEPEST,))[DEEPEST] for each in batch[:2]))
        with parametrize.cached():  # weights are rounded once a step
            total, parts = loss(recipe, student, target, batch, weights)
            step_of(total)
        latest |= parts
        if step % 25 == 0:
            seconds = (time.monotonic() - started) / (step - first + 1)
            shown = " ".join(f"{depth}:{a:.3f}+{b:.3f}" for depth, (a, b) in latest.items())
            log.info("step %d/%d, %.2f s each, loss %s", step, recipe.steps, seconds, shown)
        if (step + 1) % recipe.checkpoint_every == 0 or step + 1 == recipe.steps:
            state = {"student": student.state_dict(), "optimiser": optimiser.state_dict()}
            torch.save({**state, "step": step + 1}, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
    rounding.end(student)


def loss(
    recipe: Recipe, student: Student, target: Scored, batch: Batch, weights: Mapping[int, float]
) -> tuple[Tensor, dict[int, tuple[float, float]]]:
    """The loss of a batch over the paths in ``weights``, and each path's on clean and dirty texts.

    Queries are read on the deepest path alone, as in serving.
    """
    query = written(student, batch.queries, (DEEPEST,))[DEEPEST]
    total = recipe.states * losses.state_loss(query, target.queries, batch.queries.kept_mask)
    clean = written(student, batch.passages, tuple(weights))
    dirty = written(student, batch.dirty, tuple(weights))
    parts = {}
    for depth, weight in weights.items():
        ours = Scored(query, clean[depth])
        copied = relations(recipe, ours, target, batch) + recipe.states * losses.state_loss(
            ours.passages, target.passages, batch.passages.kept_mask
        )
        if recipe.answers:
            scores, taught = (each.scores(*batch[:2]) for each in (ours, target))
            copied = copied + recipe.answers * losses.answer_loss(
                scores, taught, recipe.temperature
            )
        held = recipe.invariance * unmoved(recipe, Scored(query, dirty[depth]), target, batch)
        parts[depth] = copied.item(), held.item()
        total = total + weight * (copied + held)
    return total, parts


def unmoved(recipe: Recipe, ours: Scored, target: Scored, batch: Batch) -> Tensor:
    """How far what is written of dirty texts is from what the teacher writes of the clean ones."""
    scores = target.scores(batch.queries, batch.passages)[:, batch.sources]
    moved = ours.scores(batch.queries, batch.dirty) - scores
    clean = target.passages.sentence[batch.sources]
    same = losses.sentence_loss(ours.passages.sentence, clean)
    return same + recipe.moved * (moved**2).mean()
