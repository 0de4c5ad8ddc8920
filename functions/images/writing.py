"""Digits written with a pen as clients send them, over REST and gRPC alike: checked against limits, then drawn.

`pen` draws; transports unpack their own messages.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from functions.errors import InvalidValueError
from functions.images import pen
from functions.images.image_files import Digit

THINNEST, USUAL, WIDEST = 0.07, pen.PEN, 0.13  # pens that the shipped weights know, as parts of the longer side
MOST_POINTS = 4000  # a tablet that reports 240 points a second sends as many in 16 seconds
LONGEST = 200  # of a path, in its longer sides: longer ones are scribbled, and take long to draw


def read(strokes: Sequence[Sequence[tuple[float, float]]], width: float = USUAL) -> Digit:
    """Return the digit that was written as strokes of (x, y), in any unit, y downwards.

    Raises:
        BlankError: when there is no point.
        InvalidValueError: when they are no strokes, or beyond a limit.
    """
    if not THINNEST <= width <= WIDEST:
        message = f"a pen is {THINNEST:g} to {WIDEST:g} of the digit's longer side, got {width:g}"
        raise InvalidValueError(message, "pen")
    check_count(map(len, strokes))
    _check_length(pen.checked(strokes))
    return Digit(pen.draw_digit(strokes, width))


def check_count(sizes: Iterable[int]) -> None:
    """Refuse strokes of more points than a digit may have, given how many each has.

    Not more than that are looked at: a message has room for millions. An empty stroke counts as a point.
    """
    count = 0
    for size in sizes:
        count += max(size, 1)
        if count > MOST_POINTS:
            raise InvalidValueError(f"a digit may have {MOST_POINTS} points and strokes, got more", "strokes")


def _check_length(paths: Sequence[pen.Stroke]) -> None:
    longer_side = float(np.ptp(np.concatenate(paths), axis=0).max())
    length = sum(float(np.hypot(*np.diff(path, axis=0).T).sum()) for path in paths)
    if length > LONGEST * longer_side:
        message = f"a digit's path may be {LONGEST} times as long as its longer side, got {length / longer_side:.0f}"
        raise InvalidValueError(message, "strokes")
