"""A network that has been opened in the worker: its memory, which others may need, and which weights it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.network import Network
from scrawl.net.parking import ParkedNetwork
from scrawl.net.region import Region
from scrawl.state import settings as presets

if TYPE_CHECKING:
    from scrawl.net.interfaces import NetworkDescription, Weights
    from scrawl.net.region import MemoryPool

MOST_KEPT = (
    128_000_000  # bytes of networks that are not selected; those that were selected longest ago give theirs back
)


class OpenedNetwork:
    """A network that has been opened: it keeps its weights while others are selected.

    While it is not selected it may be parked: its memory in the kernel is given back, and reserved again when
    somebody uses the network. What else is reserved for it goes through `kernel`, and is given back with it.
    """

    def __init__(self, pool: MemoryPool, model: NetworkDescription, seed: int) -> None:
        self.model = model["model"]
        self.shapes = {p["name"]: p["shape"] for p in model["parameters"]}
        self.iteration = 0  # at which its weights come in: 0 unless a saved run goes on
        self.layers, self.parameters = model["layers"], model["parameters"]
        self.kernel = Region(pool)
        self._parked: ParkedNetwork | None = None
        self._copy: Network | None = None
        self._shows_copy = False
        most = int(presets.limits_for(self.layers)["batch_size"][1])
        try:
            self._network = Network(self.kernel, self.layers, self.parameters, most)
        except Exception:
            self.kernel.release_all()
            raise
        self._network.randomise(seed)

    @property
    def network(self) -> Network:
        """The network, with its memory."""
        self.reserve()
        return self._network

    def reserve(self) -> None:
        """Have the network's memory again, if it was given back."""
        if self._parked is None:
            return
        try:
            self._parked.restore(self._network)
        except Exception:
            self.kernel.release_all()
            raise
        self._parked = None

    @property
    def shown(self) -> Network:
        """What predicts and is inspected: the network, or a copy with a checkpoint's weights."""
        return self._copy if self._shows_copy and self._copy is not None else self.network

    @property
    def is_parked(self) -> bool:
        """Whether its memory has been given back."""
        return self._parked is not None

    def show(self, weights: Weights | None) -> None:
        """Predict with these weights instead of the network's own; None is for those again."""
        self._shows_copy = weights is not None
        if weights is None:
            return
        if self._copy is None:
            self._copy = Network(self.kernel, self.layers, self.parameters, 1)
        self._copy.load(weights)

    def park(self) -> list[Network]:
        """Give its memory back. Return the networks of which nothing else may be used until then."""
        gone = [self._network] if self._copy is None else [self._network, self._copy]
        self._parked = ParkedNetwork(self._network)
        self._copy, self._shows_copy = None, False
        self.kernel.release_all()
        return gone


def to_park(opened: dict[str, OpenedNetwork], selected: OpenedNetwork, most: int = MOST_KEPT) -> list[OpenedNetwork]:
    """Return those that give their memory back, the first ones first, until at most so many bytes are kept."""
    others = [network for network in opened.values() if network is not selected and not network.is_parked]
    total = sum([network.kernel.reserved for network in others])
    found: list[OpenedNetwork] = []
    for network in others:
        if total > most:
            found.append(network)
            total -= network.kernel.reserved
    return found
