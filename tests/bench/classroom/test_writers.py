"""Whose digits are learned from, and whose judge: nobody's are both, and pictures are as the browser keeps them."""

import numpy as np

from bench.classroom import writers
from infra.dataset.unipen import WrittenDigit
from tests.support.digits.handwriting import DIGITS


def test_writers_are_split_and_their_digits_drawn() -> None:
    strokes = {label: tuple(np.array(stroke, float) for stroke in written) for label, written in DIGITS.items()}
    digits = [WrittenDigit(label, writer, strokes[label]) for writer in (3, 1, 2) for label in (4, 7)]
    learning, others = writers.split(digits, frozenset({2, 9}))
    assert list(learning) == [1, 3]
    assert learning[1].labels.tolist() == others.labels.tolist() == [4, 7]
    assert learning[1].pixels.dtype == np.uint8
    assert learning[1].pixels.shape == (2, 784)
    assert learning[1].pixels.max() > 200
