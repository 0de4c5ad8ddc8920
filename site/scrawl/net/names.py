"""Names are networks: `mlp-300-100`, `conv-16-32_64`, `mlp-128.gelu.drop20`. Reads and writes names, lists layers.

The grammar is that of `model_export.names` and docs/models.md; a table of cases that both sides' tests read keeps the
two alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.parameters import product

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrawl.net.interfaces import LayerDescription, NetworkDescription, ParameterDescription

ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu")  # in the order in which `activation.h` numbers them
ACTIVATION_TITLES = {"relu": "ReLU", "tanh": "tanh", "sigmoid": "sigmoid", "gelu": "GELU"}
MOST_LAYERS, MOST_UNITS = 6, 1024  # hidden layers, and units in each
MOST_BLOCKS, LEAST_CHANNELS, MOST_CHANNELS = 2, 8, 64
MOST_DROPOUT = 90  # per cent
USUAL_HIDDEN = [128]  # behind convolutions, where a name says nothing
LONGEST = 64  # characters, which no network's name has
ALLOWED = (
    f"a network is called mlp-H1-H2-… (1 to {MOST_LAYERS} hidden layers of 1 to {MOST_UNITS} units) or "
    f"conv-C1[-C2][_H1-H2-…] (1 or {MOST_BLOCKS} blocks of {LEAST_CHANNELS} to {MOST_CHANNELS} channels, then hidden "
    "layers), such as mlp-300-100 or conv-16-32_64; .tanh, .sigmoid or .gelu may follow, then .drop1 to "
    f".drop{MOST_DROPOUT}"
)
SIDE, CLASSES = 28, 10


class UnknownNetworkError(ValueError):
    """A name that is no network's; the message says what is allowed, and the right spelling if there is one."""


class Architecture:
    """What a name says: blocks of convolution and pooling, then hidden layers, then ten answers."""

    def __init__(
        self, hidden: Sequence[int], channels: Sequence[int] = (), activation: str = "relu", dropout: int = 0
    ) -> None:
        self.hidden = [*hidden]  # units
        self.channels = [*channels]
        self.activation = activation
        self.dropout = dropout  # per cent, behind each hidden layer

    def name(self) -> str:
        """Return the network's only name."""
        body = "-".join(["conv" if self.channels else "mlp", *[str(size) for size in self.channels or self.hidden]])
        if self.channels and self.hidden != USUAL_HIDDEN:
            body += "_" + "-".join([str(size) for size in self.hidden])
        activation = "" if self.activation == "relu" else f".{self.activation}"
        return body + activation + (f".drop{self.dropout}" if self.dropout else "")

    def layers(self) -> list[LayerDescription]:
        """Return the layers as models.json has them."""
        layers: list[LayerDescription] = []
        inputs, side = 1, SIDE
        for place, channels in enumerate(self.channels):
            layers.append({"kind": "conv3x3", "name": f"conv{place + 1}", "inputs": inputs, "outputs": channels})
            layers += [{"kind": self.activation}, {"kind": "maxpool2"}]
            inputs, side = channels, side // 2
        if self.channels:
            layers.append({"kind": "flatten"})
        inputs *= side * side
        for place, units in enumerate(self.hidden):
            layers.append({"kind": "dense", "name": f"fc{place + 1}", "inputs": inputs, "outputs": units})
            layers.append({"kind": self.activation})
            if self.dropout:
                rate, name = self.dropout / 100, f"drop{place + 1}"
                layers.append({"kind": "dropout", "name": name, "inputs": units, "outputs": units, "rate": rate})
            inputs = units
        last = f"fc{len(self.hidden) + 1}"
        return [
            *layers,
            {"kind": "dense", "name": last, "inputs": inputs, "outputs": CLASSES},
            {"kind": "log_softmax"},
        ]

    def shapes(self) -> dict[str, list[int]]:
        """Return the shapes of the network's tensors, by name."""
        return {parameter["name"]: parameter["shape"] for parameter in parameters_of(self.layers())}

    def description(self) -> NetworkDescription:
        """Return the network as models.json describes one."""
        layers = self.layers()
        return {"model": self.name(), "title": self.title(), "layers": layers, "parameters": parameters_of(layers)}

    def title(self) -> str:
        """Return the network in words."""
        sizes = [str(size) for size in self.hidden]
        ends = f"layers of {', '.join(sizes[:-1])} and {sizes[-1]}" if sizes[1:] else f"layer of {sizes[0]}"
        channels = f"{' and '.join([str(size) for size in self.channels])} channels, " if self.channels else ""
        kind = "Convolutional network" if self.channels else "Network"
        activation = "" if self.activation == "relu" else f", {ACTIVATION_TITLES[self.activation]}"
        dropout = f", {self.dropout} % dropout" if self.dropout else ""
        return f"{kind}: {channels}{'a ' if not sizes[1:] else ''}hidden {ends}{activation}{dropout}"

    def parameter_count(self) -> int:
        """Return how many numbers the network learns."""
        return sum([product(shape) for shape in self.shapes().values()])

    def check(self) -> None:
        """Refuse what no name allows."""
        if not 1 <= len(self.hidden) <= MOST_LAYERS or len(self.channels) > MOST_BLOCKS:
            counts = f"{len(self.channels)} blocks and {len(self.hidden)} hidden layers"
            raise UnknownNetworkError(f"it has {counts}: {ALLOWED}")
        for channels in self.channels:
            if not LEAST_CHANNELS <= channels <= MOST_CHANNELS:
                raise UnknownNetworkError(f"it has a block of {shown(str(channels))} channels: {ALLOWED}")
        for units in self.hidden:
            if not 1 <= units <= MOST_UNITS:
                raise UnknownNetworkError(f"it has a hidden layer of {shown(str(units))} units: {ALLOWED}")
        if not 0 <= self.dropout <= MOST_DROPOUT:
            raise UnknownNetworkError(f"it has a dropout of {shown(str(self.dropout))} per cent: {ALLOWED}")


