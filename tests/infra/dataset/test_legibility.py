"""What is said about a new dataset: how much of it is read, and what is wrong with one that hardly is."""

from collections.abc import Callable

import numpy as np
import pytest

from functions.dataset.block import Block
from infra.dataset.legibility import legibility
from infra.dataset.sources import DigitSplits

type Change = Callable[[np.ndarray], np.ndarray]


def changed(digits: DigitSplits, images: Change = lambda i: i, labels: Change = lambda i: i) -> DigitSplits:
    splits = {}
    for name, block in digits.splits.items():
        pixels = images(block.pixels[:300].reshape(-1, 28, 28)).reshape(-1, 784)
        splits[name] = Block(labels(block.labels[:300]), np.ascontiguousarray(pixels))
    return DigitSplits("idx", "IDX files", "", splits)


def test_digits_as_mnists_are_read(digits: DigitSplits) -> None:
    said = legibility(changed(digits))
    assert "of the train split and" in said
    assert "NOTICE" not in said


@pytest.mark.parametrize(
    ("images", "word"),
    [
        (lambda i: 255 - i, "not inverted"),
        (lambda i: i.transpose(0, 2, 1), "not transposed (rows"),
        (lambda i: 255 - i.transpose(0, 2, 1), "not transposed and inverted"),
        (lambda i: i[:, :, ::-1], "not mirrored"),
    ],
)
def test_images_that_lie_otherwise_are_recognised(digits: DigitSplits, images: Change, word: str) -> None:
    assert word in legibility(changed(digits, images))


def test_shuffled_labels_are_suspected(digits: DigitSplits) -> None:
    said = legibility(changed(digits, labels=lambda labels: np.roll(labels, 1)))
    assert said.startswith("NOTICE")
    assert "labels may belong to other images" in said
