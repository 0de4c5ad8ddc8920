"""The networks once more, in NumPy: slow, obvious, float64. What every fast implementation is compared with.

It is independent of the ONNX graphs and of the kernel, and is itself checked against finite differences in
`test_reference.py`. A dropout's mask stands beside the weights, as `{name}.mask` (B, units); without it, all stay.

Decided here, as in PyTorch: ReLU's gradient at 0 (of either sign) is 0; among equal values in a pooling window the
first in row-major order receives the gradient.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from functions.models.manifest import Layer

type Array = NDArray[np.floating[Any]]
type Weights = Mapping[str, Array]


def gradients(
    layers: Sequence[Layer], weights: Weights, images: ArrayLike, labels: ArrayLike
) -> tuple[float, int, dict[str, Array]]:
    """Return the mean negative log-likelihood, the number correct and the gradient of every parameter."""
    x: Array = np.asarray(images, np.float64)
    labels, count = np.asarray(labels), len(x)
    if layers[0].kind == "conv3x3":
        x = x.reshape(count, 1, 28, 28)
    inputs = []
    for layer in layers:
        inputs.append(x)
        x = forward(layer, weights, x)
    loss = -float(np.mean([x[row, label] for row, label in enumerate(labels)]))
    correct = sum(int(np.argmax(x[row]) == label) for row, label in enumerate(labels))
    found: dict[str, Array] = {}
    dx = (np.exp(x) - np.eye(10)[labels]) / count  # of the scores before log-softmax
    for layer, x in zip(reversed(layers[:-1]), reversed(inputs[:-1]), strict=True):
        dx = backward(layer, weights, x, dx, found)
    return loss, correct, {name: found[name] for name in weights if not name.endswith(".mask")}


def forward(layer: Layer, weights: Weights, x: Array) -> Array:
    """Return a layer's output for x (B, features) or (B, C, rows, columns)."""
    if layer.kind == "dense":
        return x @ np.float64(weights[f"{layer.name}.weight"]).T + weights[f"{layer.name}.bias"]
    if layer.kind == "conv3x3":
        return _conv(x, weights[f"{layer.name}.weight"]) + np.reshape(weights[f"{layer.name}.bias"], (1, -1, 1, 1))
    if layer.kind in _ACTIVATIONS:
        return _ACTIVATIONS[layer.kind][0](x)
    if layer.kind == "dropout":
        return x * _kept(layer, weights)
    if layer.kind == "maxpool2":
        return _windows(x).max(-1)
    if layer.kind == "flatten":
        return x.reshape(len(x), -1)
    shifted = x - x.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def backward(layer: Layer, weights: Weights, x: Array, dy: Array, found: dict[str, Array]) -> Array:
    """Return the gradient of a layer's input x; put those of its parameters into `found`."""
    if layer.kind == "dense":
        found[f"{layer.name}.weight"] = dy.T @ x
        found[f"{layer.name}.bias"] = dy.sum(0)
        return dy @ weights[f"{layer.name}.weight"]
    if layer.kind == "conv3x3":
        found[f"{layer.name}.bias"] = dy.sum((0, 2, 3))
        found[f"{layer.name}.weight"], dx = _conv_backward(x, weights[f"{layer.name}.weight"], dy)
        return dx
    if layer.kind in _ACTIVATIONS:
        return dy * _ACTIVATIONS[layer.kind][1](x)
    if layer.kind == "dropout":
        return dy * _kept(layer, weights)
    if layer.kind == "maxpool2":
        windows = np.zeros_like(_windows(x))
        chosen = _windows(x).argmax(-1, keepdims=True)  # the first among equals
        np.put_along_axis(windows, chosen, dy[..., np.newaxis], -1)
        count, channels, rows, columns = dy.shape
        blocks = windows.reshape(count, channels, rows, columns, 2, 2)
        return blocks.transpose(0, 1, 2, 4, 3, 5).reshape(x.shape)
    return dy.reshape(x.shape)


def _normal(x: Array) -> Array:
    """Return Φ(x), the part of a normal distribution that is below x."""
    below: Array = 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))
    return below


def _sigmoid(x: Array) -> Array:
    y: Array = 1 / (1 + np.exp(-x))
    return y


_ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {  # and their derivatives
    "relu": (lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(np.float64)),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "sigmoid": (_sigmoid, lambda x: _sigmoid(x) * _sigmoid(-x)),
    "gelu": (
        lambda x: x * _normal(x),
        lambda x: _normal(x) + x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi),
    ),
}


def _kept(layer: Layer, weights: Weights) -> Array:
    mask = weights.get(f"{layer.name}.mask")
    return np.ones(1) if mask is None else np.asarray(mask, np.float64) / (1 - layer.rate)


def _conv(x: Array, kernel: Array) -> Array:
    y: Array = np.einsum("bcrsij,ocij->bors", _neighbourhoods(x), kernel, optimize=True)
    return y


def _conv_backward(x: Array, kernel: Array, dy: Array) -> tuple[Array, Array]:
    d_kernel = np.einsum("bcrsij,bors->ocij", _neighbourhoods(x), dy, optimize=True)
    mirrored = kernel[:, :, ::-1, ::-1]
    return d_kernel, np.einsum("borsij,ocij->bcrs", _neighbourhoods(dy), mirrored, optimize=True)


def _neighbourhoods(x: Array) -> Array:
    """Return the 3×3 pixels around each pixel of x, (B, C, rows, columns, 3, 3), with zeros beyond the edge."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    around: Array = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    return around


def _windows(x: Array) -> Array:
    """Return the 2×2 windows of x, (B, C, rows / 2, columns / 2, 4), each in row-major order."""
    count, channels, rows, columns = x.shape
    blocks = x.reshape(count, channels, rows // 2, 2, columns // 2, 2)
    return blocks.transpose(0, 1, 2, 4, 3, 5).reshape(count, channels, rows // 2, columns // 2, 4)


def sgd(
    weights: Weights,
    velocity: Weights,
    found: Weights,
    learning_rate: float,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return new weights and velocity by PyTorch's rule."""
    new_velocity: dict[str, Array] = {
        n: momentum * velocity[n] + found[n] + weight_decay * np.float64(weights[n]) for n in weights
    }
    moved: dict[str, Array] = {n: weights[n] - learning_rate * new_velocity[n] for n in weights}
    return moved, new_velocity
