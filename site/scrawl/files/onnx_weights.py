"""Finds the weights in an ONNX file. Pure; `data` may be bytes or a Uint8Array.

An ONNX file is a Protocol Buffers message: a graph, and in it initializers, tensors with a name, a shape and their
bytes. Knowing where those are is enough to read the weights of a file, and to replace them; what the graph computes
does not matter here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.parameters import product
from scrawl.net.safetensors import FormatError, Tensor, check_names

if TYPE_CHECKING:
    from scrawl.net.interfaces import Bytes

    type Span = tuple[int, int]  # start and end of bytes in the file

# Numbers of fields in onnx.proto
GRAPH = 7  # of ModelProto
GRAPH_NAME, INITIALIZER = 2, 5  # of GraphProto
DIMS, DATA_TYPE, FLOAT_DATA, NAME, RAW_DATA, EXTERNAL = 1, 2, 4, 8, 9, 13  # of TensorProto
FLOAT = 1  # a data type

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5  # wire types
NOT_ONNX = "this is no ONNX file, or one that is cut off"


def read_tensors(data: Bytes, length: int) -> dict[str, Tensor]:
    """Return the float32 initializers of an ONNX file of so many bytes, by name."""
    graphs = [value for number, value in _long_fields(data, (0, length)) if number == GRAPH]
    if not graphs:
        raise FormatError(NOT_ONNX)
    tensors = {}
    for number, span in _long_fields(data, graphs[0]):
        if number == INITIALIZER:
            tensor = _tensor(data, span)
            if tensor is not None:
                tensors[tensor.name] = tensor
    return tensors


def graph_name(data: Bytes, length: int) -> str:
    """Return what the graph of an ONNX file is called: by the page, as its network."""
    for number, graph in _long_fields(data, (0, length)):
        if number == GRAPH:
            for field, span in _long_fields(data, graph):
                if field == GRAPH_NAME and span[1] - span[0] < 100:
                    return bytes([data[i] for i in range(*span)]).decode("utf-8", "replace")
    return ""


def _tensor(data: Bytes, span: Span) -> Tensor | None:
    """Return where an initializer's numbers are; None for those of other types, such as shapes."""
    name, start, end = "", 0, 0
    shape: list[int] = []
    data_type: int | Span = FLOAT
    for number, value in _fields(data, span):
        if number == DIMS:
            shape += [value] if isinstance(value, int) else _varints(data, value)
        elif number == DATA_TYPE:
            data_type = value
        elif number == EXTERNAL:
            raise FormatError("the ONNX file keeps its weights in a second file; save it as one file")
        elif not isinstance(value, int):
            if number == NAME:
                name = bytes([data[i] for i in range(*value)]).decode("utf-8", "replace")
            elif number in (RAW_DATA, FLOAT_DATA):
                start, end = value
    if data_type != FLOAT:
        return None
    check_names(f'"{name}"')
    size = 4 * product(shape)
    if end - start != size:
        raise FormatError(f"{name} of the ONNX file takes {size} bytes, it has {end - start}")
    return Tensor(name, "F32", shape, start, end)


def _long_fields(data: Bytes, span: Span) -> list[tuple[int, Span]]:
    """Return (number, span) of those fields of a message that have a length."""
    return [(number, value) for number, value in _fields(data, span) if not isinstance(value, int)]


def _fields(data: Bytes, span: Span) -> list[tuple[int, int | Span]]:
    """Return (number, value) of a message's fields; a field with a length has the span of its bytes as value."""
    fields: list[tuple[int, int | Span]] = []
    index, end = span
    while index < end:
        tag, index = _varint(data, index, end)
        number, kind = tag // 8, tag % 8
        value: int | Span
        if kind == VARINT:
            value, index = _varint(data, index, end)
        elif kind == LENGTH:
            size, first = _varint(data, index, end)
            index = first + size
            value = (first, index)
        elif kind in (FIXED32, FIXED64):
            value = index
            index += 4 if kind == FIXED32 else 8
        else:
            raise FormatError(NOT_ONNX)
        if index > end or number == 0:
            raise FormatError(NOT_ONNX)
        fields.append((number, value))
    return fields


def _varints(data: Bytes, span: Span) -> list[int]:
    numbers, (index, end) = [], span
    while index < end:
        number, index = _varint(data, index, end)
        numbers.append(number)
    return numbers


def _varint(data: Bytes, start: int, end: int) -> tuple[int, int]:
    """Return (number, where it ends). It multiplies because JavaScript shifts within 32 bits."""
    number, unit = 0, 1
    for index in range(start, min(start + 10, end)):
        byte = data[index]
        number += (byte & 127) * unit
        if byte < 128:
            return number, index + 1
        unit *= 128
    raise FormatError(NOT_ONNX)
