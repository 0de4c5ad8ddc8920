"""The page measures what the API measures: temperature and least contrast, of the same scores and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scrawl.net.calibration import Calibration
from scrawl.training.calibrator import DIGITS, ENOUGH, Calibrator

from functions.models import calibration as core
from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import NETWORKS, build, stored
from tests.support.networks.trainers import Clock

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scrawl.net.network import Network, Samples

    from infra.dataset.sources import DigitSplits

BATCH = 50


def first(digits: DigitSplits, split: str, count: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return pixels (count, 784) and labels of a dataset's first digits."""
    block = digits.splits[split]
    return block.pixels[:count], block.labels[:count]


def trained(kernel: WasmtimeKernel, name: str, digits: DigitSplits, steps: int) -> Network:
    """Return a network that has learned for a short time."""
    network = build(kernel, NETWORKS[name], 64)
    network.randomise(1)
    samples = stored(kernel, *first(digits, "train", 3000))
    while steps:
        samples.shuffle([(0, 3000)], steps)
        count = min(steps, 3000 // BATCH)
        network.train_steps(samples, 0, BATCH, count, 0.1)
        steps -= count
    return network


def scores_of(kernel: WasmtimeKernel, network: Network, samples: Samples) -> NDArray[np.float32]:
    rows = [network.scores(samples.images + 784 * row) for row in range(samples.capacity)]
    assert kernel.size(rows[0]) == 10
    return np.asarray(rows, np.float32)


def settle(calibrator: Calibrator, network: Network, samples: Samples) -> int:
    """Measure in slices that are over at once; return how many it took."""
    slices = 1
    while not calibrator.run(network, samples, [(0, 400), (400, samples.capacity - 400)], 0.0):
        slices += 1
    return slices


@pytest.mark.parametrize(
    ("name", "steps"), [("mlp-128", 60), ("mlp-128", 900), ("conv-32-64", 20), ("no hidden layer", 100)]
)
def test_page_measures_what_the_api_measures(
    kernel: WasmtimeKernel, digits: DigitSplits, name: str, steps: int
) -> None:
    network = trained(kernel, name, digits, steps)
    assert network.calibration.is_due
    pixels, labels = first(digits, "test", DIGITS)
    samples = stored(kernel, pixels, labels)
    assert settle(Calibrator(kernel, Clock()), network, samples) > DIGITS // 40
    found, images = network.calibration, (pixels / 255).astype(np.float32)
    expected = core.calibrate(scores_of(kernel, network, samples), images, labels)
    assert not found.is_due
    assert found.temperature == pytest.approx(expected.temperature, rel=0.002)
    assert found.least_contrast == pytest.approx(expected.least_contrast, rel=0.002)


def test_measurement_starts_again_when_the_weights_change_meanwhile(
    kernel: WasmtimeKernel, digits: DigitSplits
) -> None:
    network, other = trained(kernel, "mlp-128", digits, 60), trained(kernel, "mlp-128", digits, 60)
    samples = stored(kernel, *first(digits, "test", 600))
    half = Calibrator(kernel, Clock())
    for _ in range(5):
        assert not half.run(network, samples, [(0, 600)], 0.0)
    samples.shuffle([(0, 600)], 1)
    for each in (network, other):
        each.train_steps(samples, 0, BATCH, 4, 0.1)
    settle(half, network, samples)
    settle(Calibrator(kernel, Clock()), other, samples)
    assert network.calibration.temperature == other.calibration.temperature
    assert network.calibration.least_contrast == other.calibration.least_contrast


def test_what_was_measured_holds_while_training_goes_on_and_is_due_again(
    kernel: WasmtimeKernel, digits: DigitSplits
) -> None:
    network = build(kernel, NETWORKS["mlp-128"], 64)
    network.randomise(1)
    assert not network.calibration.is_due  # what has learned nothing has nothing to measure
    network.load(network.export())
    assert network.calibration.is_due
    network.calibration = Calibration(1.5, 0.5)
    samples = stored(kernel, *first(digits, "train", 50))
    samples.shuffle([(0, 50)], 1)
    network.train_step(samples, 0, 50, 0.1)
    kept = network.calibration
    assert (kept.temperature, kept.least_contrast, kept.is_due) == (1.5, 0.5, True)


def test_few_digits_say_nothing(kernel: WasmtimeKernel, digits: DigitSplits) -> None:
    network = trained(kernel, "mlp-128", digits, 4)
    samples = stored(kernel, *first(digits, "test", ENOUGH - 1))
    assert Calibrator(kernel, Clock()).run(network, samples, [(0, ENOUGH - 1)], 1e9)
    found = network.calibration
    assert (found.temperature, found.least_contrast, found.is_due) == (1.0, None, False)
