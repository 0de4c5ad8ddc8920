"""For the tests of the page: a trainer on the real kernel, with a small network and easy digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from scrawl.net.network import Network
from scrawl.state.settings import settings_for
from scrawl.training.trainer import Trainer
from scrawl.training.training_run import TrainingRun

from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import as_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from scrawl.net.interfaces import LayerDescription, ParameterDescription
    from scrawl.state.settings import Settings, Value
    from scrawl.training.batch_order import BatchOrder
    from scrawl.training.block_cache import BlockCache, Split, Splits
    from scrawl.training.training_run import Measurement

LAYERS: list[LayerDescription] = [
    {"kind": "dense", "name": "fc1", "inputs": 784, "outputs": 32},
    {"kind": "relu"},
    {"kind": "dense", "name": "fc2", "inputs": 32, "outputs": 10},
    {"kind": "log_softmax"},
]
PARAMETERS: list[ParameterDescription] = [
    {"name": "fc1.weight", "shape": [32, 784]},
    {"name": "fc1.bias", "shape": [32]},
    {"name": "fc2.weight", "shape": [10, 32]},
    {"name": "fc2.bias", "shape": [10]},
]
SPLITS: Splits = {"train": {"count": 95, "shards": 5}, "test": {"count": 40, "shards": 2}}
SETTINGS: Settings = {**settings_for([]), "batch_size": 8, "learning_rate": 0.1, "cache_size": 5}


class Clock:
    """Seconds that pass only by being asked for."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


def digits(count: int, first: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return digits that are easy to tell apart: each label lights 78 pixels of its own, more or less brightly."""
    labels = ((np.arange(count) + first) % 10).astype(np.uint8)
    pixels = np.zeros((count, 784), np.uint8)
    for row, label in enumerate(labels.tolist()):
        pixels[row, 78 * label : 78 * label + 78] = 150 + (first + row) % 100
    return labels, pixels


class DigitTrainer(Trainer):
    """A trainer that knows the dataset, on the tests' kernel and clock."""

    kernel: WasmtimeKernel
    clock: Clock
    cache: BlockCache

    @property
    def batch_order(self) -> BatchOrder:
        """Return that of the run; there is one because the dataset is known."""
        assert self.training_run.batch_order is not None
        return self.training_run.batch_order


def changed(**settings: Value) -> Settings:
    """Return SETTINGS with some of them changed."""
    return cast("Settings", {**SETTINGS, **settings})


def new_network(kernel: WasmtimeKernel, seed: int = 1) -> Network:
    network = Network(kernel, LAYERS, PARAMETERS, 64)
    network.randomise(seed)
    return network


def new_trainer(kernel: WasmtimeKernel, curve_digits: int = 0, /, **settings: Value) -> DigitTrainer:
    clock = Clock()
    training_run = TrainingRun(new_network(kernel), clock, curve_digits, 200)
    trainer = DigitTrainer(kernel, training_run, changed(**settings), clock)
    trainer.use(SPLITS)
    return trainer


def deliver(trainer: Trainer, split: Split, index: int) -> None:
    """Let a block come: of 19 digits to train on, of 20 to test on."""
    count = 19 if split == "train" else 20
    trainer.add(split, index, *digits(count, 1000 * (split == "test") + 20 * index))


def fill(trainer: Trainer) -> None:
    for index in range(2):
        deliver(trainer, "test", index)
    for index in range(5):
        deliver(trainer, "train", index)


def run(trainer: Trainer, until: Callable[[], bool]) -> list[Measurement]:
    """Run slices until something holds; return the measurements."""
    results: list[Measurement] = []
    for _ in range(10_000):
        if until():
            return results
        result = trainer.run(trainer.clock() + 0.012)
        results += [result] if result else []
    raise AssertionError("nothing came of it")


def settle(trainer: Trainer) -> list[Measurement]:
    """Run slices until there is nothing to do; return the measurements."""
    return run(trainer, lambda: not trainer.is_busy())


def weights(trainer: Trainer) -> bytes:
    """Return the weights that the trainer's network has now."""
    return as_bytes(trainer.training_run.network.export())
