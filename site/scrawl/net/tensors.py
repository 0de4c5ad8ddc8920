"""Weights as safetensors bytes, to and from typed arrays.

The layout is `safetensors`'s business; this adds JSON, buffers and the int8 form, which the kernel expands.
"""

from browser import self as window
from javascript import JSON

from scrawl.net import safetensors


def decode(kernel: object, shapes: dict, buffer: object) -> tuple:
    """Return ({name: Float32Array}, metadata) from a file whose tensors must have the given shapes."""
    tensors, metadata = layout(buffer)
    safetensors.check_shapes(tensors, shapes)
    return {name: _floats(kernel, tensors, name, buffer) for name in shapes}, metadata


def layout(buffer: object) -> tuple:
    """Return ({name: Tensor}, metadata) of a file."""
    data = window.Uint8Array.new(buffer)
    length = data.length
    size = safetensors.header_length(bytes([data[i] for i in range(min(8, length))]), length)
    try:
        header = JSON.parse(window.TextDecoder.new().decode(data.subarray(8, 8 + size)))
    except Exception as error:
        raise safetensors.FormatError("the safetensors header is no JSON") from error
    return safetensors.read_layout(header, 8 + size, length)


def encode(shapes: dict, floats: dict, metadata: dict) -> object:
    """Return the file's bytes as an ArrayBuffer."""
    header = safetensors.write_header(shapes, metadata, JSON.stringify)
    total = len(header) + 4 * sum(safetensors.product(shape) for shape in shapes.values())
    data = window.Uint8Array.new(total)
    data.set(list(header), 0)
    end = len(header)
    for name in shapes:
        part = window.Uint8Array.new(floats[name].buffer)
        data.set(part, end)
        end += part.length
    return data.buffer


def _floats(kernel: object, tensors: dict, name: str, buffer: object) -> object:
    tensor = tensors[name]
    part = buffer.slice(tensor.begin, tensor.end)
    if tensor.dtype == "F32":
        return window.Float32Array.new(part)
    scales = tensors.get(f"{name}.scale")
    if scales is None or scales.dtype != "F32" or list(scales.shape) != tensor.shape[:1]:
        raise safetensors.FormatError(f"{name} is int8 and needs {name}.scale, one number a row")
    rows = window.Float32Array.new(buffer.slice(scales.begin, scales.end))
    return _expand(kernel, window.Float32Array.new(window.Int8Array.new(part)), rows)


def _expand(kernel: object, floats: object, scales: object) -> object:
    """Multiply each row by its scale: a call of the kernel's product a row instead of 100,000 turns of a loop."""
    columns = floats.length // scales.length
    padded = -(-columns // 4) * 4
    line, target, one = kernel.alloc(4 * padded), kernel.alloc(4 * padded), kernel.alloc(4)
    kernel.write_floats(one, window.Float32Array.new([1.0]))
    matmul = kernel.function("matmul")
    result = window.Float32Array.new(floats.length)
    for row in range(scales.length):
        kernel.write_floats(line, floats.subarray(row * columns, (row + 1) * columns))
        matmul(target, padded, one, 1, 1, line, padded, 1, padded, 1, 0, 0, scales[row])
        result.set(kernel.read_floats(target, columns), row * columns)
    return result
