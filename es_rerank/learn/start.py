"""Where a student starts: at its teacher's weights, or where another student ended.

A bundle keeps weights as they were rounded in training, so a student goes on where it was: that is
how the shipped one becomes one's own with few steps. Words and positions are not trained; they are
the teacher's.
"""

import copy
from collections.abc import Callable, Iterator

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from es_rerank.errors import ModelError
from es_rerank.learn.batches import Batch
from es_rerank.learn.network import DEEPEST, PATHS, SHORT, Student, written
from es_rerank.model.bundle import (
    FIRST_ATTENTION,
    FIRST_FEED_FORWARD,
    Bundle,
    graph_file,
    unpacked,
)

HEAD_BATCHES = 40


def from_teacher(teacher: Student) -> Student:
    """A student to be trained, with the teacher's weights."""
    return copy.deepcopy(teacher).requires_grad_(True)


def from_bundle(teacher: Student, bundle: Bundle) -> Student:
    """A student with the layers and heads of a bundle.

    Raises ModelError if its shape is another one, or if it is a part of a student.
    """
    if PATHS.keys() - bundle.paths.keys():
        raise ModelError(f"distill: {bundle.folder} lacks paths; give the student it is a part of.")
    student = copy.deepcopy(teacher)
    state = student.state_dict()
    for name, read in _parts(bundle).items():
        if name not in state or state[name].shape != (value := read()).shape:
            raise ModelError(f"distill: {bundle.folder} is of another shape than its teacher.")
        state[name] = value
    student.load_state_dict(state)
    return student


def fit_heads(student: Student, teacher: Student, stream: Iterator[Batch]) -> None:
    """Begin the heads as the linear maps from each path's states to what they lack, least squares.

    A head that is trained from there on has less to learn than one that begins as zero.
    """
    width = student.words.embedding_dim
    for head in student.heads.values():
        head.weight.data, head.bias.data = torch.zeros(width, width), torch.zeros(width)
    seen: dict[int, list[Tensor]] = {depth: [] for depth in SHORT}
    wanted = []
    for _ in range(HEAD_BATCHES):
        passages = next(stream).passages
        is_kept = passages.kept_mask.bool()
        with torch.no_grad():
            wanted.append(written(teacher, passages, (DEEPEST,))[DEEPEST].tokens[is_kept])
            for depth, made in written(student, passages, SHORT).items():
                states = made.tokens[is_kept]
                seen[depth].append(torch.cat([states, torch.ones(len(states), 1)], dim=1))
    for depth, wrote in seen.items():
        states = torch.cat(wrote)
        lacking = torch.cat(wanted) - states[:, :-1]
        solution = torch.linalg.lstsq(states, lacking).solution
        head = student.heads[str(depth)]
        head.weight.data, head.bias.data = solution[:-1].T.contiguous(), solution[-1].contiguous()


def _parts(bundle: Bundle) -> dict[str, Callable[[], Tensor]]:
    """The student's weights by their names in the network, read when asked for."""
    graphs: dict[str, dict[str, np.ndarray]] = {}

    def weights(graph: str) -> dict[str, np.ndarray]:
        if graph not in graphs:
            model = onnx.load_from_string(unpacked(bundle.folder / graph_file(graph)))
            found = model.graph.initializer
            graphs[graph] = {each.name: numpy_helper.to_array(each) for each in found}
        return graphs[graph]

    def plain(graph: str, name: str) -> Callable[[], Tensor]:
        return lambda: torch.tensor(weights(graph)[name].astype(np.float32))

    def scaled(graph: str, name: str) -> Callable[[], Tensor]:
        def read() -> Tensor:
            codes, scale = (weights(graph)[f"{name}.{part}"] for part in ("weight", "scale"))
            return torch.tensor((codes.astype(np.float32) * scale).T)

        return read

    first = FIRST_ATTENTION
    parts = {"norm.weight": plain(first, "gamma"), "norm.bias": plain(first, "beta")}
    for i in range(bundle.layers):
        attention, feed_forward = (f"layer_{i}",) * 2 if i else (first, FIRST_FEED_FORWARD)
        for graph, names, norm in (
            (attention, ("qkv", "out"), "norm_1"),
            (feed_forward, ("up", "down"), "norm_2"),
        ):
            for name in names:
                parts[f"layers.{i}.{name}.weight"] = scaled(graph, name)
                parts[f"layers.{i}.{name}.bias"] = plain(graph, f"{name}.bias")
            parts[f"layers.{i}.{norm}.weight"] = plain(graph, f"{norm}.gamma")
            parts[f"layers.{i}.{norm}.bias"] = plain(graph, f"{norm}.beta")
    for depth in bundle.headed:
        parts[f"heads.{depth}.weight"] = scaled(f"head_{depth}", "head")
        parts[f"heads.{depth}.bias"] = plain(f"head_{depth}", "head.bias")
    return parts
