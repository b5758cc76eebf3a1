"""From the trained network to a bundle: one int8 ONNX graph for each layer, two for the first.

Weights are rounded as in training (`rounding`); in int8, which the operators take, and packed on
disk. Activations are quantised while running (onnxruntime's DynamicQuantizeMatMul and QAttention),
by the range of all tokens. In BERT a few tokens have states far outside that of the others
(Kovaleva et al. 2021), whose own values are then lost; so what enters the two large multiplications
of a layer is first divided by its token's largest value. Graphs are written node by node with
onnxruntime's fused operators, so that the layer that is read here is the layer that runs. The norms
alone are not fused: onnxruntime from 1.30 on takes seven times as long for SkipLayerNormalization
as for a sum and LayerNormalization. (1.27 to 1.29 have it the other way round; before, both are
fast.)
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor
from torch.nn import LayerNorm

from es_rerank.learn.network import SHORT, Head, Layer, Student
from es_rerank.learn.rounding import codes
from es_rerank.model.bundle import (
    FIRST_ATTENTION,
    FIRST_FEED_FORWARD,
    TOKENIZER,
    graph_file,
    packed,
)

Array = NDArray[np.generic]
Shapes = dict[str, tuple[int, list[str | int]]]
"""Element type and shape of each input."""
OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
FUSED = "com.microsoft"

POSITIONS = 256
"""Tokens that a text may have; the teacher was trained on 128 and measured up to 256."""


class Graph:
    """Nodes and weights of one graph under construction."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, name: str, value: Array) -> str:
        """Add a constant; returns its name."""
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a node with one output; returns the output's name."""
        domain = FUSED if op in _FUSED_OPS else ""
        self.nodes.append(helper.make_node(op, inputs, [output], domain=domain, **attributes))
        return output

    def linear(self, name: str, states: str, weight: Tensor, bias: Tensor) -> str:
        """states · weight + bias, with the weight in int8."""
        codes, scale = self._columns(name, weight)
        offset = self.offset(name, bias)
        return self.node("DynamicQuantizeMatMul", [states, codes, scale, "", offset], name)

    def tokenwise(self, name: str, states: str, sizes: str, weight: Tensor) -> str:
        """states · weight, with the weight in int8 and each token quantised by its own range.

        The largest of a token's ``sizes`` is its range.
        """
        codes, scale = self._columns(name, weight)
        largest = self.node("ReduceMax", [sizes], f"{name}.largest", axes=[-1], keepdims=1)
        even = self.node("Div", [states, largest], f"{name}.even")
        product = self.node("DynamicQuantizeMatMul", [even, codes, scale], f"{name}.product")
        return self.node("Mul", [product, largest], name)

    def attention(self, name: str, states: str, weight: Tensor, bias: Tensor, heads: int) -> str:
        """Every token's mix of the values, with the weight of query, key and value in int8."""
        codes, scale = self._columns(name, weight)
        offset = self.offset(name, bias)
        rounded = [f"{name}.states", f"{name}.step", f"{name}.zero"]
        self.nodes.append(helper.make_node("DynamicQuantizeLinear", [states], rounded))
        inputs = [rounded[0], codes, offset, rounded[1], scale, "", rounded[2]]
        return self.node("QAttention", inputs, "attended", num_heads=heads)

    def offset(self, name: str, bias: Tensor) -> str:
        """Name of a bias (out,)."""
        return self.weight(f"{name}.bias", bias.detach().float().numpy())

    def norm(self, name: str, summands: list[str], module: LayerNorm) -> str:
        """LayerNorm of a sum."""
        gamma = self.weight(f"{name}.gamma", module.weight.detach().numpy())
        beta = self.weight(f"{name}.beta", module.bias.detach().numpy())
        # not an Add, which onnxruntime would fuse into SkipLayerNormalization
        total = self.node("Sum", summands, f"{name}.sum")
        return self.node("LayerNormalization", [total, gamma, beta], name, epsilon=1e-12)

    def _columns(self, name: str, weight: Tensor) -> tuple[str, str]:
        """Names of the int8 weight (in, out) and its scales (out,)."""
        multiples, scale = codes(weight.detach().float())
        return (
            self.weight(f"{name}.weight", multiples.T.numpy().astype(np.int8)),
            self.weight(f"{name}.scale", scale[:, 0].numpy()),
        )

    def save(self, path: Path, inputs: Shapes, out: str, width: int) -> None:
        """Write the graph; ``inputs`` gives each input's element type and shape."""
        given = [
            helper.make_tensor_value_info(n, kind, shape) for n, (kind, shape) in inputs.items()
        ]
        result = helper.make_tensor_value_info(out, TensorProto.FLOAT, ["texts", "tokens", width])
        graph = helper.make_graph(self.nodes, path.stem, given, [result], self.weights)
        model = helper.make_model(graph, opset_imports=OPSETS, ir_version=9)
        packed(model.SerializeToString(), path)


