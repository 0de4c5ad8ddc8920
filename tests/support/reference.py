"""The networks once more, in NumPy: slow, obvious, float64. What every fast implementation is compared with.

It is independent of the ONNX graphs and of the kernel, and is itself checked against finite differences in
`test_reference.py`. Layers are `functions.models.manifest.Layer`s, or anything with the same attributes.

Decided here, as in PyTorch: ReLU's gradient at 0 (of either sign) is 0; among equal values in a pooling window the
first in row-major order receives the gradient.
"""

from collections.abc import Mapping, Sequence

import numpy as np


def gradients(layers: Sequence, weights: Mapping, images, labels) -> tuple[float, int, dict]:
    """Return the mean negative log-likelihood, the number correct and the gradient of every parameter."""
    count = len(images)
    x = np.asarray(images, np.float64)
    if layers[0].kind == "conv3x3":
        x = x.reshape(count, 1, 28, 28)
    inputs = []
    for layer in layers:
        inputs.append(x)
        x = forward(layer, weights, x)
    loss = -float(np.mean([x[row, label] for row, label in enumerate(labels)]))
    correct = sum(int(np.argmax(x[row]) == label) for row, label in enumerate(labels))
    found: dict = {}
    dx = (np.exp(x) - np.eye(10)[np.asarray(labels)]) / count  # of the scores before log-softmax
    for layer, x in zip(reversed(layers[:-1]), reversed(inputs[:-1]), strict=True):
        dx = backward(layer, weights, x, dx, found)
    return loss, correct, {name: found[name] for name in weights}


def forward(layer, weights: Mapping, x: np.ndarray) -> np.ndarray:
    """Return a layer's output for x (B, features) or (B, C, rows, columns)."""
    if layer.kind == "dense":
        return x @ np.float64(weights[f"{layer.name}.weight"]).T + weights[f"{layer.name}.bias"]
    if layer.kind == "conv3x3":
        return _conv(x, weights[f"{layer.name}.weight"]) + np.reshape(weights[f"{layer.name}.bias"], (1, -1, 1, 1))
    if layer.kind == "relu":
        return np.maximum(x, 0)
    if layer.kind == "maxpool2":
        return _windows(x).max(-1)
    if layer.kind == "flatten":
        return x.reshape(len(x), -1)
    shifted = x - x.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def backward(layer, weights: Mapping, x: np.ndarray, dy: np.ndarray, found: dict) -> np.ndarray:
    """Return the gradient of a layer's input x; put those of its parameters into `found`."""
    if layer.kind == "dense":
        found[f"{layer.name}.weight"] = dy.T @ x
        found[f"{layer.name}.bias"] = dy.sum(0)
        return dy @ weights[f"{layer.name}.weight"]
    if layer.kind == "conv3x3":
        found[f"{layer.name}.bias"] = dy.sum((0, 2, 3))
        found[f"{layer.name}.weight"], dx = _conv_backward(x, weights[f"{layer.name}.weight"], dy)
        return dx
    if layer.kind == "relu":
        return dy * (x > 0)
    if layer.kind == "maxpool2":
        chosen = _windows(x).argmax(-1)  # the first among equals
        dx = np.zeros_like(x)
        for (b, c, row, column), place in np.ndenumerate(chosen):
            dx[b, c, 2 * row + place // 2, 2 * column + place % 2] = dy[b, c, row, column]
        return dx
    return dy.reshape(x.shape)


def _conv(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    count, _, rows, columns = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    y = np.zeros((count, len(kernel), rows, columns))
    for row in range(rows):
        for column in range(columns):
            window = padded[:, :, row : row + 3, column : column + 3]
            y[:, :, row, column] = np.einsum("bcij,ocij->bo", window, kernel)
    return y


def _conv_backward(x: np.ndarray, kernel: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    _, _, rows, columns = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    d_padded = np.zeros_like(padded)
    d_kernel = np.zeros(kernel.shape)
    for row in range(rows):
        for column in range(columns):
            window = np.s_[:, :, row : row + 3, column : column + 3]
            d_kernel += np.einsum("bcij,bo->ocij", padded[window], dy[:, :, row, column])
            d_padded[window] += np.einsum("bo,ocij->bcij", dy[:, :, row, column], kernel)
    return d_kernel, d_padded[:, :, 1:-1, 1:-1]


def _windows(x: np.ndarray) -> np.ndarray:
    """Return the 2×2 windows of x, (B, C, rows / 2, columns / 2, 4), each in row-major order."""
    count, channels, rows, columns = x.shape
    blocks = x.reshape(count, channels, rows // 2, 2, columns // 2, 2)
    return blocks.transpose(0, 1, 2, 4, 3, 5).reshape(count, channels, rows // 2, columns // 2, 4)


def sgd(weights: Mapping, velocity: Mapping, found: Mapping, learning_rate: float, momentum=0.0, weight_decay=0.0):
    """Return new weights and velocity by PyTorch's rule."""
    new_velocity = {n: momentum * velocity[n] + found[n] + weight_decay * np.float64(weights[n]) for n in weights}
    return {n: weights[n] - learning_rate * new_velocity[n] for n in weights}, new_velocity
