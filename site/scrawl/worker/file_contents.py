"""What is in a file of weights: reads it, whatever its format, and writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window
from javascript import JSON

from scrawl.files import file_formats, foreign_networks, onnx_weights, onnx_writer
from scrawl.net import names
from scrawl.net.parameters import product
from scrawl.net.safetensors import FormatError, Tensor, check_names, our_name
from scrawl.worker import safetensors_codec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from browser.arrays import ArrayBuffer, Float32Array, Uint8Array

    from scrawl.net.interfaces import Floats, LayerDescription
    from scrawl.net.safetensors import Metadata, Shapes
    from scrawl.worker.kernel import Kernel
    from scrawl.worker.opened_network import OpenedNetwork

    type Networks = dict[str, dict[str, list[int]]]  # model → the shapes of its tensors
    type Weights = Mapping[str, Floats]
    type Numbers = Callable[[str], Floats]

NOT_JSON = "the file is no JSON, or it is cut off"


def read(kernel: Kernel, buffer: ArrayBuffer, networks: Networks) -> tuple[str, Weights, Metadata]:
    """Return (network, {name: Float32Array}, metadata) of a file; a network that is not among these is added."""
    data = window.Uint8Array.new(buffer)
    found, numbers, metadata = _tensors(kernel, data, buffer)
    model, sources = foreign_networks.recognised(found, metadata, networks)
    if model not in networks:
        networks[model] = names.parse(model).shapes()
    floats = {name: foreign_networks.rearranged(kernel, numbers(s.name), s) for name, s in sources.items()}
    file_formats.check_finite(list(floats), lambda name: _is_finite(floats[name]))
    return model, floats, metadata


def _tensors(kernel: Kernel, data: Uint8Array, buffer: ArrayBuffer) -> tuple[dict[str, Tensor], Numbers, Metadata]:
    """Return a file's tensors, by what they are called here, what gives their numbers, and its metadata."""
    start = bytes([data[i] for i in range(min(16, data.length))])
    kind = file_formats.format_of(start)
    if kind == "json":
        nested, metadata = _read_json(data)
        found = {name: Tensor(name, "F32", _shape(nested[name]), 0, 0) for name in nested}
        return found, lambda name: _floats(name, nested[name], found[name].shape), metadata
    if kind == "onnx":
        found = {our_name(name): place for name, place in onnx_weights.read_tensors(data, data.length).items()}
        called = {"model": onnx_weights.graph_name(data, data.length)}
        return (
            found,
            lambda name: window.Float32Array.new(buffer.slice(found[name].start, found[name].end)),
            called,
        )
    found, metadata = safetensors_codec.layout(buffer)
    return found, lambda name: safetensors_codec.floats_of(kernel, found, name, buffer), metadata


def _read_json(data: Uint8Array) -> tuple[dict[str, Any], Metadata]:
    """Return the tensors as nested lists, and what else the file says."""
    text = window.TextDecoder.new().decode(data)
    check_names(text)
    try:
        content = JSON.parse(text)
    except Exception as error:
        reason = "it holds NaN, which JSON cannot" if "NaN" in text else NOT_JSON
        raise FormatError(reason) from error
    nested = content.get("tensors") if isinstance(content, dict) else None
    if not isinstance(nested, dict):
        raise FormatError('weights in JSON are {"tensors": {name: nested lists of numbers}}')
    metadata = {name: str(value) for name, value in content.items() if name != "tensors" and value is not None}
    return {our_name(name): nested[name] for name in nested}, metadata


def _shape(nested: Any) -> list[int]:
    shape = []
    while isinstance(nested, list) and nested:
        shape.append(len(nested))
        nested = nested[0]
    return shape


def _floats(name: str, nested: Any, shape: list[int]) -> Float32Array:
    floats, end = window.Float32Array.new(product(shape)), 0
    for row in file_formats.innermost_lists(name, nested, shape, lambda value: isinstance(value, list)):
        if not all(type(value) in (int, float) for value in row):
            raise FormatError(f"{name} holds something that is not a number")
        floats.set(row, end)
        end += len(row)
    return floats


def _is_finite(floats: Any) -> bool:
    return not (floats.includes(window.NaN) or floats.includes(window.Infinity) or floats.includes(-window.Infinity))


# Writing


def written(
    form: str, model: str, opened: OpenedNetwork, metadata: dict[str, Any], graph: dict[str, Any] | None
) -> ArrayBuffer:
    """Return a network's weights as a file; `graph` is what surrounds them in an ONNX file, if that is known."""
    floats = opened.network.export()
    if form == "json":
        return _json_file(opened.shapes, floats, metadata)
    if form == "onnx":
        return _onnx_file(floats, graph) if graph else _written_onnx(model, opened.layers, floats)
    return safetensors_codec.encode(opened.shapes, floats, metadata)


def _json_file(shapes: Shapes, weights: Mapping[str, Floats], metadata: dict[str, Any]) -> ArrayBuffer:
    """Return what the API gives as JSON: what is known of the weights, and the tensors as nested lists."""
    parts = [f"{JSON.stringify(name)}:{_nested(weights[name], shape)}" for name, shape in shapes.items()]
    text = JSON.stringify(metadata)[:-1] + ',"tensors":{' + ",".join(parts) + "}}\n"
    content: ArrayBuffer = window.TextEncoder.new().encode(text).buffer
    return content


def _nested(floats: Any, shape: Sequence[int]) -> str:
    if len(shape) == 1:
        return f"[{floats.join(',')}]"
    size = product(shape[1:])
    rows = [_nested(floats.subarray(row * size, (row + 1) * size), shape[1:]) for row in range(shape[0])]
    return "[" + ",".join(rows) + "]"


def _written_onnx(model: str, layers: Sequence[LayerDescription], weights: Mapping[str, Any]) -> ArrayBuffer:
    """Return an ONNX file of a network that has only a name."""
    arrays: list[Uint8Array] = []
    for part in onnx_writer.model_file(model, layers):
        if isinstance(part, str):
            arrays.append(window.Uint8Array.new(weights[part].buffer))
        else:
            arrays.append(window.Uint8Array.new([*part]))
    data = window.Uint8Array.new(sum([array.length for array in arrays]))
    end = 0
    for array in arrays:
        data.set(array, end)
        end += array.length
    return data.buffer


def _onnx_file(weights: Mapping[str, Any], graph: dict[str, Any]) -> ArrayBuffer:
    """Return the graph with the weights at the places where its initializers have their bytes."""
    data = window.Uint8Array.new(graph["bytes"])
    for offset, text in graph["pieces"]:
        data.set([ord(character) for character in window.atob(text)], offset)
    for name, place in onnx_weights.read_tensors(data, data.length).items():
        if name in weights:
            data.set(window.Uint8Array.new(weights[name].buffer), place.start)
    return data.buffer
