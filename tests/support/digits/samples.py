"""Made-up digits for tests: like MNIST in that most pixels are 0 and ink lies in a blob, but needing no download.

Made-up weights and masks of dropout, too.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from functions.models.manifest import Layer
from functions.models.training import initial_weights


def digit_like(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return images (count, 784) float32 in 0..1, multiples of 1/255 as from bytes, and labels (count,) int64."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:28, 0:28]
    images = np.zeros((count, 28, 28))
    for image in images:
        for y, x in random.uniform(7, 21, (4, 2)):
            image += np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 6)
    pixels = np.round(np.clip(images - 0.2, 0, 1) * random.uniform(0.8, 1, images.shape) * 255)
    return (pixels / 255).astype(np.float32).reshape(count, 784), random.integers(0, 10, count)


def weights_with_biases(shapes: Mapping[str, tuple[int, ...]], seed: int) -> dict[str, np.ndarray]:
    """Return first weights with biases that are not zero, so that a wrong bias shows."""
    weights = initial_weights(shapes, seed)
    random = np.random.default_rng(seed)
    return {n: w if w.ndim > 1 else random.normal(0, 0.1, w.shape).astype(np.float32) for n, w in weights.items()}


def masks_of(layers: Iterable[Layer], count: int, seed: int) -> dict[str, np.ndarray]:
    """Return a mask (count, units) of 0 and 1 for each layer of dropout."""
    random = np.random.default_rng(seed)
    dropouts = [layer for layer in layers if layer.kind == "dropout"]
    shapes = {f"{layer.name}.mask": (count, layer.outputs) for layer in dropouts}
    return {name: random.integers(0, 2, shape).astype(np.float32) for name, shape in shapes.items()}
