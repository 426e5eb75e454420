"""The bundled BERT as one ONNX graph, written from its weights; neither torch nor an exporter takes part.

The operators of `com.microsoft` are onnxruntime's fused ones: attention over all heads, residual sum with
layer normalisation, bias with GELU. The graph computes what transformers' BertModel does for a text without
padding; a test holds the two against each other.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

_FUSED = "com.microsoft"


class _Graph:
    """Nodes and weights in the order in which they are added."""

    def __init__(self, weights: dict[str, npt.NDArray[Any]]) -> None:
        self.weights = weights
        self.nodes: list[NodeProto] = []
        self.tensors: list[TensorProto] = []

    def put(self, name: str, values: npt.NDArray[Any]) -> str:
        self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weight(self, name: str) -> str:
        """Put a weight under its own name, as `values` has it."""
        return self.put(name, self.values(name))

    def values(self, name: str) -> npt.NDArray[np.float32]:
        """A weight in 32 bits; a linear layer's is turned, since ONNX multiplies from the right."""
        values = self.weights[name].astype(np.float32)
        return values.T if values.ndim == 2 and ".layer." in name else values

    def op(self, kind: str, inputs: list[str], domain: str = "", **attributes: Any) -> str:
        out = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [out], domain=domain, **attributes))
        return out

    def norm(self, linear: str, norm: str, before: str, x: str, epsilon: float) -> str:
        """Layer normalisation of `before` through a linear layer, plus `x`."""
        product = self.op("MatMul", [before, self.weight(f"{linear}.weight")])
        inputs = [product, x, *map(self.weight, (f"{norm}.weight", f"{norm}.bias", f"{linear}.bias"))]
        return self.op("SkipLayerNormalization", inputs, _FUSED, epsilon=epsilon)


def build(folder: Path) -> bytes:
    """An ONNX model (165 MB, 2 s): `ids`, int64 (1, t) → `states`, float32 (1, t, d), the last layer's.

    `folder` is an unpacked model: config.json and model.safetensors. Raises OSError, KeyError, ValueError.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    g = _Graph(load_file(folder / "model.safetensors"))
    epsilon, heads = config["layer_norm_eps"], config["num_attention_heads"]
    # half the file: a row of 16-bit floats is widened when it is looked up, without loss
    words = g.put("words", g.weights["embeddings.word_embeddings.weight"])
    word = g.op("Cast", [g.op("Gather", [words, "ids"])], to=TensorProto.FLOAT)
    # one sentence a text: its type is always the first
    positions = g.values("embeddings.position_embeddings.weight")
    positions = positions + g.values("embeddings.token_type_embeddings.weight")[0]
    length = g.op("Shape", ["ids"], start=1)
    place = g.op("Slice", [g.put("positions", positions), g.put("first", np.zeros(1, np.int64)), length])
    named = [g.weight(f"embeddings.LayerNorm.{part}") for part in ("weight", "bias")]
    x = g.op("LayerNormalization", [g.op("Add", [word, place]), *named], epsilon=epsilon)
    for i in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{i}"
        three = [f"{layer}.attention.self.{part}" for part in ("query", "key", "value")]
        weights = g.put(f"{layer}.qkv.weight", np.concatenate([g.values(f"{n}.weight") for n in three], 1))
        bias = g.put(f"{layer}.qkv.bias", np.concatenate([g.values(f"{n}.bias") for n in three]))
        seen = g.op("Attention", [x, weights, bias], _FUSED, num_heads=heads)
        linear = f"{layer}.attention.output"
        x = g.norm(f"{linear}.dense", f"{linear}.LayerNorm", seen, x, epsilon)
        wide = g.op("MatMul", [x, g.weight(f"{layer}.intermediate.dense.weight")])
        wide = g.op("BiasGelu", [wide, g.weight(f"{layer}.intermediate.dense.bias")], _FUSED)
        x = g.norm(f"{layer}.output.dense", f"{layer}.output.LayerNorm", wide, x, epsilon)
    out = helper.make_tensor_value_info("states", TensorProto.FLOAT, [1, "t", config["hidden_size"]])
    graph = helper.make_graph(
        [*g.nodes, helper.make_node("Identity", [x], ["states"])],
        "sentence",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "t"])],
        [out],
        g.tensors,
    )
    versions = [helper.make_opsetid("", 17), helper.make_opsetid(_FUSED, 1)]
    return bytes(helper.make_model(graph, opset_imports=versions, ir_version=9).SerializeToString())
