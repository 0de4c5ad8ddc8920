"""What the tests of `/weights` share: formats, shapes, bodies."""

import numpy as np
import safetensors.numpy

from functions.dataset.block import Block
from functions.weights.versions import Version
from tests.support.api import Api

SAFETENSORS = "application/vnd.safetensors"
OCTETS = "application/octet-stream"
ONNX = "application/vnd.onnx"
SHAPES = {"fc1.weight": (128, 784), "fc1.bias": (128,), "fc2.weight": (10, 128), "fc2.bias": (10,)}


def sent(values: dict[str, np.ndarray]) -> bytes:
    """Return tensors as a safetensors file, by the format's own package."""
    return safetensors.numpy.save(values)


def copied(version: Version) -> dict[str, np.ndarray]:
    """Return a version's tensors, to be changed."""
    return {name: tensor.copy() for name, tensor in version.tensors.items()}


def lesson(api: Api, count: int = 1) -> Block:
    """Return the first digits to train on."""
    some = api.service.dataset.shard("train", 0)
    return Block(some.labels[:count], some.pixels[:count])


def as_json(some: Block) -> dict[str, list[dict[str, object]]]:
    """Return labelled digits as `/data` gives them."""
    images = some.images().tolist()
    return {
        "data": [{"target": int(label), "image": image} for label, image in zip(some.labels, images, strict=True)]
    }
