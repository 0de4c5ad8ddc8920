"""The same networks in PyTorch, run by tests in an interpreter that has it; imports nothing of Scrawl.

Usage: torch_twin.py LAYERS_AND_SETTINGS FOLDER. Reads in.npz (first weights, batches of images and labels, of each
layer of dropout a mask per batch), writes out.npz: the first batch's gradients, the losses and the weights after one
step per batch.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812


def scores(layers: list[dict[str, Any]], weights: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    if layers[0]["kind"] == "conv3x3":
        x = x.reshape(-1, 1, 28, 28)
    for layer in layers:
        weight, bias = weights.get(layer["name"] + ".weight"), weights.get(layer["name"] + ".bias")
        mask, kept = weights.get(layer["name"] + ".mask"), 1 - layer.get("rate", 0)
        kinds: dict[str, Callable[..., torch.Tensor]] = {
            "dense": lambda x, w=weight, b=bias: F.linear(x, w, b),
            "conv3x3": lambda x, w=weight, b=bias: F.conv2d(x, w, b, padding=1),
            "relu": torch.relu,
            "tanh": torch.tanh,
            "sigmoid": torch.sigmoid,
            "gelu": F.gelu,
            "dropout": lambda x, mask=mask, kept=kept: x * mask / kept,
            "maxpool2": lambda x: F.max_pool2d(x, 2),
            "flatten": lambda x: x.flatten(1),
            "log_softmax": lambda x: F.log_softmax(x, 1),
        }
        x = kinds[layer["kind"]](x)
    return x


def main(folder: Path, layers: list[dict[str, Any]], settings: dict[str, Any]) -> None:
    data = dict(np.load(folder / "in.npz"))
    images, labels = torch.from_numpy(data.pop("images")), torch.from_numpy(data.pop("labels"))
    masks = {name: torch.from_numpy(data.pop(name)) for name in [*data] if name.endswith(".mask")}
    weights = {name: torch.from_numpy(value).requires_grad_() for name, value in data.items()}
    rate, decay = settings["learning_rate"], settings["weight_decay"]
    if settings.get("optimizer") == "adam":
        optimizer = torch.optim.AdamW(weights.values(), rate, weight_decay=decay)
    else:
        optimizer = torch.optim.SGD(weights.values(), rate, settings["momentum"], weight_decay=decay)
    losses: list[float] = []
    first: dict[str, Any] = {}
    for number, (x, y) in enumerate(zip(images, labels, strict=True)):
        optimizer.zero_grad()
        drawn = {name: mask[number] for name, mask in masks.items()}
        loss = F.nll_loss(scores(layers, weights | drawn, x), y)
        loss.backward()
        first = first or {f"gradient.{name}": w.grad.numpy().copy() for name, w in weights.items()}
        optimizer.step()
        losses.append(loss.item())
    after = {name: w.detach().numpy() for name, w in weights.items()}
    np.savez(folder / "out.npz", losses=np.array(losses), **first, **after)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[2]), *json.loads(sys.argv[1]))
