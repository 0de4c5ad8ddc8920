"""Safetensors files of the page and of the safetensors package are each read by the other; lies are refused."""

import json
import struct

import numpy as np
import pytest
import safetensors.numpy
from scrawl.net.safetensors import (
    FormatError,
    Tensor,
    check_names,
    check_shapes,
    header_length,
    int8_shapes,
    our_name,
    read_layout,
    single_of_half,
    write_header,
)

from functions.weights import foreign

SHAPES = {"fc1.weight": [4, 3], "fc1.bias": [4]}


def parse(data: bytes) -> tuple[dict[str, Tensor], dict[str, str]]:
    size = header_length(data[:8], len(data))
    return read_layout(json.loads(data[8 : 8 + size]), 8 + size, len(data))


def test_file_of_the_safetensors_package_is_read() -> None:
    weight = np.arange(12, dtype=np.float32).reshape(4, 3)
    data = safetensors.numpy.save({"fc1.weight": weight, "fc1.bias": np.zeros(4, np.float32)}, {"model": "x"})
    tensors, metadata = parse(data)
    check_shapes(tensors, SHAPES)
    place = tensors["fc1.weight"]
    assert np.frombuffer(data[place.start : place.end], np.float32).tolist() == list(range(12))
    assert metadata == {"model": "x"}


def test_file_written_is_read_by_the_safetensors_package() -> None:
    values = np.arange(16, dtype=np.float32)
    data = write_header(SHAPES, {"model": "x"}, json.dumps) + values.tobytes()
    tensors = safetensors.numpy.load(data)
    assert tensors["fc1.weight"].tolist() == values[:12].reshape(4, 3).tolist()
    assert tensors["fc1.bias"].tolist() == values[12:].tolist()


def test_matrix_with_scales_is_written_as_int8() -> None:
    small = int8_shapes(SHAPES)
    assert [*small.items()] == [("fc1.weight", [4, 3]), ("fc1.weight.scale", [4]), ("fc1.bias", [4])]
    numbers, floats = np.arange(-6, 6, dtype=np.int8), np.arange(8, dtype=np.float32)
    tensors = safetensors.numpy.load(write_header(small, {}, json.dumps) + numbers.tobytes() + floats.tobytes())
    assert tensors["fc1.weight"].tolist() == numbers.reshape(4, 3).tolist()
    assert tensors["fc1.weight.scale"].tolist() == [0, 1, 2, 3]
    assert tensors["fc1.bias"].tolist() == [4, 5, 6, 7]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "8 bytes of header length, got 0"),
        (b"<!doctype html>", "does not fit into the 15 bytes"),
        (struct.pack("<Q", 1 << 60) + b"{}", "does not fit"),
    ],
)
def test_foreign_file_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        header_length(data[:8], len(data))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"dtype": "I64", "shape": [4], "data_offsets": [0, 32]}, "F32 or .*, got I64"),
        ({"dtype": "F32", "shape": [4], "data_offsets": [0, 12]}, "takes 16 bytes"),
        ({"dtype": "F32", "shape": [4], "data_offsets": [90, 106]}, "this is cut off: fc1.bias ends at byte"),
        ({"dtype": "F32", "shape": [4]}, "lacks"),
        ({"dtype": "F32", "shape": "four", "data_offsets": [0, 16]}, "lacks"),
        (7, "lacks"),
    ],
)
def test_tensor_that_lies_about_itself_is_refused(entry: object, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_layout({"fc1.bias": entry}, 20, 100)


@pytest.mark.parametrize("name", ["__proto__", "hasOwnProperty"])
def test_name_that_cannot_be_a_key_in_the_browser_is_refused(name: str) -> None:
    header = write_header({name: [4], **SHAPES}, {}, json.dumps).decode("utf-8", "replace")
    with pytest.raises(FormatError, match=f"called {name}, .*rename it"):
        check_names(header)
    check_names(write_header(SHAPES, {}, json.dumps).decode("utf-8", "replace"))


def test_missing_and_misshapen_tensors_are_named() -> None:
    data = write_header({"fc1.weight": [3, 4], "fc1.bias": [4]}, {}, json.dumps) + bytes(64)
    with pytest.raises(FormatError, match=r"fc1\.weight is 4×3 in this network, 3×4 in the file"):
        check_shapes(parse(data)[0], SHAPES)
    with pytest.raises(FormatError, match=r"the network needs fc1\.bias"):
        check_shapes({"fc1.weight": parse(write_header(SHAPES, {}, json.dumps) + bytes(64))[0]["fc1.weight"]}, SHAPES)


def test_every_float16_becomes_the_float32_of_its_value() -> None:
    halves = np.arange(2**16, dtype=np.uint16)
    singles = np.array([single_of_half(int(half)) for half in halves], np.uint32).view(np.float32)
    np.testing.assert_array_equal(singles, halves.view(np.float16).astype(np.float32))


@pytest.mark.parametrize("name", ["fc1.weight", "module.fc1.weight", "_orig_mod.model.linear_1.weight"])
def test_names_are_those_that_the_api_knows(name: str) -> None:
    assert our_name(name) == foreign.our_names([name])[name] == "fc1.weight"
