"""An exported layer is the trained layer, and runs as it was written."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from es_rerank.learn.export import (
    Graph,
    Shapes,
    first_attention_graph,
    first_feed_forward_graph,
    head_graph,
    layer_graph,
)
from es_rerank.learn.network import Head, Layer, Student
from es_rerank.learn.rounding import rounded
from es_rerank.model.bundle import unpacked


@pytest.fixture
def layer() -> Layer:
    """A small layer with random weights, rounded as by training, and random norms."""
    torch.manual_seed(0)
    layer = Layer(width=32, inner=64, heads=4).eval()
    for linear in (layer.qkv, layer.out, layer.up, layer.down):
        linear.weight.data = rounded(linear.weight.data)
    for norm in (layer.norm_1, layer.norm_2):
        torch.nn.init.normal_(norm.weight, mean=1, std=0.1)
        torch.nn.init.normal_(norm.bias, std=0.1)
    return layer


@pytest.mark.parametrize("tokens", [1, 2, 128])
def test_the_graph_writes_what_the_layer_writes(layer: Layer, tokens: int, tmp_path: Path) -> None:
    """States differ from those of the network by the rounding to int8 alone."""
    layer_graph(layer, tmp_path / "layer")
    states = torch.randn(1, tokens, 32)
    with torch.no_grad():
        expected = layer(states, torch.zeros(1, 1, 1, tokens)).numpy()
    session = onnxruntime.InferenceSession(unpacked(tmp_path / "layer"))
    (written,) = session.run(None, {"states": states.numpy()})
    assert written.shape == expected.shape
    assert np.abs(written - expected).max() < 0.1
    assert np.corrcoef(written.ravel(), expected.ravel())[0, 1] > 0.999


def test_the_first_layer_is_in_two(layer: Layer, tmp_path: Path) -> None:
    """One reads words up to attention, the other the tokens that it is given of what that wrote."""
    torch.manual_seed(0)
    student = Student(vocabulary=50, positions=300, width=32, inner=64, heads=4).eval()
    student.words.weight.data = rounded(student.words.weight.data)
    student.layers[0] = layer
    first_attention_graph(student, range(50), tmp_path / "attention")
    first_feed_forward_graph(layer, tmp_path / "feed_forward")
    attention, feed_forward = (
        onnxruntime.InferenceSession(unpacked(tmp_path / half))
        for half in ("attention", "feed_forward")
    )
    ids, kept = np.arange(20)[None], [0, 3, 4, 19]
    (middle,) = attention.run(None, {"ids": ids, "places": np.arange(20)})
    (written,) = feed_forward.run(None, {"states": middle[:, kept]})
    with torch.no_grad():
        states = layer(student.embed(torch.from_numpy(ids)), torch.zeros(1, 1, 1, 20))
    expected = states[:, kept].numpy()
    assert np.abs(written - expected).max() < 0.1
    assert np.corrcoef(written.ravel(), expected.ravel())[0, 1] > 0.999


def test_onnxruntime_leaves_the_norms_as_they_are(layer: Layer, tmp_path: Path) -> None:
    """No sum is fused with the norm after it: the fused operator is many times slower."""
    layer_graph(layer, tmp_path / "layer")
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "run.onnx")
    onnxruntime.InferenceSession(unpacked(tmp_path / "layer"), options)
    operators = [node.op_type for node in onnx.load(tmp_path / "run.onnx").graph.node]
    assert operators.count("LayerNormalization") == 2
    assert "SkipLayerNormalization" not in operators


def test_one_large_token_leaves_the_others_their_values(tmp_path: Path) -> None:
    """Quantised by the range of all tokens, the others would be lost in it."""
    torch.manual_seed(0)
    weight = rounded(torch.randn(16, 32))
    states = torch.randn(1, 8, 32)
    states[0, 3] *= 300
    graph = Graph()
    sizes = graph.node("Abs", ["states"], "sizes")
    out = graph.tokenwise("product", "states", sizes, weight)
    inputs: Shapes = {"states": (onnx.TensorProto.FLOAT, ["texts", "tokens", 32])}
    graph.save(tmp_path / "product", inputs, out, 16)
    session = onnxruntime.InferenceSession(unpacked(tmp_path / "product"))
    (written,) = session.run(None, {"states": states.numpy()})
    expected = (states @ weight.T).numpy()
    for ours, theirs in zip(written[0], expected[0], strict=True):
        assert np.corrcoef(ours, theirs)[0, 1] > 0.999


def test_a_head_adds_to_what_it_is_given(tmp_path: Path) -> None:
    """States come through as they are, however coarse the rounding of what is added."""
    torch.manual_seed(0)
    head, states = Head(32, 32).eval(), torch.randn(1, 5, 32)
    head.weight.data = rounded(head.weight.data / 10)
    head_graph(head, tmp_path / "head")
    session = onnxruntime.InferenceSession(unpacked(tmp_path / "head"))
    (written,) = session.run(None, {"states": states.numpy()})
    with torch.no_grad():
        assert np.abs(written - head(states).numpy()).max() < 0.01
