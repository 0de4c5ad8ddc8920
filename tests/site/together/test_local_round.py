"""A round of learning in the tab: what it learns, and that what is sent is cut, blurred, or nothing at all."""

import numpy as np
import pytest
from scrawl.together.local_round import FEWEST_DIGITS, LAYERS, LONGEST, NOISE, LocalRound

from bench.classroom.tab import written
from functions.lessons.lesson import LARGEST_IN_STREAM
from functions.weights import safetensors
from functions.weights.tensor_checks import fit
from tests.support.networks import kernel_networks
from tests.support.networks.kernel_host import WasmtimeKernel

DESCRIBED = kernel_networks.NETWORKS["mlp-128"]
SHARED = {name: tensor.ravel() for name, tensor in kernel_networks.weights_for(DESCRIBED).items()}


@pytest.fixture(scope="module")
def kernel() -> WasmtimeKernel:
    return WasmtimeKernel()


@pytest.fixture(scope="module")
def learning(kernel: WasmtimeKernel) -> LocalRound:
    described = kernel_networks.layers_described(DESCRIBED), kernel_networks.parameters_described(DESCRIBED)
    return LocalRound(kernel, *described)


class Secrets:
    """What a browser gives out at random, here from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self.given: list[int] = []

    def __call__(self, count: int) -> list[int]:
        self.given += self._random.integers(0, 2**32, count).tolist()
        return self.given[-count:]


def learned(learning: LocalRound, count: int, seed: int = 1) -> np.ndarray | None:
    """Return the difference after a round from so many digits, flat; its noise is of the seed, too."""
    pixels, labels = kernel_networks.digits(count)
    learning.start(SHARED, labels.tobytes(), pixels.tobytes(), seed)
    while learning.step():
        pass
    difference = learning.difference(Secrets(seed))
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


def noises(learning: LocalRound, count: int) -> np.ndarray:
    """Return the noise of so many updates from the same digits: (count, weights)."""
    learned(learning, 64)
    blurred = [learning.difference(Secrets(seed)) for seed in range(count + 1)]
    flat = [np.concatenate([np.asarray(t) for t in one.values()]) for one in blurred if one is not None]
    exact = np.mean(flat, axis=0)
    return np.stack(flat[:count]) - exact


def test_noise_of_each_update_is_its_own_so_that_many_average_it_out(learning: LocalRound) -> None:
    """docs/privacy.md says so: of 100 updates from the same digits, a tenth of the noise is left."""
    found = noises(learning, 16)
    lengths = np.linalg.norm(found, axis=1)
    np.testing.assert_allclose(lengths, NOISE * LONGEST, rtol=0.05)  # the mean has a seventeenth of each
    correlations = found @ found.T / np.outer(lengths, lengths)
    assert np.abs(correlations[np.triu_indices(16, 1)]).max() < 0.1
    scaled = found[0] / found[0].std()
    assert np.mean(scaled**4) == pytest.approx(3, abs=0.3)  # as of a normal distribution; 1.8 if evenly spread


def test_noise_comes_from_secrets_alone_and_takes_384_bits_of_them_for_each_tensor(learning: LocalRound) -> None:
    learned(learning, 64)
    secrets = Secrets(1)
    assert learning.difference(secrets) is not None
    assert len(secrets.given) == len(set(secrets.given)) == LAYERS * len(SHARED)


def received(learning: LocalRound, seed: int) -> tuple[int, np.ndarray]:
    """Return how many bytes the page sends of a round that has been learned, and what the API reads in them."""
    shapes = {name: parameter.shape for name, parameter in learning.network.parameters.items()}
    body = written(learning, Secrets(seed))
    assert body is not None
    read = fit(safetensors.read_foreign(body)[0], shapes)
    return len(body), np.concatenate([tensor.ravel() for tensor in read.values()])


def test_update_is_read_by_the_api_and_small_enough_for_its_stream(learning: LocalRound) -> None:
    learned(learning, 64)
    size, update = received(learning, 7)
    blurred = learning.difference(Secrets(7))  # its noise is from the same secrets, in the same order
    assert blurred is not None
    exact = np.concatenate([np.asarray(tensor) for tensor in blurred.values()])
    assert size < 105_000 < LARGEST_IN_STREAM
    # By rounding, a weight is off by less than a step of its row; all of them together by little beside the noise.
    assert np.linalg.norm(update - exact) < 0.05 * NOISE * LONGEST
    assert np.linalg.norm(update - exact) > 0


def test_too_few_digits_give_nothing_to_send(learning: LocalRound) -> None:
    assert learned(learning, FEWEST_DIGITS - 1) is None
    assert learned(learning, FEWEST_DIGITS) is not None
    learned(learning, FEWEST_DIGITS - 1)
    assert learning.update(Secrets(1)) is None


def test_others_are_learned_from_too(learning: LocalRound, kernel: WasmtimeKernel) -> None:
    pixels, labels = kernel_networks.digits(100)
    source = kernel_networks.stored(kernel, pixels, labels)
    learning.start(SHARED, labels[:4].tobytes(), pixels[:4].tobytes(), 5)
    learning.add_others(source, [(0, 30), (50, 50)])
    assert learning.count == 84


def test_weights_that_are_no_numbers_are_not_sent(learning: LocalRound, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrawl.together.local_round.RATE", 1e30)
    assert learned(learning, 64) is None
