"""Handwriting as clients send it: what the page, REST and gRPC are to draw alike, each with its pen.

Beside ten digits there is what is easily drawn wrong: dots, straight lines, huge and tiny units, many points.
"""

import math

from tests.support.digits.handwriting import DIGITS

type Written = list[list[tuple[float, float]]]

_SPIRAL = [(t * math.cos(t), t * math.sin(t)) for t in (0.05 * step for step in range(250))]

WRITING: dict[str, tuple[Written, float]] = {
    **{f"a {digit}": (strokes, 0.1) for digit, strokes in DIGITS.items()},
    "a thin 4": (DIGITS[4], 0.07),
    "a thick 8": (DIGITS[8], 0.13),
    "a dot": ([[(140, 90)]], 0.1),
    "a dot of several points": ([[(5, 5), (5, 5)], [(5, 5)]], 0.13),
    "two dots": ([[(0, 0)], [(30, 40)]], 0.1),
    "a level line": ([[(10, 50), (90, 50)]], 0.1),
    "an upright line of many points": ([[(3, 0.5 * y) for y in range(300)]], 0.07),
    "a 7 in millionths": ([[(1e-6 * x, 1e-6 * y) for x, y in stroke] for stroke in DIGITS[7]], 0.1),
    "a 7 far away": ([[(1000 * x + 1e6, 1000 * y - 1e6) for x, y in stroke] for stroke in DIGITS[7]], 0.1),
    "a spiral": ([_SPIRAL], 0.1),
    "a stroke without points": ([[], *DIGITS[4], []], 0.1),
}
