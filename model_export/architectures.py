"""The layers of any network that a name says; everything else about it is derived from that list.

Axis letters: B batch, D inputs (784), H hidden units, K classes (10), C channels. `model_export.names` reads names;
graphs, initial values and training are in other modules.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from functions.dataset.block import CLASSES, COLUMNS, PIXELS, ROWS
from functions.errors import InvalidValueError
from functions.models.manifest import ACTIVATIONS, Layer
from model_export.names import Network, parse


def dense(name: str, inputs: int, outputs: int) -> Layer:
    """Declare y = x Wᵀ + b with W (outputs, inputs)."""
    return Layer("dense", name, inputs, outputs)


def conv3x3(name: str, inputs: int, outputs: int) -> Layer:
    """Declare a 3×3 convolution, stride 1, zero padding 1, with W (outputs, inputs, 3, 3)."""
    return Layer("conv3x3", name, inputs, outputs)


def dropout(name: str, units: int, percent: int) -> Layer:
    """Declare y = x · mask / (1 - rate) in training, where a mask has 0 for the part `rate`, else 1; later y = x."""
    return Layer("dropout", name, units, units, percent / 100)


RELU = Layer("relu")
MAXPOOL2 = Layer("maxpool2")
FLATTEN = Layer("flatten")
LOG_SOFTMAX = Layer("log_softmax")


@dataclass(frozen=True)
class Architecture:
    """A network from 784 pixels to 10 log-probabilities. Layers that do not fit together are refused."""

    id: str
    title: str
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        feature_shapes(self.layers)


def parameter_table(layers: Sequence[Layer]) -> list[tuple[str, tuple[int, ...]]]:
    """Return (name, shape) of every parameter, weight before bias, in the order used everywhere."""
    table: list[tuple[str, tuple[int, ...]]] = []
    for layer in layers:
        if layer.kind in ("dense", "conv3x3"):
            kernel = (3, 3) if layer.kind == "conv3x3" else ()
            table += [(f"{layer.name}.weight", (layer.outputs, layer.inputs, *kernel))]
            table += [(f"{layer.name}.bias", (layer.outputs,))]
    return table


def feature_shapes(layers: Sequence[Layer]) -> list[tuple[int, ...]]:
    """Return the shape of one sample after each layer: (features,) or (C, rows, columns).

    Raises:
        InvalidValueError: naming the first layer that does not fit what comes before it.
    """
    if not layers:
        raise InvalidValueError("an architecture needs at least one layer, got none", "layers")
    names = [name for name, _ in parameter_table(layers)]
    if len(set(names)) < len(names):
        raise InvalidValueError(f"parameter names must differ, got {', '.join(names)}", "layers")
    shape: tuple[int, ...] = (1, ROWS, COLUMNS) if layers[0].kind == "conv3x3" else (PIXELS,)
    shapes = []
    for place, layer in enumerate(layers):
        try:
            shape = _after(layer, shape)
        except InvalidValueError as error:
            raise InvalidValueError(
                f"layer {place} ({layer.kind} {layer.name}".rstrip() + f"): {error}", "layers"
            ) from None
        shapes.append(shape)
    kinds = [layer.kind for layer in layers]
    if kinds[-1] != "log_softmax" or kinds.count("log_softmax") > 1 or shape != (CLASSES,):
        raise InvalidValueError(f"log_softmax over {CLASSES} classes must be the last layer and only that", "layers")
    return shapes


def _after(layer: Layer, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of one sample behind a layer that receives `shape`."""
    if layer.kind in ("dense", "conv3x3"):
        rank = 1 if layer.kind == "dense" else 3
        if len(shape) != rank or shape[0] != layer.inputs:
            raise InvalidValueError(
                f"expects {layer.inputs} {'features' if rank == 1 else 'channels'}, receives {shape}"
            )
        if layer.outputs < 1 or not layer.name:
            raise InvalidValueError(f"needs a name and at least one output, got {layer.name!r}, {layer.outputs}")
        return (layer.outputs, *shape[1:])
    if layer.kind == "maxpool2":
        if len(shape) != 3 or shape[1] % 2 or shape[2] % 2:
            raise InvalidValueError(f"expects (channels, rows, columns) with even sides, receives {shape}")
        return (shape[0], shape[1] // 2, shape[2] // 2)
    if layer.kind == "flatten":
        return (math.prod(shape),)
    if layer.kind == "dropout":
        if shape != (layer.outputs,) or not layer.name or not 0 < layer.rate < 1:
            raise InvalidValueError(f"needs a name, a rate between 0 and 1, and {layer.outputs} features")
        return shape
    if layer.kind in (*ACTIVATIONS, "log_softmax"):
        return shape
    kinds = ", ".join(("dense", "conv3x3", *ACTIVATIONS, "maxpool2", "flatten", "dropout", "log_softmax"))
    raise InvalidValueError(f"is of no known kind; there are {kinds}")


def layers_of(network: Network) -> tuple[Layer, ...]:
    """Return a network's layers: blocks of convolution and pooling, hidden layers, ten log-probabilities."""
    activation = Layer(network.activation)
    layers: list[Layer] = []
    inputs = 1
    for place, channels in enumerate(network.channels, 1):
        layers += [conv3x3(f"conv{place}", inputs, channels), activation, MAXPOOL2]
        inputs = channels
    if network.channels:
        layers.append(FLATTEN)
    inputs *= math.prod(side >> len(network.channels) for side in (ROWS, COLUMNS))
    for place, units in enumerate(network.hidden, 1):
        layers += [dense(f"fc{place}", inputs, units), activation]
        layers += [dropout(f"drop{place}", units, network.dropout)] if network.dropout else []
        inputs = units
    return (*layers, dense(f"fc{len(network.hidden) + 1}", inputs, CLASSES), LOG_SOFTMAX)


def parameter_count(layers: Sequence[Layer]) -> int:
    """Return how many numbers the parameters have."""
    return sum(math.prod(shape) for _, shape in parameter_table(layers))


@lru_cache(64)
def architecture_named(model: str) -> Architecture:
    """Return the network of a name.

    Raises:
        InvalidValueError: saying what is allowed, and how the network is called if the name is only misspelt.
    """
    network = parse(model)
    return Architecture(model, _READY.get(model) or _title(network), layers_of(network))


def _title(network: Network) -> str:
    sizes = [str(size) for size in network.hidden]
    hidden = (
        f"hidden layers of {', '.join(sizes[:-1])} and {sizes[-1]}" if sizes[1:] else f"a hidden layer of {sizes[0]}"
    )
    channels = f"{' and '.join(map(str, network.channels))} channels, " if network.channels else ""
    activation = {"relu": "", "tanh": ", tanh", "sigmoid": ", sigmoid", "gelu": ", GELU"}[network.activation]
    kind = "Convolutional network" if network.channels else "Network"
    return f"{kind}: {channels}{hidden}{activation}" + (f", {network.dropout} % dropout" if network.dropout else "")


_READY = {
    "mlp-128": "Small network: one hidden layer of 128",
    "mlp-128-64": "Deeper network: hidden layers of 128 and 64",
    "conv-32-64": "Convolutional network: 32 and 64 channels",
}
# Those that Scrawl ships weights for; any other name is a network just as well.
ARCHITECTURES: dict[str, Architecture] = {name: architecture_named(name) for name in _READY}
