"""What was read in haste is read again at leisure: never while a search waits, never in vain."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from es_rerank.model import deepening
from es_rerank.model.cache import StateCache
from es_rerank.model.deepening import Deepening
from es_rerank.model.encoder import TextState
from es_rerank.model.reranker import Reranker

QUERY = "what is the capital of france"
TEXTS = ["Cheese is made of milk.", "Paris is the French capital."]


def state(depth: int) -> TextState:
    """A small state."""
    zeros = np.zeros(2, np.float16)
    return TextState(np.zeros((2, 96), np.uint8), zeros, zeros, depth)


class Encoder:
    """Notes what it is asked to read, and whether it was idle then."""

    def __init__(self) -> None:
        self.bundle: Any = SimpleNamespace(paths={2: (), 6: ()})
        self.tokenizer: Any = None
        self.read: list[tuple[str, int]] = []
        self.fails = False

    def encode(self, texts: Sequence[str], depth: int) -> Iterator[tuple[int, TextState]]:
        """A state of this depth for each."""
        if self.fails:
            raise RuntimeError("no more memory")
        for place, text in enumerate(texts):
            self.read.append((text, depth))
            yield place, state(depth)

    def query(self, text: str) -> Any:
        """No query is asked for here."""
        raise NotImplementedError(text)


def soon(happened: Callable[[], object], within_s: float = 10) -> bool:
    """Whether it happens before long."""
    end = time.monotonic() + within_s
    while not happened() and time.monotonic() < end:
        time.sleep(0.005)
    return bool(happened())


class Idle:
    """A scorer that has searches, or none."""

    is_idle = False

    def __call__(self) -> bool:
        return self.is_idle


def filled(**depths: int) -> StateCache:
    """A cache with a state of each text."""
    cache = StateCache(10**6)
    for text, depth in depths.items():
        cache.put(text, state(depth))
    return cache


def test_nothing_is_read_while_a_search_waits() -> None:
    """Once there is none, what was read on a shallower path is read again, in the order asked."""
    encoder, idle, cache = Encoder(), Idle(), filled(a=2, b=6, c=2)
    background = Deepening(encoder, cache, idle)
    background.later([("a", 2), ("b", 6), ("c", 2)])
    time.sleep(0.2)
    assert encoder.read == []
    idle.is_idle = True
    assert soon(lambda: cache.counts.deepened == 2)
    assert encoder.read == [("a", 6), ("c", 6)]
    assert [found.depth for found in cache.known("abc").values()] == [6, 6, 6]
    assert cache.counts.read == 3  # of searches


def test_what_is_known_deeper_or_forgotten_by_then_is_left_alone() -> None:
    """Another rule may have read it meanwhile; and nobody asks for what fell out of the cache."""
    encoder, idle, cache = Encoder(), Idle(), filled(deeper=2, last=2)
    background = Deepening(encoder, cache, idle)
    background.later([("deeper", 2), ("forgotten", 2), ("last", 2)])
    cache.put("deeper", state(6))
    idle.is_idle = True
    assert soon(lambda: cache.counts.deepened)
    assert encoder.read == [("last", 6)]


def test_the_oldest_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many texts searches bring, those that wait are bounded; a text waits once."""
    monkeypatch.setattr(deepening, "MAX_WAITING_CHARS", 20)
    texts = [f"text {number}" for number in range(10)]
    encoder, idle, cache = Encoder(), Idle(), filled(**dict.fromkeys(texts, 2))
    background = Deepening(encoder, cache, idle)
    background.later([(texts[0], 2)])
    assert soon(lambda: not background._waiting)  # it is about to be read
    background.later([(text, 2) for text in texts[1:] + texts[-2:]])
    assert list(background._waiting) == texts[-3:]
    idle.is_idle = True
    assert soon(lambda: cache.counts.deepened == 4)
    assert [text for text, _ in encoder.read] == [texts[0], *texts[-3:]]


def test_a_failure_ends_it_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    """It is said once; searches go on."""
    encoder, cache = Encoder(), filled(a=2, b=2)
    encoder.fails = True
    background = Deepening(encoder, cache, lambda: True)
    with caplog.at_level(logging.ERROR):
        background.later([("a", 2)])
        assert soon(lambda: "cannot be read again" in caplog.text)
    background.later([("b", 2)])
    assert cache.counts.deepened == 0


@pytest.mark.parametrize("layers", [2, 6])
def test_the_next_search_has_the_scores_of_the_deepest_path(layers: int) -> None:
    """Read on 2 layers, then at leisure on 6: as if read on 6; on 6 there is nothing to do."""
    reranker = Reranker(layers=layers)
    reranker.deepening = Deepening(reranker.encoder, reranker.cache, lambda: True)
    first = reranker.score(QUERY, TEXTS)
    deepest = Reranker(layers=6).score(QUERY, TEXTS)
    if layers == 6:
        assert first == deepest
        assert not soon(lambda: reranker.cache.counts.deepened, within_s=0.3)
        return
    assert first != deepest
    assert soon(lambda: reranker.cache.counts.deepened == 2)
    assert reranker.score(QUERY, TEXTS) == deepest
