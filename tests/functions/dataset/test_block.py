"""The block format: what is written is read back, and anything else is refused with a reason."""

from collections.abc import Callable

import numpy as np
import pytest

from functions.dataset import block
from functions.dataset.block import Block
from functions.errors import FormatError


@pytest.fixture
def encoded() -> bytes:
    random = np.random.default_rng(0)
    return block.encode(Block(np.array([3, 1, 4], np.uint8), random.integers(0, 256, (3, 784), np.uint8)))


def test_block_survives_a_round_trip(encoded: bytes) -> None:
    again = block.decode(encoded)
    assert again.labels.tolist() == [3, 1, 4]
    assert block.encode(again) == encoded
    assert len(encoded) == 16 + 3 * 785


def test_images_are_scaled_to_0_1() -> None:
    images = Block(np.zeros(1, np.uint8), np.full((1, 784), 255, np.uint8)).images()
    assert images.dtype == np.float32
    assert images.max() == images.min() == 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: b[:10], "header of 16 bytes, got 10"),
        (lambda b: b"PNG!" + b[4:], "starts with b'SCRB', got b'PNG!'"),
        (lambda b: b[:4] + b"\x02" + b[5:], "version 1 is known, got 2"),
        (lambda b: b[:6] + b"\x01" + b[7:], "flags must be 0, got 1"),
        (lambda b: b[:12] + b"\x20" + b[13:], "got 32×28"),
        (lambda b: b[:-1], "2371 bytes long, got 2370"),
        (lambda b: b + b"\x00", "2371 bytes long, got 2372"),
        (lambda b: b[:8] + b"\xff\xff\xff\xff" + b[12:], "got 2371"),
        (lambda b: b[:17] + b"\x0a" + b[18:], "label 1 is 10"),
    ],
)
def test_damaged_block_is_refused(encoded: bytes, change: Callable[[bytes], bytes], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        block.decode(change(encoded))
