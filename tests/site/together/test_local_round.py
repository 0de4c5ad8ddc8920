"""A round of learning in the tab: what it learns, and that what is sent is cut, blurred, or nothing at all."""

import numpy as np
import pytest
from scrawl.together.local_round import FEWEST_DIGITS, LONGEST, NOISE, LocalRound

from tests.support.networks import kernel_networks
from tests.support.networks.kernel_host import WasmtimeKernel

LAYERS = kernel_networks.NETWORKS["mlp-128"]
SHARED = {name: tensor.ravel() for name, tensor in kernel_networks.weights_for(LAYERS).items()}


@pytest.fixture(scope="module")
def kernel() -> WasmtimeKernel:
    return WasmtimeKernel()


@pytest.fixture(scope="module")
def learning(kernel: WasmtimeKernel) -> LocalRound:
    described = kernel_networks.layers_described(LAYERS), kernel_networks.parameters_described(LAYERS)
    return LocalRound(kernel, *described)


def learned(learning: LocalRound, count: int, seed: int = 1) -> np.ndarray | None:
    """Return the difference after a round from so many digits, flat."""
    pixels, labels = kernel_networks.digits(count)
    learning.start(SHARED, labels.tobytes(), pixels.tobytes(), seed)
    while learning.step():
        pass
    difference = learning.difference()
    return None if difference is None else np.concatenate([np.asarray(t) for t in difference.values()])


def test_difference_is_what_was_learned_with_a_little_noise(learning: LocalRound) -> None:
    change = learned(learning, 64)
    trained = kernel_networks.arrays(learning.network.export())
    exact = np.concatenate([trained[name] - SHARED[name] for name in SHARED])
    shortened = exact * min(1, LONGEST / np.linalg.norm(exact))
    assert change is not None
    assert change.size == 101_770
    assert np.linalg.norm(change - shortened) == pytest.approx(NOISE * LONGEST, rel=0.05)
    assert np.linalg.norm(exact) > 0.1


def test_noise_is_another_one_each_time(learning: LocalRound) -> None:
    first, second = learned(learning, 64, seed=1), learned(learning, 64, seed=2)
    assert first is not None
    assert second is not None
    assert np.abs(first - second).max() > 0


def test_too_few_digits_give_nothing_to_send(learning: LocalRound) -> None:
    assert learned(learning, FEWEST_DIGITS - 1) is None
    assert learned(learning, FEWEST_DIGITS) is not None


def test_others_are_learned_from_too(learning: LocalRound, kernel: WasmtimeKernel) -> None:
    pixels, labels = kernel_networks.digits(100)
    source = kernel_networks.stored(kernel, pixels, labels)
    learning.start(SHARED, labels[:4].tobytes(), pixels[:4].tobytes(), 5)
    learning.add_others(source, [(0, 30), (50, 50)])
    assert learning.count == 84


def test_weights_that_are_no_numbers_are_not_sent(learning: LocalRound, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrawl.together.local_round.RATE", 1e30)
    assert learned(learning, 64) is None
