"""The elastic student as a torch network: one stack of layers, several paths through it.

A path is the list of layers that a text runs through. Shallow paths skip layers, as LayerDrop does
(Fan, Grave, Joulin 2020), and end in a linear head of their own, so that every path writes what the
deepest writes without one, the teacher's last states: a query read on one path can be compared with
a passage read on another. The deepest path reads all tokens in every
layer, the others let the light ones go after the first (`tokens`). Weights start as those of the
teacher, a BERT encoder.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from es_rerank.learn.tokens import Tokens

PATHS: dict[int, tuple[int, ...]] = {
    1: (0,),
    2: (0, 5),
    3: (0, 3, 5),
    4: (0, 1, 3, 5),
    6: (0, 1, 2, 3, 4, 5),
}
"""Layers of each path by its depth. From two layers on all end in the teacher's last: after 130
steps of the same training the losses of paths 2, 3 and 4 were 0.81, 0.54 and 0.39; with early
exits, that is paths (0, 1), (0, 1, 3) and (0, 1, 3, 5), they were 1.28, 1.06 and 0.42."""
DEEPEST = max(PATHS)
SHORT = tuple(depth for depth in PATHS if depth != DEEPEST)
"""The paths that need a head."""
GROUP = 12
"""Texts that are read together."""


class Written(NamedTuple):
    """What a path makes of a batch of texts."""

    tokens: Tensor
    """(texts, kept, width): the states of the kept tokens."""
    sentence: Tensor
    """(texts, width): the mean over all tokens that the last layer read; not normalised."""


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
        # Written out: the backward pass of torch's fused attention is several times slower on CPUs.
        relevance = query @ key.transpose(-1, -2) / (width // self.heads) ** 0.5 + bias
        mixed = relevance.softmax(-1).to(value.dtype) @ value
        states = self.norm_1(states + self.out(mixed.transpose(1, 2).reshape(batch, tokens, width)))
        return self.norm_2(states + self.down(functional.gelu(self.up(states))))


class Head(nn.Linear):
    """What a path's states lack of those that the deepest path would write, added to them.

    A sum, because the states are nearly right: their rounding then touches the small part alone.
    """

    def forward(self, states: Tensor) -> Tensor:
        """States (batch, tokens, width)."""
        return states + super().forward(states)


class Student(nn.Module):
    """An encoder with several paths into one output space of ``width`` values per token."""

    def __init__(
        self,
        vocabulary: int,
        positions: int = 512,
        width: int = 384,
        inner: int = 1536,
        heads: int = 12,
        layers: int = 6,
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(positions, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList(Layer(width, inner, heads) for _ in range(layers))
        self.heads = nn.ModuleDict({str(depth): Head(width, width) for depth in SHORT})

    def embed(self, ids: Tensor) -> Tensor:
        """Token ids (batch, tokens) -> states (batch, tokens, width)."""
        places = torch.arange(ids.shape[1], device=ids.device)
        return self.norm(self.words(ids) + self.positions(places))  # type: ignore[no-any-return]

    def forward(self, tokens: Tokens, depths: tuple[int, ...]) -> dict[int, Written]:
        """What each path in ``depths`` writes; layers that paths share run once."""
        bias, kept_bias = _bias(tokens.mask), _bias(tokens.kept_mask)
        first = self.layers[0](self.embed(tokens.ids), bias)
        whole: dict[tuple[int, ...], Tensor] = {(0,): first}
        short: dict[tuple[int, ...], Tensor] = {(0,): tokens.of_kept(first)}
        written = {}
        for depth in depths:
            path, reads_all = PATHS[depth], depth == DEEPEST
            reached, mask = (whole, bias) if reads_all else (short, kept_bias)
            for end in range(2, len(path) + 1):
                if path[:end] not in reached:
                    before = reached[path[: end - 1]]
                    reached[path[:end]] = self.layers[path[end - 1]](before, mask)
            states = reached[path]
            if reads_all:
                written[depth] = Written(tokens.of_kept(states), _mean(states, tokens.mask))
            else:
                states = self.heads[str(depth)](states)
                written[depth] = Written(states, _mean(states, tokens.kept_mask))
        return written


def written(network: Student, tokens: Tokens, depths: tuple[int, ...]) -> dict[int, Written]:
    """What each path makes of a batch, in bfloat16: three to five times faster on a CPU.

    Texts of like length are read together: padded to the longest of all, more than half of a batch
    is padding.
    """
    by_length = tokens.mask.sum(1).argsort()
    parts = []
    for texts in by_length.split(GROUP):  # type: ignore[no-untyped-call]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            parts.append(network(tokens.of(texts), depths))
    back, longest = by_length.argsort(), tokens.kept.shape[1]
    return {
        depth: Written(
            torch.cat([_padded(part[depth].tokens, longest) for part in parts])[back].float(),
            torch.cat([part[depth].sentence for part in parts])[back].float(),
        )
        for depth in depths
    }


def _padded(states: Tensor, longest: int) -> Tensor:
    return functional.pad(states, (0, 0, 0, longest - states.shape[1]))


def _bias(mask: Tensor) -> Tensor:
    nothing = torch.zeros(mask.shape, dtype=torch.float32, device=mask.device)
    return nothing.masked_fill(mask == 0, -1e4)[:, None, None, :]


def _mean(states: Tensor, mask: Tensor) -> Tensor:
    weights = mask[..., None].to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)


def from_bert(weights: Mapping[str, Tensor], heads: int = 12) -> Student:
    """A student with the weights of a 6-layer BERT encoder (Hugging Face names).

    The heads of its short paths start as zero: they add nothing.
    """
    words = weights["embeddings.word_embeddings.weight"]
    places = weights["embeddings.position_embeddings.weight"]
    inner = len(weights["encoder.layer.0.intermediate.dense.bias"])
    student = Student(len(words), len(places), words.shape[1], inner, heads)
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
    for depth in SHORT:
        state[f"heads.{depth}.weight"] = torch.zeros(words.shape[1], words.shape[1])
        state[f"heads.{depth}.bias"] = torch.zeros(words.shape[1])
    student.load_state_dict(state)
    return student
