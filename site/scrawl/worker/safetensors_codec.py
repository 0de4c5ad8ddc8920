"""Weights as safetensors bytes, to and from typed arrays.

`scrawl.net.safetensors` knows the layout; this adds JSON, buffers and the int8 form, which the kernel expands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window
from javascript import JSON

from scrawl.net import safetensors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from browser.arrays import ArrayBuffer, Float32Array

    from scrawl.net.interfaces import Bytes, Floats
    from scrawl.net.safetensors import Metadata, Shapes, Tensor
    from scrawl.worker.kernel import Kernel


def decode(kernel: Kernel, shapes: Shapes, buffer: ArrayBuffer) -> tuple[dict[str, Float32Array], Metadata]:
    """Return the floats of a file whose tensors must have the given shapes, and its metadata."""
    tensors, metadata = layout(buffer)
    safetensors.check_shapes(tensors, shapes)
    return {name: floats_of(kernel, tensors, name, buffer) for name in shapes}, metadata


def layout(buffer: ArrayBuffer) -> tuple[dict[str, Tensor], Metadata]:
    """Return where a file's tensors are, and its metadata."""
    data = window.Uint8Array.new(buffer)
    length = data.length
    size = safetensors.header_length(bytes([data[i] for i in range(min(8, length))]), length)
    text = window.TextDecoder.new().decode(data.subarray(8, 8 + size))
    safetensors.check_names(text)
    try:
        header = JSON.parse(text)
    except Exception as error:
        raise safetensors.FormatError("the safetensors header is no JSON") from error
    return safetensors.read_layout(header, 8 + size, length)


def encode(shapes: Shapes, weights: Mapping[str, Floats | Bytes], metadata: Metadata) -> ArrayBuffer:
    """Return the bytes of a file; `safetensors.write_header` says which tensors are int8."""
    header = safetensors.write_header(shapes, metadata, JSON.stringify)
    parts = []
    for name in shapes:
        numbers: Any = weights[name]  # a typed array, here in the browser
        parts.append(window.Uint8Array.new(numbers.buffer))
    data = window.Uint8Array.new(len(header) + sum([part.length for part in parts]))
    data.set(list(header), 0)
    end = len(header)
    for part in parts:
        data.set(part, end)
        end += part.length
    return data.buffer


def floats_of(kernel: Kernel, tensors: Mapping[str, Tensor], name: str, buffer: ArrayBuffer) -> Float32Array:
    """Return a tensor's numbers, whatever kind of numbers the file has."""
    tensor = tensors[name]
    part = buffer.slice(tensor.start, tensor.end)
    if tensor.dtype == "F32":
        return window.Float32Array.new(part)
    if tensor.dtype == "F64":
        return window.Float32Array.new(window.Float64Array.new(part))
    if tensor.dtype in ("F16", "BF16"):
        return _from_16_bits(window.Uint16Array.new(part), tensor.dtype)
    scales = tensors.get(f"{name}.scale")
    if scales is None or scales.dtype != "F32" or list(scales.shape) != tensor.shape[:1]:
        raise safetensors.FormatError(f"{name} is int8 and needs {name}.scale, one number a row")
    rows = window.Float32Array.new(buffer.slice(scales.start, scales.end))
    return _expand(kernel, window.Float32Array.new(window.Int8Array.new(part)), rows)


def _from_16_bits(halves: Any, dtype: str) -> Float32Array:
    """Return float16, or bfloat16, which is the upper half of a float32."""
    single: Callable[[int], int] = safetensors.single_of_half if dtype == "F16" else (lambda half: half * 65536)
    bits = window.Uint32Array.new(halves.length)
    bits.set([single(halves[i]) for i in range(halves.length)], 0)
    return window.Float32Array.new(bits.buffer)


def _expand(kernel: Kernel, floats: Float32Array, scales: Float32Array) -> Float32Array:
    """Multiply each row by its scale: one call of the kernel's product for a row instead of a Python loop."""
    columns = floats.length // scales.length
    padded, before = -(-columns // 4) * 4, kernel.end
    line, target, scale = kernel.alloc(4 * padded), kernel.alloc(4 * padded), kernel.alloc(4)
    matmul = kernel.function("matmul")
    result = window.Float32Array.new(floats.length)
    for row in range(scales.length):
        kernel.write_floats(line, floats.subarray(row * columns, (row + 1) * columns))
        kernel.write_floats(scale, scales.subarray(row, row + 1))  # never a Python number: large ones become BigInt
        matmul(target, padded, scale, 1, 1, line, padded, 1, padded, 1, 0, 0, 1.0)
        result.set(kernel.read_floats(target, columns), row * columns)
    kernel.release(before)
    return result
