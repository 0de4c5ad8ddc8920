"""A network whose memory was given back goes on as if nothing had happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scrawl.net.network import Network, Samples
from scrawl.net.parking import ParkedNetwork
from scrawl.net.region import MemoryPool, Region

from model_export.architectures import architecture_named, parameter_table
from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import arrays, digits, layers_described

if TYPE_CHECKING:
    from scrawl.net.interfaces import ParameterDescription
    from scrawl.net.optimizers import OptimizerName

NAMES = ["mlp-20-10.tanh.drop20", "conv-9_20"]


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("name", NAMES)
def test_training_goes_on_the_same_to_the_last_bit(name: str, optimizer: OptimizerName) -> None:
    kernel, found = WasmtimeKernel(), []
    described = architecture_named(name)
    layers = layers_described(described.layers)
    parameters: list[ParameterDescription] = [
        {"name": n, "shape": [*s]} for n, s in parameter_table(described.layers)
    ]
    samples = Samples(kernel, 20)
    samples.store(0, digits(20)[1].tobytes(), digits(20)[0].tobytes())
    samples.shuffle([(0, 20)], 3)
    for parks in (False, True):
        pool = MemoryPool(kernel)
        region = Region(pool)
        network = Network(region, layers, parameters, 16)
        network.randomise(4)
        for seed in (1, 2, 3, 4):
            network.train_steps(samples, 0, 5, 2, 0.01, optimizer=optimizer, momentum=0.9, seed=seed)
            if parks:
                parked, size = ParkedNetwork(network), region.reserved
                region.release_all()
                Region(pool).alloc(1000)  # something else is where it was
                parked.restore(network)
                assert region.reserved <= size
        found.append(b"".join(array.tobytes() for array in arrays(network.export()).values()))
    assert found[0] == found[1]
