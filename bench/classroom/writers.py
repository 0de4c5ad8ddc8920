"""Digits of people who wrote on a tablet, drawn as the page draws them, for those who learn and those who judge."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from functions.dataset.block import PIXELS, Block
from functions.images.pen import draw_digit
from infra.dataset.unipen import WrittenDigit

PEN = 0.1  # the page's usual one


class Split(NamedTuple):
    """Who learns, each for themselves, and the digits of the others."""

    learning: dict[int, Block]  # by writer
    others: Block


def split(digits: Iterable[WrittenDigit], others: frozenset[int]) -> Split:
    """Return the digits of each writer who learns, and those of `others` together."""
    by_writer: dict[int, list[WrittenDigit]] = {}
    for digit in digits:
        by_writer.setdefault(digit.writer, []).append(digit)
    judging = [digit for writer in sorted(others & by_writer.keys()) for digit in by_writer.pop(writer)]
    return Split({writer: drawn(written) for writer, written in sorted(by_writer.items())}, drawn(judging))


def drawn(digits: list[WrittenDigit]) -> Block:
    """Return digits as the browser keeps them: pictures of 28×28 bytes."""
    pictures = [np.rint(draw_digit(digit.strokes, PEN).ravel() * 255) for digit in digits]
    pixels = np.array(pictures, np.uint8).reshape(len(digits), PIXELS)
    return Block(np.array([digit.label for digit in digits], np.uint8), pixels)
