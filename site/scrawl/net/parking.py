"""What of a network outlasts its memory: weights, the optimizers' averages, calibration. Training goes on alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrawl.net.network import Network


class ParkedNetwork:
    """A copy of what training has made of a network, outside the kernel's memory."""

    def __init__(self, network: Network) -> None:
        self._ages = {name: optimizer.age for name, optimizer in network.optimizers.items()}
        averaging = network.last_averaging
        self._averaging = [name for name, optimizer in network.optimizers.items() if optimizer is averaging]
        self._calibration = network.calibration
        self._floats = [network.kernel.read_floats(address, size) for address, size in _tensors(network)]

    def restore(self, network: Network) -> None:
        """Give the network, whose memory has been given back, new memory, and everything as it was."""
        network.build()
        for name, age in self._ages.items():
            network.optimizer(name).age = age
        for name in self._averaging:
            network.last_averaging = network.optimizers[name]
        for (address, _size), floats in zip(_tensors(network), self._floats, strict=True):
            network.kernel.write_floats(address, floats)
        network.calibration = self._calibration


def _tensors(network: Network) -> list[tuple[int, int]]:
    """Return where the weights and averages are: address, and how many floats."""
    parameters = [*network.parameters.values()]
    found = [(parameter.address, parameter.size) for parameter in parameters]
    for optimizer in network.optimizers.values():
        found += [(address, size) for address, size, is_zero in optimizer.changed(parameters) if not is_zero]
    return found
