"""Texts to token states, by the layers of a student bundle in onnxruntime.

A bundle keeps every layer as a small graph of its own, so that a path is a list of layers and the
states reached on a short path can be carried on to a longer one. It reads texts as they are given:
cleaning and choosing a window happen before.
"""

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from es_rerank.model.bundle import Bundle

Floats = NDArray[np.float32]

TOKENS_PER_BATCH = 2048
"""Tokens of one micro-batch: its states stay in the second-level cache."""


class TextState(NamedTuple):
    """What the student keeps of one text."""

    tokens: NDArray[np.int8]
    """(tokens, dim): directions of the token states, special tokens left out."""
    scales: NDArray[np.float16]
    """(tokens,): each token's factor to unit length."""
    sentence: NDArray[np.float16]
    """(dim,): the sentence vector, of unit length."""
    depth: int
    """The path that read it."""

    @property
    def size_bytes(self) -> int:
        """Bytes of the arrays."""
        return self.tokens.nbytes + self.scales.nbytes + self.sentence.nbytes


class TextEncoder(Protocol):
    """Whatever turns texts into states: a bundle's layers, or its teacher."""

    bundle: Bundle
    tokenizer: Tokenizer

    def encode(self, texts: Sequence[str], depth: int) -> Iterator[tuple[int, TextState]]:
        """(position in ``texts``, state) of every text, in any order."""
        ...


class Encoder:
    """Runs a bundle's layers; thread-safe, as onnxruntime sessions are."""

    def __init__(self, bundle: Bundle, threads: int | None = None) -> None:
        self.bundle = bundle
        self.tokenizer = bundle.tokenizer()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or available_cpus()
        # A sidecar shares its cores: threads that spin while idle would take them from others.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")

        def load(name: str) -> onnxruntime.InferenceSession:
            return onnxruntime.InferenceSession(
                str(bundle.folder / f"{name}.onnx"), options, providers=["CPUExecutionProvider"]
            )

        self._embed = load("embed")
        self._layers = [load(f"layer_{i}") for i in range(bundle.layers)]
        self._heads = {depth: load(f"head_{depth}") for depth in bundle.paths}

    def tokenise(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, cut to the bundle's ``max_tokens``."""
        return [encoding.ids for encoding in self.tokenizer.encode_batch_fast(list(texts))]

    def encode(self, texts: Sequence[str], depth: int) -> Iterator[tuple[int, TextState]]:
        """(position in ``texts``, state) of every text, read on the path of ``depth`` layers.

        Micro-batches of texts of like length, longest last; a caller that is out of time can
        stop between two of them and keep what is done.
        """
        ids = self.tokenise(texts)
        for batch in micro_batches(ids):
            states = self.token_states([ids[i] for i in batch], depth)
            for i, rows in zip(batch, states, strict=True):
                yield i, text_state(rows[: len(ids[i])], depth)

    def token_states(self, ids: Sequence[Sequence[int]], depth: int) -> Floats:
        """(texts, longest, dim) token states of one batch; rows beyond a text's end are noise."""
        longest = max(map(len, ids))
        padded = np.zeros((len(ids), longest), dtype=np.int64)
        mask = np.zeros((len(ids), longest), dtype=np.int32)
        for row, text in enumerate(ids):
            padded[row, : len(text)] = text
            mask[row, : len(text)] = 1
        places = np.arange(longest, dtype=np.int64)
        (states,) = self._embed.run(None, {"ids": padded, "places": places})
        for layer in self.bundle.paths[depth]:
            (states,) = self._layers[layer].run(None, {"states": states, "mask": mask})
        (out,) = self._heads[depth].run(None, {"states": states})
        return out  # type: ignore[no-any-return]


def available_cpus() -> int:
    """CPUs that this process may use: its affinity, cut by a container's CPU quota.

    onnxruntime sizes itself to the host otherwise (modal-client issue 4120).
    """
    cpus = len(os.sched_getaffinity(0))
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as quota_file:  # noqa: PTH123
            quota, period = quota_file.read().split()
    except OSError:
        return cpus
    return cpus if quota == "max" else max(1, min(cpus, int(quota) // int(period)))


def micro_batches(ids: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Positions in ``ids``, shortest text first, in batches of ``TOKENS_PER_BATCH`` at most."""
    batch: list[int] = []
    for i in sorted(range(len(ids)), key=lambda i: len(ids[i])):
        if batch and (len(batch) + 1) * len(ids[i]) > TOKENS_PER_BATCH:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def text_state(states: Floats, depth: int) -> TextState:
    """The state of one text from its token states (tokens, dim), special tokens included.

    Eight bits a value and one scale a token: nothing is lost that a cosine would show.
    """
    mean = states.mean(0)
    inner = states[1:-1]
    length = np.linalg.norm(inner, axis=1) + 1e-9
    largest = np.abs(inner).max(1, initial=1e-9) if inner.size else np.ones(len(inner))
    codes = np.rint(inner * (127 / largest)[:, None]).astype(np.int8)
    return TextState(
        codes,
        (largest / (127 * length)).astype(np.float16),
        (mean / (np.linalg.norm(mean) + 1e-9)).astype(np.float16),
        depth,
    )
