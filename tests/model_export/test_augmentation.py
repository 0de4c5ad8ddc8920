"""Variations of digits: reproducible, within range, and not moving what they should not."""

import numpy as np
import pytest

from model_export.augmentation import augment
from model_export.hyperparameters import AUGMENTATIONS, Augmentation
from tests.support.digits.samples import digit_like

IMAGES, _ = digit_like(16, seed=1)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_varied_images_stay_images_and_follow_the_seed(name: str) -> None:
    first, again, other = (augment(IMAGES, AUGMENTATIONS[name], np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == IMAGES.shape
    assert first.dtype == np.float32
    assert first.min() >= 0
    assert first.max() <= 1.0001  # rounding of float32 in the interpolation
    assert np.array_equal(first, again)
    assert np.array_equal(first, other) == (name == "none")


def test_the_images_given_are_not_changed() -> None:
    before = IMAGES.copy()
    augment(IMAGES, AUGMENTATIONS["full"], np.random.default_rng(0))
    assert np.array_equal(IMAGES, before)


def test_a_variation_too_small_to_see_changes_nothing() -> None:
    same = augment(IMAGES, Augmentation(degrees=1e-6), np.random.default_rng(0))
    np.testing.assert_allclose(same, IMAGES, atol=1e-4)


def test_warps_keep_about_as_much_ink() -> None:
    warped = augment(IMAGES, AUGMENTATIONS["light"], np.random.default_rng(3))
    assert warped.sum() == pytest.approx(IMAGES.sum(), rel=0.1)


def test_ink_makes_strokes_bolder_and_finer() -> None:
    varied = augment(IMAGES, Augmentation(ink=1.0), np.random.default_rng(4))
    change = varied.sum(1) / IMAGES.sum(1)
    assert change.max() > 1.05
    assert change.min() < 0.95


def test_blur_keeps_the_ink_and_flattens_it() -> None:
    varied = augment(IMAGES, Augmentation(blur=1.0), np.random.default_rng(5))
    assert varied.sum() == pytest.approx(IMAGES.sum(), rel=0.02)
    assert np.abs(np.diff(varied, axis=1)).sum() < np.abs(np.diff(IMAGES, axis=1)).sum()
