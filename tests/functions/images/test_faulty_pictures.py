"""Digits on real paper: with each fault of light, paper and neighbourhood they are read as well as without it."""

import io
import os
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from functions.images.image_files import Digit, read
from functions.images.normalise import normalise
from functions.jobs.launchers import ThreadLauncher
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from infra.dataset.sources import DigitSplits
from tests.support.digits.faulty_pictures import RENDERINGS, Rendering

COUNT = 40 if os.environ.get("CI") else 20  # digits in each rendering
WARNED = {
    "faint": {"faint_ink"},
    "piece_of_another": {"several_figures"},
    "black_corners": {"tilted"},
}  # the others are read without a word

type Part = Callable[[list[np.ndarray]], float]


@pytest.fixture(scope="module")
def some(digits: DigitSplits, mnist: None) -> list[np.ndarray]:  # noqa: ARG001 — the UCI digits fill their pictures
    return list(digits.splits["test"].pixels[:COUNT].reshape(COUNT, 28, 28))


@pytest.fixture(scope="module")
def recognised(seeded: MemoryStore, digits: DigitSplits) -> Part:
    """Return what part of the digits is recognised in pictures (28, 28)."""
    predictor = Service(Settings("none"), seeded, ThreadLauncher()).predictor("mlp-128")
    labels = digits.splits["test"].labels[:COUNT]
    return lambda read: float(
        (predictor.predict(np.stack(read).reshape(COUNT, 784)).probabilities.argmax(1) == labels).mean()
    )


def photographed(rendering: Rendering, digit: np.ndarray) -> Digit:
    file = io.BytesIO()
    rendering(digit).save(file, "PNG")
    return read(file.getvalue())


@pytest.mark.parametrize("name", RENDERINGS)
def test_digits_with_faults_are_recognised_as_well_as_the_bare_ones(
    some: list[np.ndarray], recognised: Part, name: str
) -> None:
    found = [photographed(RENDERINGS[name], digit) for digit in some]
    # Of 20 digits, one may be lost; of 40, a second one where a shadow's edge runs through it.
    assert recognised([digit.pixels for digit in found]) >= recognised([normalise(d / 255) for d in some]) - 0.05
    codes = {warning.code for digit in found for warning in digit.warnings}
    assert codes <= WARNED.get(name, set())


def test_digit_that_is_cut_by_the_edge_is_warned_of(some: list[np.ndarray]) -> None:
    digit = photographed(lambda d: RENDERINGS["framed"](d).crop((5, 5, 85, 175)), some[0])
    assert "touches_edge" in {warning.code for warning in digit.warnings}


@pytest.mark.parametrize("angle", [-25, 12, 30])
def test_turned_paper_is_turned_back(some: list[np.ndarray], angle: int) -> None:
    upright = photographed(RENDERINGS["stray_dots"], some[0])
    turned = photographed(lambda d: RENDERINGS["stray_dots"](d).rotate(angle, Image.Resampling.BICUBIC), some[0])
    assert [warning.code for warning in turned.warnings] == ["tilted"]
    assert np.abs(turned.pixels - upright.pixels).mean() < 0.04


def test_two_digits_are_warned_of_and_not_mixed(some: list[np.ndarray]) -> None:
    pair = photographed(lambda _: Image.fromarray(255 - np.hstack([some[0], some[1]])), some[0])
    assert [warning.code for warning in pair.warnings] == ["several_figures"]


def test_thumbnail_is_warned_of(some: list[np.ndarray]) -> None:
    digit = photographed(lambda d: RENDERINGS["framed"](d).crop((5, 5, 175, 175)).resize((12, 12)), some[0])
    assert "tiny" in {warning.code for warning in digit.warnings}
