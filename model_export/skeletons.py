"""The ways people write 0 to 9, as skeletons: strokes through control points, x to the right, y down, about 1 high.

MNIST was written by Americans. A 7 with a bar, a 1 with a flag, a 9 with a curled tail, an open 4 are common
elsewhere and rare there. `strokes` turns a skeleton into a picture.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Stroke = NDArray[np.float64]  # (points, 2): x, y
Points = list[tuple[float, float]]
Skeleton = Callable[[np.random.Generator], list[Stroke]]


def smooth(points: Points, per_segment: int = 8) -> Stroke:
    """Return a Catmull-Rom curve through `points`; a point given twice in a row makes a corner."""
    runs: list[Points] = [[]]
    for point in points:
        if runs[-1] and runs[-1][-1] == point:
            runs.append([])
        runs[-1].append(point)
    return np.concatenate([_catmull_rom(np.array(run), per_segment) for run in runs])


def _catmull_rom(points: Stroke, per_segment: int) -> Stroke:
    if len(points) < 3:
        return points
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    p0, p1, p2, p3 = (padded[i : len(padded) - 3 + i, None] for i in range(4))  # each (segments, 1, 2)
    t = np.linspace(0, 1, per_segment, endpoint=False)[None, :, None]
    curve = p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)))
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])


def arc(x: float, y: float, rx: float, ry: float, start: float, sweep: float) -> Points:
    """Return points on an ellipse; angles in degrees, 0 to the right, positive clockwise on the screen."""
    angles = np.radians(start + np.linspace(0, sweep, max(4, int(abs(sweep) / 30))))
    return [(x + rx * float(np.cos(a)), y + ry * float(np.sin(a))) for a in angles]


def zero(rng: np.random.Generator) -> list[Stroke]:
    """An ellipse, started anywhere near the top, closed, not quite closed or overlapping; rarely slashed."""
    direction = rng.choice([-1, -1, 1])
    ring = arc(0.33, 0.5, rng.uniform(0.22, 0.42), 0.5, rng.uniform(-140, -20), direction * rng.uniform(325, 400))
    if rng.random() > 0.08:
        return [smooth(ring)]
    reach, lean = rng.uniform(0.3, 0.55), rng.uniform(0.08, 0.3)  # the slash may stay inside or run over
    return [smooth(ring), smooth([(0.33 + lean, 0.5 - reach), (0.33 - lean, 0.5 + reach)])]


def one(rng: np.random.Generator) -> list[Stroke]:
    """A bare stem; or a stem with a flag, short or long; either with or without a foot."""
    top, foot = (0.4, 0.0), (0.4 + rng.normal(0, 0.03), 1.0)
    if rng.random() < 0.35:
        return [smooth([top, (0.4 + rng.normal(0, 0.02), 0.5), foot])]
    length, angle = rng.uniform(0.12, 0.5), np.radians(rng.uniform(28, 68))
    flag = (0.4 - length * float(np.cos(angle)), length * float(np.sin(angle)))
    bend = (flag[0] * 0.5 + 0.2 + rng.normal(0, 0.02), flag[1] * 0.5 + rng.normal(0, 0.02))
    strokes = [smooth([flag, bend, top, top, foot])]
    if rng.random() < 0.3:
        half = rng.uniform(0.12, 0.32)
        strokes.append(smooth([(foot[0] - half, 1.0), (foot[0] + half, 1.0 + rng.normal(0, 0.02))]))
    return strokes


def two(rng: np.random.Generator) -> list[Stroke]:
    """A hook over the top, a diagonal, then a corner, a loop or a wave into the base."""
    hook: Points = [(0.02, rng.uniform(0.12, 0.32)), (0.12, 0.06), (0.32, 0.0), (0.52, 0.07), (0.58, 0.26)]
    if rng.random() < 0.12:
        hook = [(0.02, 0.04), (0.55, 0.0), (0.55, 0.0)]
    corner = (rng.uniform(0.0, 0.06), rng.uniform(0.93, 1.0))
    down: Points = [(0.44, 0.52), (0.22, 0.78)]
    end = (rng.uniform(0.5, 0.75), rng.uniform(0.9, 1.04))
    style = rng.random()
    if style < 0.5:
        base: Points = [corner, corner, (0.3, 0.97 + rng.normal(0, 0.02)), end]
    elif style < 0.8:
        size = rng.uniform(0.05, 0.12)
        base = [(0.08, 1.0), (0.0, 1 - size), (0.1, 1 - 2 * size), (0.26, 0.96), (0.42, 1.02), end]
    else:
        base = [corner, (0.18, 0.93), (0.38, 1.02), end]
    return [smooth([*hook, *down, *base])]


def three(rng: np.random.Generator) -> list[Stroke]:
    """Two bowls that meet in a pinch, a loop or a wide curve; or a flat top with a slanting stroke below it."""
    bowl: Points = [
        (0.5, rng.uniform(0.5, 0.56)),
        (0.62, 0.72),
        (0.5, 0.94),
        (0.24, 1.0),
        (0.0, rng.uniform(0.8, 0.94)),
    ]
    if rng.random() < 0.25:
        middle = (rng.uniform(0.18, 0.3), rng.uniform(0.38, 0.46))
        return [smooth([(0.02, 0.03), (0.55, 0.0), (0.55, 0.0), middle, middle, *bowl])]
    top: Points = [(0.02, rng.uniform(0.06, 0.22)), (0.2, 0.0), (0.46, 0.04), (0.55, 0.22), (0.44, 0.4)]
    reach = rng.uniform(0.12, 0.34)
    style = rng.random()
    if style < 0.6:
        middle_points: Points = [(reach, 0.47), (reach, 0.47)]
    elif style < 0.8:
        middle_points = [(reach, 0.49), (reach - 0.07, 0.44), (reach + 0.02, 0.42)]
    else:
        middle_points = [(0.36, 0.46)]
    return [smooth([*top, *middle_points, *bowl])]


def four(rng: np.random.Generator) -> list[Stroke]:
    """Open with two strokes, closed with a point on top, or in one stroke like a y."""
    style = rng.random()
    stem_x, cross = rng.uniform(0.38, 0.58), rng.uniform(0.5, 0.7)
    end = (rng.uniform(0.6, 0.78), cross + rng.normal(0, 0.03))
    lean = rng.normal(0, 0.05)
    if style < 0.5:
        corner = (rng.uniform(0.0, 0.08), cross)
        start = (rng.uniform(0.05, 0.34), rng.uniform(0.0, 0.12))
        turn: Points = (
            [corner, corner] if rng.random() < 0.7 else [(corner[0], cross - 0.08), (corner[0] + 0.1, cross)]
        )
        stem_top = rng.uniform(0.0, 0.42)
        return [smooth([start, *turn, end]), smooth([(stem_x + lean, stem_top), (stem_x - lean, 1.0)])]
    if style < 0.8:
        corner, top = (0.0, cross), (stem_x + 0.02, 0.0)
        body = smooth([top, (0.25, cross * 0.55), corner, corner, end])
        return [body, smooth([top, (stem_x - lean, 1.0)])]
    bottom = rng.uniform(0.42, 0.58)
    body = smooth(
        [(0.04, 0.02), (0.05, bottom - 0.12), (0.22, bottom), (0.46, bottom - 0.06), (0.55, rng.uniform(0.0, 0.2))]
    )
    return [body, smooth([(0.55, rng.uniform(0.0, 0.2)), (0.52 + lean, 0.55), (0.5 + lean, 1.0)])]


def five(rng: np.random.Generator) -> list[Stroke]:
    """A body with a bowl and a bar on top, attached, lifted or slanting; in one stroke or two; or like an S."""
    left, neck = rng.uniform(0.04, 0.16), rng.uniform(0.36, 0.5)
    shoulder, end = (0.32, neck - rng.uniform(0.02, 0.1)), (0.0, rng.uniform(0.84, 0.98))
    bowl: Points = [shoulder, (0.56, neck + 0.12), (0.56, 0.8), (0.3, 1.0), end]
    bar_end = (rng.uniform(0.42, 0.68), rng.normal(0, 0.05))
    style = rng.random()
    if style < 0.45:
        body = smooth([(left, 0.02), (left - 0.05, neck), (left - 0.05, neck), *bowl])
        lift, gap = rng.normal(0, 0.04), rng.uniform(-0.08, 0.1)
        return [body, smooth([(left + gap, lift), bar_end])]
    if style < 0.8:
        return [smooth([bar_end, (left, 0.0), (left, 0.0), (left - 0.05, neck), (left - 0.05, neck), *bowl])]
    return [
        smooth(
            [
                bar_end,
                (0.3, 0.0),
                (0.08, 0.1),
                (0.08, 0.3),
                (0.3, 0.45),
                (0.54, 0.6),
                (0.5, 0.88),
                (0.25, 1.0),
                (0.0, 0.9),
            ]
        )
    ]


def six(rng: np.random.Generator) -> list[Stroke]:
    """A stem, straight or curved, into a loop of any size that may stay open or run over."""
    size, rx = rng.uniform(0.18, 0.3), rng.uniform(0.2, 0.32)
    x, y = rx, 1 - size
    top = (rng.uniform(0.2, 0.55), 0.0)
    bulge = (top[0] * 0.45 + rng.uniform(-0.1, 0.02), rng.uniform(0.28, 0.4))
    loop = arc(x, y, rx, size, 180, -rng.uniform(270, 400))
    return [smooth([top, bulge, *loop])]


def seven(rng: np.random.Generator) -> list[Stroke]:
    """A top bar, level or wavy, and a straight or bent stem; often crossed; sometimes with a serif on the left."""
    corner, foot = (rng.uniform(0.5, 0.62), rng.normal(0, 0.03)), (rng.uniform(0.05, 0.42), 1.0)
    bend = ((corner[0] + foot[0]) / 2 + rng.normal(-0.02, 0.05), 0.5)
    start: Points = [(rng.uniform(0.0, 0.1), rng.uniform(0.0, 0.08))]
    if rng.random() < 0.25:
        start = [(start[0][0], rng.uniform(0.1, 0.25)), start[0], start[0]]
    wave = (0.28, rng.normal(0.02, 0.03))
    strokes = [smooth([*start, wave, corner, corner, bend, foot])]
    if rng.random() < 0.5:
        y = rng.uniform(0.38, 0.62) if rng.random() < 0.65 else rng.uniform(0.6, 0.82)  # a bar low on the stem
        half, tilt = rng.uniform(0.12, 0.3), rng.normal(0, 0.04)
        x = bend[0] + (foot[0] - corner[0]) * (y - 0.5) + rng.normal(0, 0.04)
        strokes.append(smooth([(x - half, y + tilt), (x + half, y - tilt)]))
    return strokes


def eight(rng: np.random.Generator) -> list[Stroke]:
    """A figure of eight in one stroke, closed or open; an S closed by a straight stroke; or two rings."""
    waist, upper, lower = rng.uniform(0.4, 0.54), rng.uniform(0.16, 0.27), rng.uniform(0.2, 0.34)
    x = 0.32
    if rng.random() < 0.25:
        top = arc(x, waist / 2, upper, waist / 2, rng.uniform(-180, 180), rng.choice([-1, 1]) * rng.uniform(335, 390))
        bottom = arc(x, (1 + waist) / 2, lower, (1 - waist) / 2, -90 + rng.normal(0, 25), rng.uniform(335, 390))
        return [smooth(top), smooth(bottom)]
    if rng.random() < 0.2:
        snake: Points = [(0.55, 0.12), (0.32, 0.0), (0.1, 0.14), (0.2, 0.38), (0.48, 0.62), (0.5, 0.88), (0.28, 1.0)]
        end = (0.55 + rng.normal(0, 0.06), rng.uniform(0.0, 0.2))
        closing: Points = [(0.06, 0.86), (0.2, 0.6), (0.45, 0.32), end]
        return [smooth([*snake, *closing])]
    t = np.linspace(0, 1, 22) * rng.uniform(0.88, 1.06) * 2 * np.pi + rng.choice([0.0, rng.uniform(-0.9, 0.9), np.pi])
    t = t if rng.random() < 0.6 else -t  # mirrored: started at the left or at the right
    height = (1 - np.cos(t)) / 2  # 0 at the top, 1 at the bottom
    ys = np.where(height < 0.5, height * 2 * waist, waist + (height - 0.5) * 2 * (1 - waist))
    xs = x - np.where(height < 0.5, upper, lower) * np.sin(2 * t)
    return [smooth(list(zip(xs.tolist(), ys.tolist(), strict=True)), 4)]


def nine(rng: np.random.Generator) -> list[Stroke]:
    """A loop, closed or not, and a tail: straight, leaning, or curled to the left."""
    rx, ry = rng.uniform(0.2, 0.3), rng.uniform(0.19, 0.3)
    right = 2 * rx
    loop = arc(rx, ry, rx, ry, rng.uniform(-75, 0), -rng.uniform(230, 345))
    shoulder: Points = [(right + rng.normal(0, 0.02), ry * rng.uniform(0.6, 1.0))]
    style = rng.random()
    if style < 0.4:
        tail: Points = [(right - rng.uniform(0, 0.06), 0.6), (right - rng.uniform(-0.04, 0.2), 1.0)]
    elif style < 0.75:
        tail = [
            (right, 0.62),
            (right - 0.06, 0.88),
            (right - 0.24, 1.0),
            (right - rng.uniform(0.36, 0.58), rng.uniform(0.8, 0.97)),
        ]
    else:
        tail = [(right - 0.02, 0.5), (right - 0.14, 0.78), (right - rng.uniform(0.25, 0.5), 1.0)]
    corner = shoulder * 2 if rng.random() < 0.5 else shoulder
    return [smooth([*loop, *corner, *tail])]


SKELETONS: tuple[Skeleton, ...] = (zero, one, two, three, four, five, six, seven, eight, nine)
