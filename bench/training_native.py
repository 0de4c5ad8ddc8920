"""Trains each network through its ONNX train-step graph and in PyTorch, on the same digits, and compares the speeds.

Whole steps are timed, forward, backward and update, from batches that are in memory. Ours also computes momentum and
weight decay, PyTorch's plain SGD does not. The two take turns, and the median of their rounds counts, so that a busy
machine slows both. `--help` lists the settings.
"""

import contextlib
import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import msgspec
import numpy as np

from bench.training_browser import torch_python
from functions.dataset import block
from functions.models.training import Trainer, TrainState, initial_weights
from infra.dataset.sources import Sources, load_dataset
from infra.paths import BUILD
from model_export.architectures import ARCHITECTURES, parameter_table
from model_export.graphs import train_step_graph

OUT = BUILD / "bench"
COUNT = 6000  # digits trained on, over and over
Measure = Callable[[float], float]  # seconds to samples per second


@click.command()
@click.option("--model", "models", multiple=True, type=click.Choice([*ARCHITECTURES]), default=[*ARCHITECTURES])
@click.option("--batch", default=128, show_default=True)
@click.option("--seconds", default=2.0, show_default=True, help="How long each trains in a round.")
@click.option("--rounds", default=5, show_default=True)
def main(models: tuple[str, ...], batch: int, seconds: float, rounds: int) -> None:
    """Compare training speeds, print a table, and write it to build/bench/."""
    OUT.mkdir(parents=True, exist_ok=True)
    digits = load_dataset(Sources.from_environment(), click.echo).splits["train"]
    digits = block.Block(digits.labels[:COUNT], digits.pixels[:COUNT])
    (OUT / "native-digits.bin").write_bytes(block.encode(digits))
    click.echo(f"{'batch ' + str(batch):14}{'threads':>8}{'ours':>12}{'PyTorch':>12}{'ratio':>8}")
    results = []
    for model in models:
        for threads in sorted({1, os.cpu_count() or 1}):
            ours, torchs = compare(model, digits, batch, threads, seconds, rounds)
            results.append({"model": model, "batch": batch, "threads": threads, "ours": ours, "pytorch": torchs})
            click.echo(f"{model:14}{threads:>8}{ours:>12,.0f}{torchs:>12,.0f}{ours / torchs:>7.2f}×")
    (OUT / "training-native.json").write_bytes(msgspec.json.encode(results))


def compare(
    model: str, digits: block.Block, batch: int, threads: int, seconds: float, rounds: int
) -> tuple[float, float]:
    """Return the median samples per second of ours and of PyTorch, taking turns; the first round warms up."""
    ours = in_onnx_runtime(model, digits, batch, threads)
    with in_torch(model, len(digits), batch, threads) as torchs:
        measured = [(ours(seconds), torchs(seconds)) for _ in range(rounds + 1)][1:]
    return statistics.median(first for first, _ in measured), statistics.median(second for _, second in measured)


def in_onnx_runtime(model: str, digits: block.Block, batch: int, threads: int) -> Measure:
    """Return a function that trains through our graph for some seconds."""
    shapes = dict(parameter_table(ARCHITECTURES[model].layers))
    trainer = Trainer(train_step_graph(ARCHITECTURES[model]), shapes, threads)
    images, labels = digits.images(), digits.labels.astype(np.int64)
    state, place = TrainState.fresh(initial_weights(shapes, 0)), 0

    def measure(seconds: float) -> float:
        nonlocal state, place
        start, steps = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - start) < seconds:
            rows = slice(place, place + batch)
            place = (place + batch) % (len(labels) - batch + 1)
            state = trainer.step(state, images[rows], labels[rows], learning_rate=0.05).state
            steps += 1
        return steps * batch / elapsed

    return measure


@contextlib.contextmanager
def in_torch(model: str, count: int, batch: int, threads: int) -> Iterator[Measure]:
    """Start PyTorch in a process of its own; yield a function that trains there for some seconds."""
    layers = msgspec.to_builtins(ARCHITECTURES[model].layers)
    settings = {"layers": layers, "count": count, "batch": batch, "learningRate": 0.05, "threads": threads}
    (OUT / "native-settings.json").write_text(json.dumps(settings), "utf-8")
    program = Path(__file__).parent / "browser" / "torch_steps.py"
    command = [torch_python(), str(program), str(OUT / "native-digits.bin"), str(OUT / "native-settings.json")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        reader, writer = process.stdout, process.stdin
        reader.readline()

        def measure(seconds: float) -> float:
            writer.write(f"{seconds}\n")
            writer.flush()
            result = json.loads(reader.readline())
            return float(result["steps"] * batch / result["seconds"])

        yield measure
        writer.close()


if __name__ == "__main__":
    main()
