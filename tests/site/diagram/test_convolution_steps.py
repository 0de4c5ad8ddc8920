"""One convolution in single steps computes what NumPy does, and the window goes where there is ink."""

import numpy as np
import pytest
from scrawl.diagram.convolution_steps import convolve, moved, next_window, pixels_under, value_of

PICTURE = np.random.default_rng(1).integers(0, 256, (28, 28)).astype(np.uint8)
WEIGHTS = [float(x) for x in np.random.default_rng(2).normal(size=10)]


def test_each_step_is_the_convolution_at_its_place() -> None:
    padded = np.pad(PICTURE / 255, 1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    expected = (windows * np.reshape(WEIGHTS[:9], (3, 3))).sum((2, 3)) + WEIGHTS[9]
    picture = PICTURE.tobytes()
    np.testing.assert_allclose(convolve(picture, WEIGHTS), expected.reshape(-1), rtol=1e-9, atol=1e-12)
    for window in (0, 27, 28, 400, 783):
        pixels = pixels_under(picture, window)
        np.testing.assert_allclose(pixels, windows[window // 28, window % 28].reshape(-1))
        assert value_of(pixels, WEIGHTS) == pytest.approx(expected.reshape(-1)[window])


def test_empty_paper_gives_the_bias_everywhere() -> None:
    assert set(convolve(None, WEIGHTS)) == {WEIGHTS[9]}
    assert pixels_under(None, 5) == [0.0] * 9


def test_window_jumps_over_blank_paper() -> None:
    picture = bytearray(784)
    picture[10 * 28 + 10] = 255
    assert next_window(bytes(picture), 0) == 9 * 28 + 9
    assert next_window(bytes(picture), 9 * 28 + 9) == 9 * 28 + 10
    assert next_window(bytes(picture), 11 * 28 + 11) == 9 * 28 + 9
    assert next_window(bytes(784), 5) == 6


@pytest.mark.parametrize(
    ("window", "key", "expected"),
    [(0, "ArrowLeft", 0), (0, "ArrowDown", 28), (27, "ArrowRight", 27), (30, "ArrowUp", 2), (5, "Tab", None)],
)
def test_arrow_keys_move_the_window(window: int, key: str, expected: int | None) -> None:
    assert moved(window, key) == expected
