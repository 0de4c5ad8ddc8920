"""The formats the page reads and writes, held against the API's own: blocks, safetensors, messages."""

import json
import struct

import numpy as np
import pytest
import safetensors.numpy
from scrawl import protocol
from scrawl.net.safetensors import FormatError, check_shapes, header_length, read_layout, write_header
from scrawl.training.block import BlockError, check_labels, read_header

from functions.dataset import block

SHAPES = {"fc1.weight": [4, 3], "fc1.bias": [4]}


def good_block(count: int = 3) -> bytes:
    return block.encode(block.Block(np.arange(count, dtype=np.uint8), np.zeros((count, 784), np.uint8)))


def test_block_of_the_api_is_read() -> None:
    data = good_block(3)
    assert read_header(data[:16], len(data)) == 3


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (0, b"PNG!", "starts with b'SCRB', got b'PNG!'"),
        (4, b"\x02\x00", "version 1 is known, got 2"),
        (6, b"\x01\x00", "flags must be 0, got 1"),
        (8, b"\x04\x00\x00\x00", "a block of 4 digits is 3156 bytes long, got 2371"),
        (8, b"\x00\x00\x00\x00", "at least one digit, got 0"),
        (8, b"\xff\xff\xff\xff", "a block of 4294967295 digits"),
        (12, b"\x20\x00", "28×28 pixels, got 32×28"),
    ],
)
def test_bad_block_header_is_refused(place: int, value: bytes, message: str) -> None:
    data = good_block(3)
    data = data[:place] + value + data[place + len(value) :]
    with pytest.raises(BlockError) as refusal:
        read_header(data[:16], len(data))
    assert message in str(refusal.value)


@pytest.mark.parametrize("length", [0, 5, 15])
def test_block_shorter_than_its_header_is_refused(length: int) -> None:
    with pytest.raises(BlockError, match=f"got {length} bytes"):
        read_header(good_block()[:length], length)


def test_truncated_block_is_refused() -> None:
    data = good_block()
    with pytest.raises(BlockError, match=f"{len(data)} bytes long, got {len(data) - 1}"):
        read_header(data[:16], len(data) - 1)


def test_label_beyond_nine_is_refused() -> None:
    check_labels([0, 9])
    with pytest.raises(BlockError, match="label 1 is 10"):
        check_labels([0, 10])


def parse(data: bytes) -> tuple:
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
        ({"dtype": "F64", "shape": [4], "data_offsets": [0, 32]}, "F32 or I8, got F64"),
        ({"dtype": "F32", "shape": [4], "data_offsets": [0, 12]}, "takes 16 bytes"),
        ({"dtype": "F32", "shape": [4], "data_offsets": [90, 106]}, "within the file"),
        ({"dtype": "F32", "shape": [4]}, "lacks"),
        ({"dtype": "F32", "shape": "four", "data_offsets": [0, 16]}, "lacks"),
        (7, "lacks"),
    ],
)
def test_tensor_that_lies_about_itself_is_refused(entry: object, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_layout({"fc1.bias": entry}, 20, 100)


def test_missing_and_misshapen_tensors_are_named() -> None:
    data = write_header({"fc1.weight": [3, 4], "fc1.bias": [4]}, {}, json.dumps) + bytes(64)
    with pytest.raises(FormatError, match=r"fc1\.weight is 4×3 in this network, 3×4 in the file"):
        check_shapes(parse(data)[0], SHAPES)
    with pytest.raises(FormatError, match=r"the network needs fc1\.bias"):
        check_shapes({"fc1.weight": parse(write_header(SHAPES, {}, json.dumps) + bytes(64))[0]["fc1.weight"]}, SHAPES)


def test_message_carries_exactly_its_fields() -> None:
    message = protocol.message(protocol.REQUESTS, "randomise", seed=1)
    assert protocol.fields(protocol.REQUESTS, message) == ("randomise", {"seed": 1})
    with pytest.raises(ValueError, match="carries"):
        protocol.message(protocol.REQUESTS, "randomise", sead=1)
    with pytest.raises(ValueError, match="got 'dance'"):
        protocol.message(protocol.REQUESTS, "dance")
