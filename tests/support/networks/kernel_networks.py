"""Networks of the kernel for the tests: their layers, first weights, and digits to train them on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scrawl.net.network import Network, Samples

from functions.models.training import initial_weights
from model_export.architectures import ARCHITECTURES, RELU, dense, parameter_table
from model_export.architectures import LOG_SOFTMAX as TOP
from tests.support.networks.kernel_host import WasmtimeKernel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from scrawl.net.interfaces import Floats, LayerDescription, ParameterDescription

    from functions.models.manifest import Layer

    type Layers = tuple[Layer, ...]

NETWORKS: dict[str, Layers] = {
    "mlp-128": ARCHITECTURES["mlp-128"].layers,
    "mlp-128-64": ARCHITECTURES["mlp-128-64"].layers,
    "conv-32-64": ARCHITECTURES["conv-32-64"].layers,
    "no hidden layer": (dense("fc1", 784, 10), TOP),
    "odd sizes": (dense("fc1", 784, 37), RELU, dense("fc2", 37, 5), RELU, dense("fc3", 5, 10), TOP),
}


def build(kernel: WasmtimeKernel, layers: Layers, max_batch: int) -> Network:
    return Network(kernel, layers_described(layers), parameters_described(layers), max_batch)


def layers_described(layers: Layers) -> list[LayerDescription]:
    """Return the layers as models.json has them."""
    return [
        {"kind": x.kind, "name": x.name, "inputs": x.inputs, "outputs": x.outputs, "rate": x.rate} for x in layers
    ]


def parameters_described(layers: Layers) -> list[ParameterDescription]:
    """Return the layers' parameters as models.json has them."""
    return [{"name": name, "shape": list(shape)} for name, shape in parameter_table(layers)]


def weights_for(layers: Layers) -> dict[str, NDArray[np.float32]]:
    weights = initial_weights(dict(parameter_table(layers)), seed=1)
    rng = np.random.default_rng(2)
    return {name: (w + rng.normal(0, 0.01, w.shape)).astype(np.float32) for name, w in weights.items()}


def digits(count: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return (count, 784) pixels, a fifth of them inked, one picture blank; and labels that can be learnt."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, count).astype(np.uint8)
    likely = np.random.default_rng(0).random((10, 784)) < 0.2
    pixels = (rng.integers(1, 256, (count, 784)) * (likely[labels] ^ (rng.random((count, 784)) < 0.05))).astype(
        np.uint8
    )
    pixels[count // 2] = 0
    return pixels, labels


def stored(kernel: WasmtimeKernel, pixels: np.ndarray, labels: np.ndarray) -> Samples:
    samples = Samples(kernel, len(labels))
    samples.store(0, labels.tobytes(), pixels.tobytes())
    return samples


def order_of(kernel: WasmtimeKernel, samples: Samples) -> np.ndarray:
    return kernel.read(samples.order, np.uint32, samples.count)


def arrays(weights: Mapping[str, Floats]) -> dict[str, NDArray[np.float32]]:
    """Return a network's weights, as it exports them, as NumPy arrays, flat."""
    return {name: np.asarray(floats, np.float32) for name, floats in weights.items()}


def as_bytes(weights: Mapping[str, Floats]) -> bytes:
    """Return all of a network's weights in one piece, to compare them to the last bit."""
    return b"".join(array.tobytes() for array in arrays(weights).values())