def parameters_of(layers: Sequence[LayerDescription]) -> list[ParameterDescription]:
    """Return the tensors of the layers: a weight and a bias each, in the order used everywhere."""
    parameters: list[ParameterDescription] = []
    for layer in layers:
        if layer["kind"] in ("dense", "conv3x3"):
            kernel = [3, 3] if layer["kind"] == "conv3x3" else []
            shape = [layer["outputs"], layer["inputs"], *kernel]
            parameters.append({"name": f"{layer['name']}.weight", "shape": shape})
            parameters.append({"name": f"{layer['name']}.bias", "shape": [layer["outputs"]]})
    return parameters


def parse(name: str) -> Architecture:
    """Return the network of a name; UnknownNetworkError for any other text."""
    try:
        architecture = _read(name.lower()) if len(name) <= LONGEST else None
    except UnknownNetworkError as error:
        raise UnknownNetworkError(f"{shown(name)} is no network: {error}") from error
    if architecture is None:
        raise UnknownNetworkError(f"{shown(name) or 'nothing'} is no network: {ALLOWED}")
    if architecture.name() != name:
        raise UnknownNetworkError(f"{shown(name)} is called {architecture.name()}")
    return architecture


def is_network(name: str) -> bool:
    """Tell whether a text is the name of a network."""
    try:
        parse(name)
    except UnknownNetworkError:
        return False
    return True


def _read(name: str) -> Architecture | None:
    """Return the network that a name means, however it is spelt; None if it means none."""
    body, *endings = name.split(".")
    family, _, sizes = body.partition("-")
    front, separator, behind = sizes.partition("_")
    if family not in ("mlp", "conv") or (separator and family == "mlp"):
        return None
    first, hidden = _numbers(front), _numbers(behind) if separator else USUAL_HIDDEN
    activations = [ending for ending in endings if ending in ACTIVATIONS]
    drops = [ending[4:] for ending in endings if ending.startswith("drop") and _is_number(ending[4:])]
    spelt = len(activations) < 2 and len(drops) < 2 and len(activations) + len(drops) == len(endings)
    if first is None or hidden is None or not spelt:
        return None
    dropout = int(drops[0]) if drops else 0
    channels = first if family == "conv" else []
    architecture = Architecture(hidden if channels else first, channels, (activations or ["relu"])[0], dropout)
    architecture.check()
    return architecture


def _numbers(text: str) -> list[int] | None:
    parts = text.split("-")
    return [int(part) for part in parts] if all(_is_number(part) for part in parts) else None


def _is_number(text: str) -> bool:
    return bool(text) and all(character in "0123456789" for character in text)


def shown(text: str) -> str:
    """Return a text that may be long, as a message shows it."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
