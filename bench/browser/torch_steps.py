"""PyTorch training the same layers on the same digits, on one thread or on more; needs torch only.

Usage: torch_steps.py DIGITS SETTINGS [THREADS]. Writes {"ready"} once, then, for each number of seconds read from
standard input, {"steps", "seconds", "loss"}. Images and labels become tensors before the clock starts.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn


def build(layers: list[dict[str, Any]]) -> nn.Sequential:
    """Make the network from the manifest's layers."""
    kinds: dict[str, Callable[[dict[str, Any]], nn.Module]] = {
        "dense": lambda layer: nn.Linear(layer["inputs"], layer["outputs"]),
        "conv3x3": lambda layer: nn.Conv2d(layer["inputs"], layer["outputs"], 3, padding=1),
        "relu": lambda _: nn.ReLU(),
        "maxpool2": lambda _: nn.MaxPool2d(2),
        "flatten": lambda _: nn.Flatten(),
        "log_softmax": lambda _: nn.LogSoftmax(1),
    }
    return nn.Sequential(*(kinds[layer["kind"]](layer) for layer in layers))


def main(digits: str, settings_file: str, threads: str = "") -> None:
    """Answer each request on standard input."""
    settings = json.loads(Path(settings_file).read_text())
    torch.set_num_threads(int(threads) if threads else settings.get("threads", 1))
    data = torch.frombuffer(bytearray(Path(digits).read_bytes()), dtype=torch.uint8)
    count, batch = settings["count"], settings["batch"]
    labels = data[16 : 16 + count].long()
    images = data[16 + count :].reshape(count, 784).float() / 255
    if settings["layers"][0]["kind"] == "conv3x3":
        images = images.reshape(count, 1, 28, 28)
    network = build(settings["layers"])
    optimizer = torch.optim.SGD(network.parameters(), lr=settings["learningRate"])
    place = 0

    def step() -> torch.Tensor:
        nonlocal place
        rows = slice(place, place + batch)
        place = (place + batch) % (count - batch + 1)
        optimizer.zero_grad()
        loss = nn.functional.nll_loss(network(images[rows]), labels[rows])
        loss.backward()
        optimizer.step()
        return loss

    print(json.dumps({"ready": True, "version": torch.__version__}), flush=True)
    for line in sys.stdin:
        start, steps = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - start) < float(line):
            loss = step()
            steps += 1
        print(json.dumps({"steps": steps, "seconds": elapsed, "loss": loss.item()}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
