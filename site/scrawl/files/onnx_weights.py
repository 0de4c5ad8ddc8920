"""Where the weights lie in an ONNX file. Pure; `data` may be bytes or a Uint8Array.

An ONNX file is a Protocol Buffers message: a graph, and in it initializers, tensors with a name, a shape and their
bytes. Reading their places is enough to take the weights out of a file, and to put others into one; what the graph
computes is not looked at.
"""

from scrawl.net.parameters import product
from scrawl.net.safetensors import FormatError, Tensor

# Numbers of fields in onnx.proto
GRAPH = 7  # of ModelProto
INITIALIZER = 5  # of GraphProto
DIMS, DATA_TYPE, FLOAT_DATA, NAME, RAW_DATA, EXTERNAL = 1, 2, 4, 8, 9, 13  # of TensorProto
FLOAT = 1  # a data type

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5  # wire types
NO_ONNX = "this is no ONNX file, or one that is cut off"


def read_tensors(data: object, length: int) -> dict:
    """Return {name: Tensor} of the float32 initializers of an ONNX file of so many bytes."""
    graphs = [value for number, kind, value in _fields(data, 0, length) if number == GRAPH and kind == LENGTH]
    if not graphs:
        raise FormatError(NO_ONNX)
    tensors = {}
    for number, kind, value in _fields(data, *graphs[0]):
        if number == INITIALIZER and kind == LENGTH:
            tensor = _tensor(data, *value)
            if tensor is not None:
                tensors[tensor.name] = tensor
    return tensors


def _tensor(data: object, begin: int, end: int) -> Tensor | None:
    """Return where an initializer's numbers are; None for those of other types, such as shapes."""
    name, shape, data_type, place = "", [], FLOAT, None
    for number, kind, value in _fields(data, begin, end):
        if number == DIMS:
            shape += [value] if kind == VARINT else _varints(data, *value)
        elif number == DATA_TYPE:
            data_type = value
        elif number == NAME:
            name = bytes([data[i] for i in range(*value)]).decode("utf-8", "replace")
        elif number in (RAW_DATA, FLOAT_DATA) and kind == LENGTH:
            place = value
        elif number == EXTERNAL:
            raise FormatError("the ONNX file keeps its weights in a second file; save it as one file")
    if data_type != FLOAT:
        return None
    size = 4 * product(shape)
    if place is None or place[1] - place[0] != size:
        found = 0 if place is None else place[1] - place[0]
        raise FormatError(f"{name} of the ONNX file takes {size} bytes, it has {found}")
    return Tensor(name, "F32", shape, *place)


def _fields(data: object, begin: int, end: int) -> list:
    """Return (number, wire type, value) of a message's fields; the value of a long one is its (begin, end)."""
    fields = []
    place = begin
    while place < end:
        tag, place = _varint(data, place, end)
        number, kind = tag // 8, tag % 8
        if kind == VARINT:
            value, place = _varint(data, place, end)
        elif kind == LENGTH:
            size, first = _varint(data, place, end)
            place = first + size
            value = (first, place)
        elif kind in (FIXED32, FIXED64):
            value = place
            place += 4 if kind == FIXED32 else 8
        else:
            raise FormatError(NO_ONNX)
        if place > end or number == 0:
            raise FormatError(NO_ONNX)
        fields.append((number, kind, value))
    return fields


def _varints(data: object, begin: int, end: int) -> list:
    numbers = []
    while begin < end:
        number, begin = _varint(data, begin, end)
        numbers.append(number)
    return numbers


def _varint(data: object, place: int, end: int) -> tuple:
    """Return (number, the place behind it). Multiplied instead of shifted: JavaScript shifts within 32 bits."""
    number, unit = 0, 1
    for offset in range(10):
        if place + offset >= end:
            break
        byte = data[place + offset]
        number += (byte & 127) * unit
        if byte < 128:
            return number, place + offset + 1
        unit *= 128
    raise FormatError(NO_ONNX)
