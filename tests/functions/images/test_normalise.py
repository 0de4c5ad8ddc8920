"""A drawing becomes a picture as MNIST's are: in NumPy (the API) and in C (the page), with the same result."""

import itertools

import numpy as np
import pytest

from functions.errors import InvalidValueError
from functions.images.normalise import BlankError, normalise
from tests.support.networks.kernel_host import WasmtimeKernel


@pytest.fixture(scope="module")
def kernel() -> WasmtimeKernel:
    return WasmtimeKernel()


def in_kernel(kernel: WasmtimeKernel, gray: np.ndarray) -> np.ndarray | None:
    """Normalise in C: u8 in, u8 out, None for a blank drawing."""
    picture = kernel.alloc(784)
    rows, columns = gray.shape
    found = kernel.function("normalise")(kernel.put(gray), columns, rows, picture)
    return kernel.read(picture, np.uint8, (28, 28)) if found else None


def stroke(rows: int, columns: int, points: list[tuple[float, float]], pen: float) -> np.ndarray:
    """Draw a polyline through (y, x) points with a round, soft-edged pen, as u8."""
    y, x = np.mgrid[:rows, :columns] + 0.5
    distance = np.full((rows, columns), np.inf)
    for (y0, x0), (y1, x1) in itertools.pairwise(points):
        length = max((y1 - y0) ** 2 + (x1 - x0) ** 2, 1e-9)
        along = np.clip(((y - y0) * (y1 - y0) + (x - x0) * (x1 - x0)) / length, 0, 1)
        distance = np.minimum(distance, np.hypot(y - y0 - along * (y1 - y0), x - x0 - along * (x1 - x0)))
    return np.round(255 * np.clip(pen / 2 + 0.5 - distance, 0, 1)).astype(np.uint8)


DRAWINGS = {
    "a seven": stroke(280, 280, [(60, 70), (60, 190), (230, 110)], 18),
    "a one": stroke(280, 280, [(30, 140), (250, 140)], 16),
    "a dash": stroke(280, 280, [(140, 20), (140, 260)], 16),
    "in a corner": stroke(300, 200, [(5, 5), (40, 5), (40, 30)], 6),
    "over the edge": stroke(120, 120, [(-20, 60), (60, 140)], 20),
    "heavy on one side": stroke(280, 280, [(20, 20), (20, 260), (30, 260), (40, 20), (200, 24)], 20),
    "smaller than the result": stroke(12, 9, [(2, 2), (9, 5)], 1.5),
    "a dot": stroke(280, 280, [(100, 90), (100, 90)], 14),
    "one pixel": np.pad(np.array([[255]], np.uint8), ((3, 9), (20, 1))),
    "only one pixel": np.array([[255]], np.uint8),
    "faint": stroke(100, 100, [(20, 20), (80, 60)], 8) // 8,
    "wide": stroke(40, 900, [(20, 100), (10, 800)], 10),
    "all ink": np.full((50, 70), 255, np.uint8),
    "noise": np.random.default_rng(1).integers(0, 256, (90, 61), np.uint8),
}


@pytest.mark.parametrize("drawing", DRAWINGS.values(), ids=DRAWINGS.keys())
def test_page_and_api_make_the_same_picture(kernel: WasmtimeKernel, drawing: np.ndarray) -> None:
    expected = 255 * normalise(drawing / 255)
    picture = in_kernel(kernel, drawing)
    assert picture is not None
    # The page's picture is rounded to whole numbers; 1e-3 is what float32 leaves of 255.
    assert np.abs(picture - expected).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("name", [name for name in DRAWINGS if "pixel" not in name])  # a pixel becomes a wide blur
def test_ink_fits_the_box(name: str) -> None:
    picture = normalise(DRAWINGS[name] / 255)
    rows, columns = np.flatnonzero(picture.max(1) > 0.1), np.flatnonzero(picture.max(0) > 0.1)
    # Averaging spreads the ink by up to a pixel on each side, two where a pixel is drawn larger.
    assert 19 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 24


def test_box_stays_in_the_field_when_the_mass_is_on_one_side() -> None:
    drawing = np.zeros((280, 280))
    drawing[20:60, 20:260] = 1
    drawing[60:260, 20:24] = 1
    picture = normalise(drawing)
    edges = picture[[0, -1]].sum() + picture[:, [0, -1]].sum()
    assert edges < 0.02 * picture.sum()
    assert picture.sum() == pytest.approx((drawing > 0).sum() / 12**2, rel=0.02)  # 240 pixels become 20


@pytest.mark.parametrize("name", ["a seven", "a one", "a dash", "in a corner", "a dot"])
def test_centre_of_mass_is_in_the_centre(name: str) -> None:
    picture = normalise(DRAWINGS[name] / 255)
    centre = np.array([picture.sum(1) @ np.arange(28), picture.sum(0) @ np.arange(28)]) / picture.sum()
    np.testing.assert_allclose(centre, 14, atol=0.1)


def test_place_and_size_do_not_matter() -> None:
    drawing = DRAWINGS["a seven"] / 255
    moved = np.roll(drawing, (30, -40), (0, 1))
    larger = np.kron(drawing, np.ones((3, 3)))
    np.testing.assert_allclose(normalise(moved), normalise(drawing), atol=1e-6)
    # Tripling moves the box's edge by less than a hundredth of a pixel of the result.
    np.testing.assert_allclose(normalise(larger), normalise(drawing), atol=0.03)


def test_result_of_normalising_hardly_changes_when_normalised_again() -> None:
    picture = normalise(DRAWINGS["a seven"] / 255)
    assert np.abs(normalise(picture) - picture).mean() < 0.03


def test_blank_drawing_is_refused(kernel: WasmtimeKernel) -> None:
    faint = np.full((40, 40), 25, np.uint8)  # just below a tenth
    for blank in (np.zeros((280, 280), np.uint8), faint):
        with pytest.raises(BlankError, match="draw something"):
            normalise(blank / 255)
        assert in_kernel(kernel, blank) is None


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros(784), r"\(rows, columns\)"),
        (np.zeros((28, 28, 3)), r"\(rows, columns\)"),
        (np.zeros((0, 28)), r"\(rows, columns\)"),
        (np.full((28, 28), 255.0), "0 to 1"),
        (np.full((28, 28), -0.5), "0 to 1"),
        (np.full((28, 28), np.nan), "0 to 1"),
    ],
)
def test_what_is_no_gray_image_is_refused(image: np.ndarray, message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        normalise(image)
