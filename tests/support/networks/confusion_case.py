"""A network that has started to learn some digits, and a counter of its confusion matrix."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from scrawl.inspect.confusion_counter import ConfusionCounter
from scrawl.net.network import Network, Samples

from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import (
    NETWORKS,
    build,
    digits,
    layers_described,
    parameters_described,
    stored,
    weights_for,
)

if TYPE_CHECKING:
    from scrawl.net.interfaces import NetworkDescription

PIXELS, LABELS = digits(230)
RANGES = [(10, 120), (150, 80)]  # the rows between them are not counted
ROWS = np.r_[10:130, 150:230]
RATE = 0.1


def described(name: str) -> NetworkDescription:
    layers = NETWORKS[name]
    return {
        "model": name,
        "title": name,
        "layers": layers_described(layers),
        "parameters": parameters_described(layers),
    }


class ConfusionCase:
    """A network after 4 training steps, and a counter whose clock goes on by 1 with every look."""

    def __init__(self, kernel: WasmtimeKernel, name: str) -> None:
        self.name = name
        self.network: Network = build(kernel, NETWORKS[name], 64)
        self.network.load(weights_for(NETWORKS[name]))
        self.samples: Samples = stored(kernel, PIXELS, LABELS)
        self.samples.shuffle([(0, 230)], 1)
        self.network.train_steps(self.samples, 0, 50, 4, RATE)
        time = itertools.count()
        self.counter = ConfusionCounter(kernel, described(name), lambda: next(time))
        self.image = kernel.alloc(784)
        self.kernel = kernel

    def probabilities(self, row: int) -> list[float]:
        self.kernel.write(self.image, PIXELS[row].tobytes())
        return [float(p) for p in self.network.predict(self.image)]

    def count(self) -> list[int]:
        self.counter.start(self.network.export(), self.samples, RANGES)
        assert self.counter.run(1e9)
        return self.counter.counts
