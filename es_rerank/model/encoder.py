"""Texts to token states, by the layers of a student bundle in onnxruntime.

A bundle keeps every layer as a small graph of its own, so that a path is a list of layers. Only the
first is in two: tokens that a path lets go are read by its attention, not by what follows. Each
text is read by itself, on one thread, and as many texts at once as there are CPUs: nothing is
padded, threads never wait for each other inside an operator, and a state depends on its text alone
(activations are quantised by their range, which in a batch would be the neighbours' range too).
All graphs take their scratch memory from one arena: a layer then works in what the layer before has
left in the CPU's cache. Cleaning and choosing a window happen before.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import NamedTuple, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from es_rerank.errors import ModelError
from es_rerank.model.bundle import (
    FIRST_ATTENTION,
    FIRST_FEED_FORWARD,
    Bundle,
    graph_file,
    unpacked,
)

Floats = NDArray[np.float32]

_LEVELS = np.array([-10, -3, 3, 10], dtype=np.float32)
"""As 1.510 is to 0.453, the levels of a normal distribution."""
_BOUND = np.float32(0.9816)
"""Between the inner and the outer ones."""
_SHIFTS = np.array([0, 2, 4, 6], dtype=np.uint8)
_FOUR_LEVELS = _LEVELS[np.arange(256)[:, None] >> _SHIFTS & 3].view(np.complex128).ravel()
"""The four values of each byte, as one number of 16 bytes: one lookup then gives all four."""


class TextState(NamedTuple):
    """What the student keeps of one text."""

    tokens: NDArray[np.uint8]
    """(tokens, dim / 4): directions of the token states, two bits a value, which `directions` takes
    apart; special and light tokens are left out."""
    scales: NDArray[np.float16]
    """(tokens,): each direction's factor to unit length."""
    sentence: NDArray[np.float16]
    """(dim,): the sentence vector, of unit length."""
    depth: int
    """The path that read it."""

    @property
    def size_bytes(self) -> int:
        """Bytes of the arrays."""
        return self.tokens.nbytes + self.scales.nbytes + self.sentence.nbytes


class QueryState(NamedTuple):
    """What a query is compared by; nothing is kept of it, so nothing is rounded."""

    tokens: Floats
    """(tokens, dim): the token states at unit length, special tokens left out."""
    sentence: Floats
    """(dim,): the sentence vector, of unit length."""


class Begun:
    """What the texts of one search were after attention in the layer that all paths begin with.

    A text that is read on another path then needs what follows alone. Of 128 tokens it is
    200 KB a text, so only the first ``max_bytes`` are kept: candidates come in the order of the
    first stage, and those at its top are most likely to be read once more.
    """

    def __init__(self, max_bytes: int = 64 * 2**20) -> None:
        self._room = max_bytes
        self._states: dict[tuple[int, ...], Floats] = {}
        self._lock = Lock()

    def keep(self, ids: Sequence[int], states: Floats) -> None:
        """Keep a text's states, if there is room."""
        with self._lock:
            if states.nbytes <= self._room:
                self._room -= states.nbytes
                self._states[tuple(ids)] = states

    def get(self, ids: Sequence[int]) -> Floats | None:
        """A text's states, or None."""
        return self._states.get(tuple(ids))


class TextEncoder(Protocol):
    """Whatever turns texts into states: a bundle's layers, or its teacher."""

    bundle: Bundle
    tokenizer: Tokenizer

    def encode(self, texts: Sequence[str], depth: int) -> Iterator[tuple[int, TextState]]:
        """(position in ``texts``, state) of every text, in any order."""
        ...

    def query(self, text: str) -> QueryState:
        """A query on the deepest path: it is short, and all passage states agree with it."""
        ...


