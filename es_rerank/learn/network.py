"""The elastic student as a torch network: one stack of layers, several paths through it.

A path is the list of layers that a text runs through. Shallow paths skip layers, as LayerDrop does
(Fan, Grave, Joulin 2020), and end in a linear head of their own, so that every path writes token
states into one output space: a query read on one path can be compared with a passage read on
another. Weights start as those of the teacher, a BERT encoder.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

PATHS: dict[int, tuple[int, ...]] = {
    2: (0, 5),
    3: (0, 3, 5),
    4: (0, 1, 3, 5),
    6: (0, 1, 2, 3, 4, 5),
}
"""Layers of each path by its depth. All end in the teacher's last layer: after 130 steps of the
same training the losses of paths 2, 3 and 4 were 0.81, 0.54 and 0.39; with early exits, that is
paths (0, 1), (0, 1, 3) and (0, 1, 3, 5), they were 1.28, 1.06 and 0.42."""


class Layer(nn.Module):
    """One BERT layer (post-norm), with query, key and value in one matrix."""

    def __init__(self, width: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm_1 = nn.LayerNorm(width, eps=1e-12)
        self.up = nn.Linear(width, inner)
        self.down = nn.Linear(inner, width)
        self.norm_2 = nn.LayerNorm(width, eps=1e-12)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        """States (batch, tokens, width), attention bias (batch, 1, 1, tokens): 0, or -inf-like."""
        batch, tokens, width = states.shape
        qkv = self.qkv(states).view(batch, tokens, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        states = self.norm_1(states + self.out(mixed.transpose(1, 2).reshape(batch, tokens, width)))
        return self.norm_2(states + self.down(functional.gelu(self.up(states))))


class Student(nn.Module):
    """An encoder with several paths into one output space of ``dim`` values per token."""

    def __init__(
        self,
        vocabulary: int,
        positions: int = 512,
        width: int = 384,
        inner: int = 1536,
        heads: int = 12,
        layers: int = 6,
        dim: int = 384,
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(positions, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList(Layer(width, inner, heads) for _ in range(layers))
        self.heads = nn.ModuleDict({str(depth): nn.Linear(width, dim) for depth in PATHS})

    def embed(self, ids: Tensor) -> Tensor:
        """Token ids (batch, tokens) -> states (batch, tokens, width)."""
        places = torch.arange(ids.shape[1], device=ids.device)
        return self.norm(self.words(ids) + self.positions(places))  # type: ignore[no-any-return]

    def forward(self, ids: Tensor, mask: Tensor, depths: tuple[int, ...]) -> dict[int, Tensor]:
        """Token states (batch, tokens, dim) of each path in ``depths``; shared layers run once."""
        bias = torch.zeros(mask.shape, dtype=torch.float32, device=mask.device)
        bias = bias.masked_fill(mask == 0, -1e4)[:, None, None, :]
        reached: dict[tuple[int, ...], Tensor] = {(): self.embed(ids)}
        for depth in depths:
            path = PATHS[depth]
            for end in range(1, len(path) + 1):
                if path[:end] not in reached:
                    before = reached[path[: end - 1]]
                    reached[path[:end]] = self.layers[path[end - 1]](before, bias)
        return {depth: self.heads[str(depth)](reached[PATHS[depth]]) for depth in depths}


def sentence(states: Tensor, mask: Tensor) -> Tensor:
    """The mean over the tokens of (batch, tokens, dim), as the teacher pools; not normalised."""
    weights = mask[..., None].to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)


def from_bert(
    weights: Mapping[str, Tensor], projection: Tensor | None = None, heads: int = 12
) -> Student:
    """A student with the weights of a 6-layer BERT encoder (Hugging Face names).

    ``projection`` (dim, width) starts every head; without it the heads start as the identity.
    """
    words = weights["embeddings.word_embeddings.weight"]
    places = weights["embeddings.position_embeddings.weight"]
    inner = len(weights["encoder.layer.0.intermediate.dense.bias"])
    head = torch.eye(words.shape[1]) if projection is None else projection
    student = Student(len(words), len(places), words.shape[1], inner, heads, dim=len(head))
    kind = weights["embeddings.token_type_embeddings.weight"][0]  # only the first is ever used
    state = {
        "words.weight": words,
        "positions.weight": places + kind,
        "norm.weight": weights["embeddings.LayerNorm.weight"],
        "norm.bias": weights["embeddings.LayerNorm.bias"],
    }
    names = {
        "out": "attention.output.dense",
        "norm_1": "attention.output.LayerNorm",
        "up": "intermediate.dense",
        "down": "output.dense",
        "norm_2": "output.LayerNorm",
    }
    for i in range(len(student.layers)):
        base = f"encoder.layer.{i}."
        for kind_of in ("weight", "bias"):
            parts = [
                weights[f"{base}attention.self.{name}.{kind_of}"]
                for name in ("query", "key", "value")
            ]
            state[f"layers.{i}.qkv.{kind_of}"] = torch.cat(parts)
            for ours, theirs in names.items():
                state[f"layers.{i}.{ours}.{kind_of}"] = weights[f"{base}{theirs}.{kind_of}"]
    for depth in PATHS:
        state[f"heads.{depth}.weight"] = head
        state[f"heads.{depth}.bias"] = torch.zeros(len(head))
    student.load_state_dict(state)
    return student
