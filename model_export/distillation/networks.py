"""The networks in PyTorch: the shipped ones, from their lists of layers, and the large ones that teach them."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import nn

from functions.dataset.block import CLASSES, COLUMNS, ROWS
from functions.models.manifest import Layer
from functions.models.training import initial_weights
from model_export.architectures import Architecture, parameter_table

type Parameters = dict[str, torch.Tensor]


def first_parameters(architecture: Architecture, seed: int, device: str) -> Parameters:
    """Return an architecture's initial weights, the same as `scrawl train` starts from."""
    return parameters_of(initial_weights(dict(parameter_table(architecture.layers)), seed), device)


def parameters_of(weights: Mapping[str, NDArray[np.float32]], device: str) -> Parameters:
    """Return weights as tensors to train."""
    return {name: torch.tensor(value, device=device, requires_grad=True) for name, value in weights.items()}


def scores(layers: Sequence[Layer], parameters: Parameters, images: torch.Tensor) -> torch.Tensor:
    """Return (B, 10), the scores before the last layer's log-softmax, of images (B, 1, 28, 28)."""
    x = images if layers[0].kind == "conv3x3" else images.flatten(1)
    for layer in layers:
        weight, bias = parameters.get(f"{layer.name}.weight"), parameters.get(f"{layer.name}.bias")
        if layer.kind == "dense":
            x = F.linear(x, weight, bias)
        elif layer.kind == "conv3x3":
            x = F.conv2d(x, weight, bias, padding=1)
        elif layer.kind == "relu":
            x = torch.relu(x)
        elif layer.kind == "maxpool2":
            x = F.max_pool2d(x, 2)
        elif layer.kind == "flatten":
            x = x.flatten(1)
    return x


def cooled(layers: Sequence[Layer], parameters: Parameters, temperature: float) -> Parameters:
    """Return weights whose scores are divided by a temperature: the last layer's are."""
    last = [layer.name for layer in layers if layer.kind == "dense"][-1]
    return {name: value / temperature if name.startswith(f"{last}.") else value for name, value in parameters.items()}


def as_numpy(parameters: Mapping[str, torch.Tensor]) -> dict[str, NDArray[np.float32]]:
    """Return weights as the rest of Scrawl has them."""
    return {name: value.detach().float().cpu().numpy().copy() for name, value in parameters.items()}


def teacher(width: int = 64) -> nn.Sequential:
    """Return a large network: three stages of two 3×3 convolutions with batch normalisation, then a mean."""
    stages: list[nn.Module] = []
    channels = 1
    for stage in range(3):
        wide = width << stage
        stages += [*_convolution(channels, wide), *_convolution(wide, wide)]
        stages += [nn.MaxPool2d(2)] if stage < 2 else [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        channels = wide
    return nn.Sequential(*stages, nn.Dropout(0.2), nn.Linear(channels, CLASSES))


def _convolution(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def as_images(pixels: torch.Tensor) -> torch.Tensor:
    """Return bytes (B, 784) as images (B, 1, 28, 28) in 0..1."""
    return pixels.reshape(-1, 1, ROWS, COLUMNS).float() / 255