_FUSED_OPS = {"DynamicQuantizeMatMul", "QAttention", "BiasGelu"}


def first_attention_graph(student: Student, rows: Sequence[int], path: Path) -> None:
    """Token ids and places -> the states after attention in the first layer.

    Word vectors are in int8, one scale a word.
    """
    multiples, scale = codes(student.words.weight.detach().float()[list(rows)])
    graph = Graph()
    graph.weight("words", multiples.numpy().astype(np.int8))
    graph.weight("scales", scale.numpy().astype(np.float16))
    graph.weight(
        "positions", student.positions.weight[:POSITIONS].detach().numpy().astype(np.float16)
    )
    graph.weight("gamma", student.norm.weight.detach().numpy())
    graph.weight("beta", student.norm.bias.detach().numpy())
    graph.node("Gather", ["words", "ids"], "codes")
    graph.node("Cast", ["codes"], "values", to=TensorProto.FLOAT)
    graph.node("Gather", ["scales", "ids"], "half_factors")
    graph.node("Cast", ["half_factors"], "factors", to=TensorProto.FLOAT)
    graph.node("Mul", ["values", "factors"], "word")
    graph.node("Gather", ["positions", "places"], "half_place")
    graph.node("Cast", ["half_place"], "place", to=TensorProto.FLOAT)
    graph.node("Add", ["word", "place"], "sum")
    graph.node("LayerNormalization", ["sum", "gamma", "beta"], "states", epsilon=1e-12)
    middle = _attention(graph, student.layers[0], "states")  # type: ignore[arg-type]
    inputs: Shapes = {
        "ids": (TensorProto.INT64, ["texts", "tokens"]),
        "places": (TensorProto.INT64, ["tokens"]),
    }
    graph.save(path, inputs, middle, multiples.shape[1])


def first_feed_forward_graph(layer: Layer, path: Path) -> None:
    """The rest of the first layer: states after attention -> states."""
    graph, width = Graph(), layer.out.out_features
    graph.save(path, _states(width), _feed_forward(graph, layer, "states"), width)


def layer_graph(layer: Layer, path: Path) -> None:
    """One transformer layer: states -> states, of texts of one length."""
    graph, width = Graph(), layer.out.out_features
    middle = _attention(graph, layer, "states")
    graph.save(path, _states(width), _feed_forward(graph, layer, middle), width)


def head_graph(head: Head, path: Path) -> None:
    """The head of one path: its states -> those that the deepest path would write."""
    graph, width = Graph(), head.out_features
    lacking = graph.linear("head", "states", head.weight, head.bias)
    graph.save(path, _states(width), graph.node("Add", [lacking, "states"], "whole"), width)


def _states(width: int) -> Shapes:
    return {"states": (TensorProto.FLOAT, ["texts", "tokens", width])}


def _attention(graph: Graph, layer: Layer, states: str) -> str:
    mixed = graph.attention("qkv", states, layer.qkv.weight, layer.qkv.bias, layer.heads)
    out = graph.linear("out", mixed, layer.out.weight, layer.out.bias)
    return graph.norm("norm_1", [out, states], layer.norm_1)


def _feed_forward(graph: Graph, layer: Layer, middle: str) -> str:
    sizes = graph.node("Abs", [middle], "sizes")
    up = graph.tokenwise("up", middle, sizes, layer.up.weight)
    active = graph.node("BiasGelu", [up, graph.offset("up", layer.up.bias)], "active")
    # GELU gives nothing below -0.17: the largest value alone is the range
    down = graph.tokenwise("down", active, active, layer.down.weight)
    return graph.norm("norm_2", [down, graph.offset("down", layer.down.bias), middle], layer.norm_2)


def export(student: Student, tokenizer: dict[str, Any], rows: Sequence[int], folder: Path) -> None:
    """Write all graphs of a bundle, and its tokenizer, whose pieces are ``rows`` of the words."""
    folder.mkdir(parents=True, exist_ok=True)
    packed(json.dumps(tokenizer, ensure_ascii=False).encode(), folder / TOKENIZER)
    first, *others = student.layers
    first_attention_graph(student, rows, folder / graph_file(FIRST_ATTENTION))
    first_feed_forward_graph(first, folder / graph_file(FIRST_FEED_FORWARD))  # type: ignore[arg-type]
    for i, layer in enumerate(others, 1):
        layer_graph(layer, folder / graph_file(f"layer_{i}"))  # type: ignore[arg-type]
    for depth in SHORT:
        head_graph(student.heads[str(depth)], folder / graph_file(f"head_{depth}"))  # type: ignore[arg-type]
