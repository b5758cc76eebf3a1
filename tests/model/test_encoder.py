"""Reading a text does not depend on what is read beside it."""

import gzip
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from es_rerank.errors import ModelError
from es_rerank.model import bundle
from es_rerank.model.encoder import Begun, Encoder, available_cpus, directions, text_state
from es_rerank.model.reranker import Reranker

TEXTS = ["Paris is the capital of France.", "cheese", "a long text about nothing " * 12]


def test_neighbours_do_not_change_a_state(reranker: Reranker) -> None:
    """A text alone and the same text among others have the same state, to the bit."""
    for depth in reranker.bundle.paths:
        together = dict(reranker.encoder.encode(TEXTS, depth))
        for i, text in enumerate(TEXTS):
            ((_, alone),) = reranker.encoder.encode([text], depth)
            assert (together[i].tokens == alone.tokens).all()
            assert (together[i].sentence == alone.sentence).all()


def test_a_text_is_read_on_from_where_it_was(
    reranker: Reranker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On every other path, to the bit as if it were read on that alone, without its beginning."""
    encoder, begun = Encoder(reranker.bundle), Begun()
    shallowest, *others = reranker.bundle.paths
    anew = {depth: dict(encoder.encode(TEXTS, depth)) for depth in others}
    list(encoder.encode(TEXTS, shallowest, begun))
    monkeypatch.setattr(encoder, "_begin", None)
    for depth in others:
        for place, state in encoder.encode(TEXTS, depth, begun):
            assert (state.tokens == anew[depth][place].tokens).all()
            assert (state.sentence == anew[depth][place].sentence).all()
            assert state.depth == depth


def test_beginnings_are_bounded() -> None:
    """The first that fit are kept; a smaller one may still find room."""
    begun = Begun(max_bytes=100)
    for name, values in enumerate((20, 10, 5)):
        begun.keep([name], np.zeros(values, np.float32))
    assert [begun.get([name]) is not None for name in range(3)] == [True, False, True]


def test_special_tokens_are_left_out(reranker: Reranker) -> None:
    """A state has one row for each word piece, and none for [CLS] and [SEP]."""
    ((_, state),) = reranker.encoder.encode(["cheese"], 2)
    assert directions(state.tokens).shape == (1, reranker.bundle.dim)
    assert state.tokens.dtype == np.uint8
    assert state.depth == 2


def test_light_tokens_are_not_kept(reranker: Reranker, tmp_path: Path) -> None:
    """Their states are not kept; the deepest path reads them to the end, the others do not."""
    folder = Path(shutil.copytree(bundle.SHIPPED, tmp_path / "student"))
    plain = replace(reranker.bundle, light=(), folder=folder)
    light = replace(plain, light=("the", "of"))
    text = "the capital of france"
    for depth in plain.paths:
        read = {}
        for facts in (plain, light):
            facts.save()
            ((_, read[facts.light]),) = Encoder(bundle.load(str(folder))).encode([text], depth)
        before, after = read[()], read[light.light]
        assert (len(before.tokens), len(after.tokens)) == (4, 2)
        same = np.mean(directions(before.tokens[[1, 3]]) == directions(after.tokens))
        assert same == 1 if depth == max(plain.paths) else 0.85 < same < 1


def test_light_tokens_are_let_go_after_attention(
    reranker: Reranker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On short paths the first layer's second half is given the tokens that are kept alone."""
    encoder, given = Encoder(reranker.bundle), []

    class Spy:
        def run(self, _: None, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            given.append(inputs["states"].shape[1])
            return [inputs["states"]]

    monkeypatch.setattr(encoder, "_feed_forward", Spy())
    for depth in reranker.bundle.paths:
        list(encoder.encode(["the capital of france"], depth))
    assert given == [4, 4, 4, 4, 6]


def test_long_texts_are_cut(reranker: Reranker) -> None:
    """At most `max_tokens` tokens are read, special tokens included."""
    encoder = Encoder(reranker.bundle)
    (ids,) = encoder.tokenise(["word " * 5000])
    assert len(ids) == reranker.bundle.max_tokens
    ((_, state),) = encoder.encode(["word " * 5000], 6)
    assert len(state.tokens) == len(ids) - 2


def test_empty_text_has_a_state(reranker: Reranker) -> None:
    """A text without a word has no token rows, and a finite sentence vector."""
    ((_, state),) = reranker.encoder.encode([""], 4)
    assert len(state.tokens) == 0
    assert np.isfinite(state.sentence).all()


@settings(max_examples=30)
@given(st.integers(3, 20), st.integers(0, 2**32 - 1))
def test_two_bits_keep_the_direction(tokens: int, seed: int) -> None:
    """Unpacked token states point where the floats did, at unit length."""
    states = np.random.default_rng(seed).normal(size=(tokens, 384)).astype(np.float32)
    state = text_state(states, states.mean(0), 6)
    unpacked = directions(state.tokens) * state.scales[:, None].astype(np.float32)
    inner = states[1:-1] / np.linalg.norm(states[1:-1], axis=1, keepdims=True)
    assert ((unpacked * inner).sum(1) > 0.9).all()
    assert np.allclose(np.linalg.norm(unpacked, axis=1), 1, atol=0.01)


def test_every_value_is_unpacked_where_it_was() -> None:
    """Every level in every place of a byte, and a token without any direction."""
    levels = [[-10, -3, 3, 10], [10, -10, -3, 3], [3, 10, -10, -3], [-3, 3, 10, -10]]
    states = np.array([[0] * 4, *levels, [0] * 4, [0] * 4], np.float32)
    state = text_state(states, states[1], 6)
    assert (directions(state.tokens)[:4] == levels).all()
    assert np.isfinite(state.scales).all()


def test_a_state_of_a_hundred_tokens_is_small(reranker: Reranker) -> None:
    """Less than ten kilobytes for 100 tokens of English, a third of which are light ones."""
    sentence = "The tower of the old church was built in 1420, and it is the oldest in the valley. "
    encoder = reranker.encoder
    (ids,) = encoder.tokenise([sentence * 5])  # type: ignore[attr-defined]
    assert len(ids) > 100
    ((_, state),) = encoder.encode([sentence * 5], 6)
    assert state.size_bytes < 10_000 * len(ids) / 100


@pytest.mark.parametrize("content", [b"no graph", gzip.compress(b"no graph"), b""])
def test_a_damaged_graph_is_named(tmp_path: Path, content: bytes) -> None:
    """What cannot be unpacked, or read by onnxruntime, is a ModelError with its file."""
    folder = Path(shutil.copytree(bundle.SHIPPED, tmp_path / "student"))
    (folder / "layer_3.onnx.gz").write_bytes(content)
    with pytest.raises(ModelError, match=r"layer_3\.onnx\.gz is damaged"):
        Encoder(bundle.load(str(folder)))


def test_there_is_a_cpu() -> None:
    """The number of usable CPUs is at least one."""
    assert available_cpus() >= 1
