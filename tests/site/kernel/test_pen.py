"""Pen strokes become the same picture in C (the page) and in NumPy (REST, gRPC and training)."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scrawl.drawing.ink_path import PEN_SHARES

from functions.images.pen import draw_digit
from tests.support.digits.handwriting import DIGITS, Strokes
from tests.support.digits.written_digits import WRITING
from tests.support.networks.kernel_host import WasmtimeKernel

RNG = np.random.default_rng(4)


def scribble(strokes: int, points: int) -> Strokes:
    return [[(x, y) for x, y in RNG.uniform(0, 280, (points, 2)).round(2)] for _ in range(strokes)]


def tremor(size: float, points: int) -> Strokes:
    turns = np.linspace(0, 9, points)
    return [[(140 + size * np.cos(turn), 140 + size * np.sin(turn) * turn / 9) for turn in turns]]


# What REST and gRPC are compared with, too, and what only a page might draw.
DRAWINGS: dict[str, tuple[Strokes, float]] = WRITING | {
    "a short dash": ([[(140, 140), (140.001, 140)]], 0.1),
    "a line across, there and back": ([[(0, 280), (280, 280), (0, 280)]], 0.13),
    "a dot beside a line": ([[(20, 20), (100, 200)], [(150, 100)]], 0.1),
    "corner to corner": ([[(0, 0), (280, 280)], [(280, 0), (0, 280)]], 0.13),
    "nearly a billion": ([[(x * 3e6 - 4e8, y * 3e6 - 4e8) for x, y in stroke] for stroke in DIGITS[4]], 0.1),
    "thousands of points": (tremor(90, 3000), 0.07),
    "hundreds of strokes": (scribble(400, 2), 0.07),
    "a scribble": (scribble(5, 80), 0.13),
}


@pytest.fixture(scope="module")
def kernel() -> WasmtimeKernel:
    return WasmtimeKernel()


def path_of(strokes: Strokes, pens: list[float]) -> NDArray[np.float32]:
    """Return strokes as `pen.c` takes them."""
    parts = [[len(points), pen, *np.ravel(points)] for points, pen in zip(strokes, pens, strict=True)]
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32)


def in_kernel(kernel: WasmtimeKernel, path: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    """Return what the kernel draws, None for a path without a point."""
    canvas, picture = kernel.alloc(kernel.function("canvas_size")()), kernel.alloc(784)
    drawn = kernel.function("draw_path")(kernel.put(path), path.size, canvas, picture)
    return kernel.read(picture, np.uint8, (28, 28)) if drawn else None


def as_float32(strokes: Strokes) -> list[NDArray[np.float32]]:
    """Return what is left of coordinates in the page's array of numbers."""
    return [np.array(points, np.float32).reshape(-1, 2) for points in strokes]


@pytest.mark.parametrize("name", DRAWINGS)
def test_page_and_api_draw_the_same_picture(kernel: WasmtimeKernel, name: str) -> None:
    strokes, pen = DRAWINGS[name]
    picture = in_kernel(kernel, path_of(strokes, [pen] * len(strokes)))
    assert picture is not None
    expected = 255 * draw_digit(as_float32(strokes), pen)
    # The kernel's canvas has whole numbers and its picture has, too: at most a half from each.
    assert np.abs(picture - expected).max() <= 1.01


def test_dot_is_drawn_as_a_dot(kernel: WasmtimeKernel) -> None:
    picture = in_kernel(kernel, path_of([[(200, 30)]], [0.1]))
    assert picture is not None
    assert (picture > 50).sum() <= 9
    assert picture.argmax() == 14 * 28 + 14


def test_each_stroke_has_its_own_pen(kernel: WasmtimeKernel) -> None:
    lines = [[(20.0, 20.0), (20.0, 260.0)], [(200.0, 20.0), (200.0, 260.0)]]
    picture = in_kernel(kernel, path_of(lines, [0.07, 0.13]))
    assert picture is not None
    thin, thick = picture[14, :14].sum(), picture[14, 14:].sum()
    assert thick / thin == pytest.approx(13 / 7, rel=0.02)


@pytest.mark.parametrize("strokes", [[], [[]], [[], []]])
def test_path_without_a_point_is_blank(kernel: WasmtimeKernel, strokes: Strokes) -> None:
    assert in_kernel(kernel, path_of(strokes, [0.1] * len(strokes))) is None


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, 3e38])
def test_what_is_no_place_does_no_harm(kernel: WasmtimeKernel, number: float) -> None:
    for point in ((number, 20.0), (20.0, number), (number, number)):
        in_kernel(kernel, path_of([[(20.0, 20.0), point, (200.0, 90.0)]], [0.1]))  # a trap would raise


def test_pens_of_the_page_are_seven_to_thirteen_per_cent() -> None:
    assert sorted(PEN_SHARES.values()) == [0.07, 0.1, 0.13]
