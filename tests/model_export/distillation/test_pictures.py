"""The pictures to distil from: writers left out, paths varied, the same for a seed. Needs no PyTorch."""

import numpy as np
import pytest

from functions.errors import InvalidValueError
from functions.images.pen import draw_digit
from model_export.distillation.pictures import Written, drawn, leave_out, synthetic, varied
from model_export.distillation.settings import DistillationSettings
from tests.support.digits.handwriting import DIGITS

WRITTEN = [Written(digit, 1 + digit % 3, [np.array(s, float) for s in strokes]) for digit, strokes in DIGITS.items()]


def test_writers_are_left_out_as_a_whole() -> None:
    learned, others = leave_out(WRITTEN, 1, seed=0)
    assert len(learned) + len(others) == len(WRITTEN)
    assert len({digit.writer for digit in others}) == 1
    assert not {digit.writer for digit in others} & {digit.writer for digit in learned}
    assert leave_out(WRITTEN, 0, seed=0) == (WRITTEN, [])


def test_variants_differ_keep_their_label_and_follow_from_the_seed() -> None:
    block = varied(WRITTEN, 3, seed=1, processes=2)
    assert block.labels.tolist() == [digit.label for digit in WRITTEN for _ in range(3)]
    assert len(np.unique(block.pixels, axis=0)) == 30
    np.testing.assert_array_equal(varied(WRITTEN, 3, seed=1, processes=1).pixels, block.pixels)
    assert (varied(WRITTEN, 3, seed=2, processes=1).pixels != block.pixels).any()


def test_synthetic_digits_are_as_many_of_each() -> None:
    block = synthetic(40, seed=1, processes=1)
    assert np.bincount(block.labels).tolist() == [4] * 10
    assert block.pixels.max(1).min() > 50  # ink in every one


def test_digits_are_measured_as_predict_draws_them() -> None:
    block = drawn(WRITTEN[:2], 0.07)
    expected = np.rint(255 * draw_digit(WRITTEN[1].strokes, 0.07))
    np.testing.assert_array_equal(block.pixels[1].reshape(28, 28), expected)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"held_out": -1}, "held_out must be at least 0, got -1"),
        ({"minutes": 0.0}, "minutes must be more than 0, got 0"),
        ({"rate": float("nan")}, "rate must be more than 0, got nan"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        DistillationSettings(**settings)  # type: ignore[arg-type] # some are floats, some whole numbers
