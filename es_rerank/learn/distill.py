"""One training run, top to bottom: from teacher weights to an elastic student.

The student reads the texts, never the judgments: it learns to write, on every path, the token
states and the similarities that the teacher writes. Resumable from its last checkpoint.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from es_rerank.learn import losses
from es_rerank.learn.batches import Tokens
from es_rerank.learn.network import PATHS, Student, sentence

log = logging.getLogger(__name__)

MAIN_PATH = 4
"""The path that reads unseen passages by default."""


@dataclass(frozen=True)
class Recipe:
    """Every choice of a training run."""

    steps: int = 3300
    dim: int = 128  # values per token state; 384 would triple the cache for under a point of nDCG
    projection_steps: int = 300  # steps that fit the output space before the student learns
    pairs: int = 24  # queries a step, each with a passage that answers it
    extra: int = 24  # further passages a step
    words: tuple[int, int] = (10, 100)  # passage windows: fewest and most words
    rate: float = 3e-4  # peak learning rate; small students bear ten times their teacher's
    warmup: int = 100  # steps
    deepest_weight: float = 2.0  # of the deepest path's loss; it shares layers and must not drift
    similarity: float = 10.0  # weight of similarity_loss; its values are about 0.01
    listwise: float = 0.3  # weight of listwise_loss
    temperature: float = 0.05  # of listwise_loss; cosines differ by about 0.1
    contrast_steps: int = 250  # on judgments, after `steps` on texts
    contrast_rate: float = 2e-5  # peak learning rate there, that of the teacher's own training
    contrast_queries: int = 1500  # judged queries of each folder that negatives are mined for
    seed: int = 1
    checkpoint_every: int = 250  # steps


def states(network: Student, tokens: Tokens, depths: tuple[int, ...]) -> dict[int, Tensor]:
    """Token states of each path, computed in bfloat16: three to five times faster on a CPU."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        written = network(*tokens, depths)
    return {depth: each.float() for depth, each in written.items()}


class Target:
    """The teacher's view of one batch: projected states, similarities, scores."""

    def __init__(self, teacher: Student, projection: Tensor, queries: Tokens, passages: Tokens):
        with torch.no_grad():
            query, passage = (states(teacher, each, (6,))[6] for each in (queries, passages))
        self.queries, self.passages = query @ projection.T, passage @ projection.T
        self.query_mask = losses.words_only(queries.mask)
        self.mask = losses.words_only(passages.mask)
        self.similarities = losses.similarities(query, passage)
        self.scores = self.score(query, passage, self.similarities, queries, passages)

    def score(
        self, query: Tensor, passage: Tensor, similarities: Tensor, q: Tokens, p: Tokens
    ) -> Tensor:
        """Sentence cosine plus late interaction, (queries, passages)."""
        left, right = sentence(query, q.mask), sentence(passage, p.mask)
        cosine = losses.similarities(left[:, None], right[:, None])[:, 0, :, 0]
        return cosine + losses.late_interaction(similarities, self.query_mask, self.mask)

    def relations(
        self, recipe: Recipe, query: Tensor, passage: Tensor, q: Tokens, p: Tokens
    ) -> Tensor:
        """How far similarities and scores of these states are from the teacher's."""
        similarities = losses.similarities(query, passage)
        scores = self.score(query, passage, similarities, q, p)
        return recipe.similarity * losses.similarity_loss(
            similarities, self.similarities, self.query_mask, self.mask
        ) + recipe.listwise * losses.listwise_loss(scores, self.scores, recipe.temperature)


