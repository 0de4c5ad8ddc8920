"""The three networks, each one readable list of layers; everything else about them is derived from that list.

Axis letters: B batch, D inputs (784), H hidden units, K classes (10), C channels. To add an
architecture, add an entry to `ARCHITECTURES`. Graphs, initial values and training are in other modules.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from functions.dataset.block import CLASSES, COLUMNS, PIXELS, ROWS
from functions.errors import InvalidValueError, NotFoundError
from functions.models.manifest import Layer


def dense(name: str, inputs: int, outputs: int) -> Layer:
    """Declare y = x Wᵀ + b with W (outputs, inputs)."""
    return Layer("dense", name, inputs, outputs)


def conv3x3(name: str, inputs: int, outputs: int) -> Layer:
    """Declare a 3×3 convolution, stride 1, zero padding 1, with W (outputs, inputs, 3, 3)."""
    return Layer("conv3x3", name, inputs, outputs)


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
    if layer.kind in ("relu", "log_softmax"):
        return shape
    raise InvalidValueError("is of no known kind; there are dense, conv3x3, relu, maxpool2, flatten, log_softmax")


ARCHITECTURES: dict[str, Architecture] = {
    architecture.id: architecture
    for architecture in (
        Architecture(
            "mlp-128",
            "Small network: one hidden layer of 128",
            (dense("fc1", PIXELS, 128), RELU, dense("fc2", 128, CLASSES), LOG_SOFTMAX),
        ),
        Architecture(
            "mlp-128-64",
            "Deeper network: hidden layers of 128 and 64",
            (
                *(dense("fc1", PIXELS, 128), RELU),
                *(dense("fc2", 128, 64), RELU),
                *(dense("fc3", 64, CLASSES), LOG_SOFTMAX),
            ),
        ),
        Architecture(
            "conv-32-64",
            "Convolutional network: 32 and 64 channels",
            (
                *(conv3x3("conv1", 1, 32), RELU, MAXPOOL2),
                *(conv3x3("conv2", 32, 64), RELU, MAXPOOL2),
                *(FLATTEN, dense("fc1", 64 * 7 * 7, 128), RELU),
                *(dense("fc2", 128, CLASSES), LOG_SOFTMAX),
            ),
        ),
    )
}


def architecture_named(model: str) -> Architecture:
    """Return an architecture; raise `NotFoundError` listing those there are."""
    if model not in ARCHITECTURES:
        raise NotFoundError(f"no architecture {model!r}; there are {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[model]
