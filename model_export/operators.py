"""A small builder over onnx.helper: append operators, get the name of their result, finish with a checked model.

Knows nothing about networks; `model_export.graphs` says which operators follow each other.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, shape_inference

# Old enough for every ONNX Runtime of the last years, native or in a browser; no newer operator is needed.
OPSET = 17
IR_VERSION = 8

FLOAT = TensorProto.FLOAT
INT64 = TensorProto.INT64
Shape = Sequence[int | str]


class GraphBuilder:
    """Collects nodes, constants, inputs and outputs; values are referred to by name."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []
        self._constants: dict[str, str] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, kind: int, shape: Shape) -> str:
        """Declare an input."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, list(shape)))
        return name

    def output(self, name: str, kind: int, shape: Shape) -> str:
        """Declare that the value `name` is an output."""
        self._outputs.append(helper.make_tensor_value_info(name, kind, list(shape)))
        return name

    def parameter(self, name: str, values: NDArray[np.float32]) -> str:
        """Store a weight as an initializer, its bytes as they are in memory."""
        raw = np.ascontiguousarray(values, "<f4").tobytes()
        self._initializers.append(helper.make_tensor(name, FLOAT, values.shape, raw, raw=True))
        return name

    def array(self, name: str, values: NDArray[np.int64]) -> str:
        """Store an array of int64 that the graph needs."""
        raw = values.astype("<i8").tobytes()
        self._initializers.append(helper.make_tensor(name, INT64, values.shape, raw, raw=True))
        return name

    def constant(self, values: int | float | Sequence[int]) -> str:
        """Return the name of a small constant: int64 from integers, float32 from a float. Equal ones are shared."""
        array = np.asarray(values, np.float32 if isinstance(values, float) else np.int64)
        name = "const." + str(values).strip("[]()").replace(", ", "_").rstrip(",")
        if array.ndim:
            name += f".{len(array)}"
        if name not in self._constants:
            self._constants[name] = name
            kind = helper.np_dtype_to_tensor_dtype(array.dtype)
            self._initializers.append(helper.make_tensor(name, kind, array.shape, array.tobytes(), raw=True))
        return name

    def op(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Append an operator with one result and return the result's name."""
        return self.ops(operator, 1, *inputs, name=name, **attributes)[0]

    def ops(self, operator: str, results: int, *inputs: str, name: str = "", **attributes: Any) -> list[str]:
        """Append an operator with several results; they are called `name`, `name.1`, …"""
        base = name or f"{operator}.{len(self._nodes)}"
        outputs = [base, *(f"{base}.{place}" for place in range(1, results))]
        self._nodes.append(helper.make_node(operator, inputs, outputs, name=base, **attributes))
        return outputs

    def finish(self, name: str, description: str, metadata: Mapping[str, str]) -> bytes:
        """Return the model's bytes, the same for the same calls: shapes inferred and everything checked."""
        graph = helper.make_graph(self._nodes, name, self._inputs, self._outputs, self._initializers, description)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION, producer_name="scrawl")
        helper.set_model_props(model, dict(metadata))
        model = shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString(deterministic=True))