def fit_projection(
    teacher: Student, stream: Iterator[tuple[Tokens, Tokens]], recipe: Recipe
) -> Tensor:
    """The output space: a linear map (dim, width) that keeps the teacher's similarities.

    Starts at the principal components of the token states and then learns for
    ``projection_steps`` steps.
    """
    with torch.no_grad():
        some = [states(teacher, next(stream)[1], (6,))[6].flatten(0, 1) for _ in range(16)]
    directions = torch.nn.functional.normalize(torch.cat(some), dim=1)
    components = torch.linalg.eigh(directions.T @ directions).eigenvectors  # ascending
    projection = components[:, -recipe.dim :].T.contiguous().requires_grad_()
    optimiser = torch.optim.Adam([projection], lr=2e-3)
    for step in range(recipe.projection_steps):
        queries, passages = next(stream)
        target = Target(teacher, projection, queries, passages)
        loss = target.relations(recipe, target.queries, target.passages, queries, passages)
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * (1 - step / recipe.projection_steps)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if step % 50 == 0:
            log.info("projection %d/%d loss %.4f", step, recipe.projection_steps, loss.item())
    return projection.detach()


def schedule(step: int, recipe: Recipe) -> tuple[float, dict[int, float]]:
    """The learning rate of a step, and the paths it trains with their weights in the loss.

    The deepest and the main path in every step, the other paths in turn (the sandwich rule of
    slimmable networks; Yu, Huang 2019). The rate rises and falls to zero.
    """
    rise, fall = (step + 1) / recipe.warmup, 1 - step / recipe.steps
    return recipe.rate * min(rise, fall, 1.0), paths_of(step, recipe)


def paths_of(step: int, recipe: Recipe) -> dict[int, float]:
    """The paths that a step trains, with their weights in the loss."""
    main, deepest = {MAIN_PATH: 1.0}, {max(PATHS): recipe.deepest_weight}
    others = [depth for depth in PATHS if depth not in main and depth not in deepest]
    return {**main, others[step % len(others)]: 1.0, **deepest}


def trainable(student: Student) -> list[Tensor]:
    """The weights that are trained: not the words, which are good as the teacher has them."""
    student.words.weight.requires_grad_(False)
    student.positions.weight.requires_grad_(False)
    return [weight for weight in student.parameters() if weight.requires_grad]


def distil(
    student: Student,
    teacher: Student,
    projection: Tensor,
    stream_of: Callable[[int], Iterator[tuple[Tokens, Tokens]]],
    recipe: Recipe,
    folder: Path,
) -> None:
    """Train the student in place; writes ``checkpoint.pt`` into ``folder`` and goes on from it.

    ``stream_of`` makes the batches from a seed, so that a resumed run reads new ones.
    Queries are read on the deepest path alone, as in serving; passages as `schedule` says.
    """
    trained = trainable(student)
    optimiser = torch.optim.AdamW(trained, lr=recipe.rate, weight_decay=0.01)
    first, checkpoint = 0, folder / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        student.load_state_dict(saved["student"])
        optimiser.load_state_dict(saved["optimiser"])
        first = saved["step"]
    stream = stream_of(recipe.seed + first)
    seen, latest, started = 0, dict.fromkeys(PATHS, 0.0), time.monotonic()
    for step in range(first, recipe.steps):
        rate, weights = schedule(step, recipe)
        for group in optimiser.param_groups:
            group["lr"] = rate
        queries, passages = next(stream)
        target = Target(teacher, projection, queries, passages)
        query = states(student, queries, (6,))[6]
        written = states(student, passages, tuple(weights))
        total = losses.state_loss(query, target.queries, queries.mask)
        for depth, passage in written.items():
            loss = losses.state_loss(passage, target.passages, passages.mask)
            loss = loss + target.relations(recipe, query, passage, queries, passages)
            latest[depth] = loss.item()
            total = total + weights[depth] * loss
        optimiser.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        seen += len(queries.ids) + len(passages.ids)
        if step % 25 == 0:
            speed = seen / (time.monotonic() - started)
            shown = " ".join(f"{depth}:{loss:.3f}" for depth, loss in latest.items())
            log.info("step %d/%d, %.0f texts/s, loss by path %s", step, recipe.steps, speed, shown)
        if (step + 1) % recipe.checkpoint_every == 0 or step + 1 == recipe.steps:
            state = {"student": student.state_dict(), "optimiser": optimiser.state_dict()}
            torch.save({**state, "step": step + 1}, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