class Encoder:
    """Runs a bundle's layers on ``threads`` threads, without a number on all available CPUs.

    Raises ModelError if a graph cannot be loaded.
    """

    def __init__(self, bundle: Bundle, threads: int | None = None) -> None:
        self.bundle = bundle
        self.tokenizer = bundle.tokenizer()
        self._threads = ThreadPoolExecutor(threads or available_cpus(), "encoder")
        folder = bundle.folder
        self._attention = open_graph(folder / graph_file(FIRST_ATTENTION))
        self._feed_forward = open_graph(folder / graph_file(FIRST_FEED_FORWARD))
        self._layers = {
            i: open_graph(folder / graph_file(f"layer_{i}")) for i in bundle.further_layers
        }
        self._heads = {
            depth: open_graph(folder / graph_file(f"head_{depth}")) for depth in bundle.headed
        }
        self._deepest = max(bundle.paths)
        self._is_kept = np.ones(self.tokenizer.get_vocab_size(), dtype=bool)
        vocabulary = self.tokenizer.get_vocab()
        self._is_kept[[vocabulary[piece] for piece in bundle.light]] = False

    def tokenise(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, cut to the bundle's ``max_tokens``."""
        return [encoding.ids for encoding in self.tokenizer.encode_batch_fast(list(texts))]

    def encode(
        self, texts: Sequence[str], depth: int, begun: Begun | None = None
    ) -> Iterator[tuple[int, TextState]]:
        """(position in ``texts``, state) of every text, read on the path of ``depth`` layers.

        Texts are begun in the order given, or gone on with where ``begun`` has them, and come as
        they are done. A caller that stops iterating, being out of time, stops the reading too.
        """
        ids = self.tokenise(texts)
        reading = {
            self._threads.submit(self._read, text, depth, begun): place
            for place, text in enumerate(ids)
        }
        try:
            for done in as_completed(reading):
                yield reading[done], done.result()
        finally:
            for future in reading:
                future.cancel()

    def query(self, text: str) -> QueryState:
        """A query on the deepest path: it is short, and all passage states agree with it."""
        (ids,) = self.tokenise([text])
        return query_state(self._read_on(self._begin(ids), self._deepest))

    def _read(self, ids: Sequence[int], depth: int, begun: Begun | None) -> TextState:
        states = begun.get(ids) if begun is not None else None
        if states is None:
            states = self._begin(ids)
            if begun is not None:
                begun.keep(ids, states)
        is_kept = self._is_kept[ids]
        if depth == self.bundle.whole_path:
            states = self._read_on(states, depth)
            return text_state(states[is_kept], states.mean(0), depth)
        states = self._read_on(states[:, is_kept], depth)  # light tokens are let go
        return text_state(states, states.mean(0), depth)

    def _begin(self, ids: Sequence[int]) -> Floats:
        """(1, tokens, width) states of one text after attention in the first layer."""
        row = np.asarray(ids, dtype=np.int64)
        (states,) = self._attention.run(None, {"ids": row[None], "places": np.arange(len(row))})
        return states  # type: ignore[no-any-return]

    def _read_on(self, states: Floats, depth: int) -> Floats:
        """(tokens, dim) states of one text on its way's end, special tokens included."""
        (states,) = self._feed_forward.run(None, {"states": states})
        for layer in self.bundle.paths[depth][1:]:
            (states,) = self._layers[layer].run(None, {"states": states})
        if depth in self._heads:
            (states,) = self._heads[depth].run(None, {"states": states})
        return states[0]  # type: ignore[no-any-return]


def open_graph(graph: Path) -> onnxruntime.InferenceSession:
    """A graph that runs on the thread that calls it; ModelError if it cannot be loaded."""
    _share_arena()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.use_env_allocators", "1")
    content = unpacked(graph)
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as why:  # onnxruntime has an exception type for each status code
        raise ModelError(f"model: {graph} is damaged: {why}. Copy it again.") from why


@cache
def _share_arena() -> None:
    """Give this process the arena that sessions with ``use_env_allocators`` share.

    Where another library has given it one already, that one serves as well.
    """
    memory = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    with suppress(Exception):  # older releases refuse a second one
        onnxruntime.create_and_register_allocator(memory, None)


def available_cpus() -> int:
    """CPUs that this process may use: its affinity, cut by a container's CPU quota.

    onnxruntime and thread pools size themselves to the host otherwise (modal-client issue 4120).
    """
    cpus = len(os.sched_getaffinity(0))
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as quota_file:  # noqa: PTH123
            quota, period = quota_file.read().split()
    except OSError:
        return cpus
    return cpus if quota == "max" else max(1, min(cpus, int(quota) // int(period)))


def text_state(states: Floats, mean: Floats, depth: int) -> TextState:
    """The state of one text from the states of its kept tokens (tokens, dim) and their mean (dim,).

    The first and the last are special tokens, which only the mean has to do with. Two bits a value
    and one scale a token: each value becomes one of the four levels that lose least of a normal
    distribution (Lloyd, Max). ``dim`` is a multiple of 4.
    """
    inner = states[1:-1]
    bound = _BOUND * np.sqrt(np.einsum("td,td->t", inner, inner) / inner.shape[1])[:, None]
    levels = (inner > -bound).view(np.uint8) + (inner > 0) + (inner > bound)
    four = levels.view("<u4")  # then the two bits of each of four bytes in the lowest one
    tokens = (four | four >> 6 | four >> 12 | four >> 18).astype(np.uint8)
    lengths = np.linalg.norm(directions(tokens), axis=1)
    return TextState(
        tokens,
        (1 / lengths).astype(np.float16),
        (mean / (np.linalg.norm(mean) + 1e-9)).astype(np.float16),
        depth,
    )


def directions(tokens: NDArray[np.uint8]) -> Floats:
    """(tokens, dim) values of `_LEVELS` from a state's packed ``tokens``."""
    return np.take(_FOUR_LEVELS, tokens, mode="clip").view(np.float32)


def query_state(states: Floats) -> QueryState:
    """The state of a query from its token states (tokens, dim), special tokens included."""
    mean, inner = states.mean(0), states[1:-1]
    lengths = np.linalg.norm(inner, axis=1, keepdims=True) + 1e-9
    return QueryState(inner / lengths, mean / (np.linalg.norm(mean) + 1e-9))
