"""Writes a network as an ONNX model: images (B, 784) to log-probabilities (B, 10). Pure, and needs no `onnx` package.

A model is a Protocol Buffers message; what is written here are its fields in order, with gaps for the weights' bytes.
The operators are those of version 13 of ONNX, so GELU, which came later, is written out. The graph is called as the
network, so that whoever opens the file learns its activation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.names import CLASSES, SIDE, parameters_of
from scrawl.net.parameters import FLOAT, product

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrawl.net.interfaces import LayerDescription

    type Parts = list[bytes | str]  # bytes, and names of tensors whose numbers come there as float32

IR_VERSION, OPSET = 8, 13
FLOAT32, INT64 = 1, 7  # types of tensors
OPERATORS = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}
ROOT_HALF = b"\xf3\x04\x35\x3f"  # of 1/2, as float32
ONE, HALF = b"\x00\x00\x80\x3f", b"\x00\x00\x00\x3f"


def model_file(model: str, layers: Sequence[LayerDescription]) -> Parts:
    """Return the file of a network, in parts."""
    graph = _Graph()
    value = "images"
    if layers[0]["kind"] == "conv3x3":
        graph.constant("image_shape", INT64, [4], b"".join([_int64(size) for size in (-1, 1, SIDE, SIDE)]))
        value = graph.node("Reshape", [value, "image_shape"])
    for layer in layers:
        value = _layer(graph, layer, value)
    graph.rename(value, "log_probabilities")
    before = b"".join([*graph.nodes, _bytes(2, model.encode()), *graph.constants])
    after = _bytes(11, _value("images", SIDE * SIDE)) + _bytes(12, _value("log_probabilities", CLASSES))
    parts: Parts = [before]
    for parameter in parameters_of(layers):
        head = _tensor(parameter["name"], FLOAT32, parameter["shape"])
        size = FLOAT * product(parameter["shape"])
        head += _varint(9 * 8 + 2) + _varint(size)
        parts += [_varint(5 * 8 + 2) + _varint(len(head) + size) + head, parameter["name"]]
    parts.append(after)
    sizes = {parameter["name"]: FLOAT * product(parameter["shape"]) for parameter in parameters_of(layers)}
    length = sum([sizes[part] if isinstance(part, str) else len(part) for part in parts])
    opset = _bytes(8, _number(2, OPSET))
    start = _number(1, IR_VERSION) + _bytes(2, b"scrawl") + opset + _varint(7 * 8 + 2) + _varint(length)
    return [start, *parts]


def _layer(graph: _Graph, layer: LayerDescription, value: str) -> str:
    """Add a layer on top of a value, and return its own. Dropout leaves nothing out when a network answers."""
    kind = layer["kind"]
    if kind in ("dense", "conv3x3"):
        inputs = [value, f"{layer['name']}.weight", f"{layer['name']}.bias"]
        if kind == "dense":
            return graph.node("Gemm", inputs, _integer("transB", 1))
        return graph.node("Conv", inputs, _integers("kernel_shape", [3, 3]) + _integers("pads", [1, 1, 1, 1]))
    if kind == "maxpool2":
        return graph.node("MaxPool", [value], _integers("kernel_shape", [2, 2]) + _integers("strides", [2, 2]))
    if kind == "flatten":
        return graph.node("Flatten", [value], _integer("axis", 1))
    if kind == "log_softmax":
        return graph.node("LogSoftmax", [value], _integer("axis", 1))
    if kind == "gelu":
        return _gelu(graph, value)
    return graph.node(OPERATORS[kind], [value]) if kind in OPERATORS else value


def _gelu(graph: _Graph, value: str) -> str:
    """Return x · (1 + erf(x / √2)) / 2."""
    for name, number in (("root_half", ROOT_HALF), ("one", ONE), ("half", HALF)):
        graph.constant(name, FLOAT32, [], number)
    error = graph.node("Erf", [graph.node("Mul", [value, "root_half"])])
    return graph.node("Mul", [graph.node("Mul", [value, "half"]), graph.node("Add", [error, "one"])])


class _Graph:
    """Nodes and small constants, as fields of a graph."""

    def __init__(self) -> None:
        self.nodes: list[bytes] = []
        self.constants: list[bytes] = []
        self._known: list[str] = []

    def constant(self, name: str, kind: int, shape: Sequence[int], content: bytes) -> None:
        """Add a constant, once."""
        if name not in self._known:
            self._known.append(name)
            self.constants.append(_bytes(5, _tensor(name, kind, shape) + _bytes(9, content)))

    def node(self, operator: str, inputs: Sequence[str], attributes: bytes = b"") -> str:
        """Add a node, and return what its output is called."""
        output = f"{operator.lower()}_{len(self.nodes) + 1}"
        named = b"".join([_bytes(1, name.encode()) for name in inputs]) + _bytes(2, output.encode())
        self.nodes.append(_bytes(1, named + _bytes(4, operator.encode()) + attributes))
        return output

    def rename(self, output: str, name: str) -> None:
        """Call the last node's output otherwise."""
        self.nodes[-1] = _bytes(1, self.nodes[-1][_start(self.nodes[-1]) :].replace(
            _bytes(2, output.encode()), _bytes(2, name.encode())
        ))  # fmt: skip


def _start(field: bytes) -> int:
    """Return where the content of a field starts, behind its number and its length."""
    place = 1
    while field[place] > 127:
        place += 1
    return place + 1


# Fields of Protocol Buffers


def _tensor(name: str, kind: int, shape: Sequence[int]) -> bytes:
    return b"".join([_number(1, size) for size in shape]) + _number(2, kind) + _bytes(8, name.encode())


def _value(name: str, features: int) -> bytes:
    """Return a value of shape (B, features)."""
    dimensions = _bytes(1, _bytes(2, b"B")) + _bytes(1, _number(1, features))
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, _number(1, FLOAT32) + _bytes(2, dimensions)))


def _integer(name: str, value: int) -> bytes:
    return _bytes(5, _bytes(1, name.encode()) + _number(3, value) + _number(20, 2))


def _integers(name: str, values: Sequence[int]) -> bytes:
    content = b"".join([_number(8, value) for value in values])
    return _bytes(5, _bytes(1, name.encode()) + content + _number(20, 7))


def _number(field: int, value: int) -> bytes:
    return _varint(field * 8) + _varint(value)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field * 8 + 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    content = []
    while value > 127:
        content.append(value % 128 + 128)
        value //= 128
    return bytes([*content, value])


def _int64(value: int) -> bytes:
    return bytes([255] * 8) if value == -1 else bytes([value, *[0] * 7])
