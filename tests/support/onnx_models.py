"""Small ONNX classifiers, made on the spot with onnx.helper, as other people's exporters would write them."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from functions.models.manifest import File, Interface, ModelManifest

SIZES = {"flat": (784,), "channels first": (1, 28, 28), "channels last": (28, 28, 1), "rows": (28, 28)}
WEIGHT = np.random.default_rng(0).normal(0, 0.1, (784, 10)).astype(np.float32)  # (D, K)
KINDS: dict[int, type[np.floating[Any]]] = {
    TensorProto.FLOAT: np.float32,
    TensorProto.FLOAT16: np.float16,
    TensorProto.DOUBLE: np.float64,
}


def linear(
    weight: np.ndarray,
    shape: Sequence[int | str] = ("N", 784),
    *,
    last: str = "",
    dtype: int = TensorProto.FLOAT,
    batch_in_graph: int = -1,
) -> onnx.ModelProto:
    """Return images → Reshape → MatMul with (784, K) → maybe Softmax, LogSoftmax or another operator."""
    nodes = [
        helper.make_node("Reshape", ["images", "size"], ["rows"]),
        helper.make_node("MatMul", ["rows", "weight"], ["scores"]),
    ]
    if last:
        nodes.append(helper.make_node(last, ["scores"], ["answer"]))
    values = {"weight": weight.astype(KINDS[dtype]), "size": np.array([batch_in_graph, 784], np.int64)}
    return model(nodes, [("images", dtype, shape)], [("answer" if last else "scores", dtype, None)], values)


def model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[tuple[str, int, Sequence[int | str] | None]],
    outputs: Sequence[tuple[str, int, Sequence[int | str] | None]],
    values: Mapping[str, np.ndarray],
) -> onnx.ModelProto:
    """Return a model; nothing about it is checked."""
    initializers = [numpy_helper.from_array(value, name) for name, value in values.items()]
    described = [[helper.make_tensor_value_info(*value) for value in values] for values in (inputs, outputs)]
    graph = helper.make_graph(nodes, "classifier", described[0], described[1], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def saved(folder: Path, made: onnx.ModelProto | bytes, name: str = "model.onnx") -> Path:
    """Write a model, or bytes that may be none."""
    path = folder / name
    path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
    return path


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return (B, 10) probabilities."""
    exponentials = np.exp(scores - scores.max(1, keepdims=True))
    probabilities: np.ndarray = exponentials / exponentials.sum(1, keepdims=True)
    return probabilities


def unchecked_files(graph: bytes, name: str) -> dict[str, bytes]:
    """Return what `import_onnx` would for a graph of `linear`, without trying the graph."""
    interface = Interface("images", "float32", (784,), None, "scores")
    file = File(len(graph), hashlib.sha256(graph).hexdigest())
    manifest = ModelManifest(name, "Unchecked", (), (), 0, {"x.onnx": file}, interface)
    return {"x.onnx": graph, "manifest.json": msgspec.json.encode(manifest)}
