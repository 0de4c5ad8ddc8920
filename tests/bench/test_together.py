"""The class that learns together: the digits drawn of each writer are the same each time, and figures make a row."""

import numpy as np

from bench.together import line, some
from functions.dataset.block import Block


def test_fewer_digits_are_drawn_the_same_each_time() -> None:
    digits = Block(np.arange(9, dtype=np.uint8), np.arange(9, dtype=np.uint8)[:, None])
    first, again = some(digits, 4), some(digits, 4)
    assert first.labels.tolist() == again.labels.tolist() == first.pixels.ravel().tolist()
    assert len(set(first.labels.tolist())) == 4
    assert len(some(digits, 100)) == 9


def test_figures_make_a_row_of_the_table() -> None:
    assert line("alone", {"others": 0.9, "mnist": 0.985}) == "| alone | 90.00% | 98.50% |  |"
