"""Blocks of the API are read; those that are damaged or lie about themselves are refused, field by field."""

import numpy as np
import pytest
from scrawl.training.block import BlockError, check_labels, read_header

from functions.dataset import block


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
