"""Times each primitive of a training step in a Chromium worker, next to a plain matrix product in the same tab.

A network is trained a little on real digits, by wasmtime, so that blank pixels and idle units are as in practice; the
tab then gets its memory and repeats each call of the step by itself. "dense" counts the operations of the layer's
definition, whatever is skipped or saved: where it exceeds the matrix product, structure is at work.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np

from bench.browser.tab import open_page
from functions.models.training import initial_weights
from infra.dataset.sources import Sources, load_dataset
from infra.page.kernel_build import build_kernel
from infra.paths import BUILD, SITE
from model_export.architectures import ARCHITECTURES, parameter_table
from tests.support.networks.kernel_host import WasmtimeKernel

sys.path.append(str(SITE))  # the page's Python

from scrawl.net import program
from scrawl.net.convolution import Convolution, ImageConvolution
from scrawl.net.interfaces import LayerDescription, ParameterDescription
from scrawl.net.network import Network, Samples

HERE = Path(__file__).parent / "browser"
SERVED = BUILD / "bench" / "primitives"
SIDE = 256  # of the plain matrix product

Call = tuple[str, str, float, list[Any]]  # primitive, what it is for, operations per sample, arguments


@click.command()
@click.option("--model", default="conv-32-64", show_default=True, type=click.Choice([*ARCHITECTURES]))
@click.option("--batch", default=128, show_default=True)
@click.option("--steps", default=60, show_default=True, help="How long the network is trained beforehand.")
@click.option("--plain", is_flag=True, help="Use the build without relaxed SIMD.")
def main(model: str, batch: int, steps: int, plain: bool) -> None:
    """Print microseconds per sample and GFLOP/s of each primitive, and write them to build/bench/."""
    shutil.rmtree(SERVED, ignore_errors=True)
    SERVED.mkdir(parents=True)
    kernel = WasmtimeKernel(not plain)
    calls = [gemm(kernel), *step_calls(kernel, model, batch, steps)]
    (SERVED / "memory.bin").write_bytes(kernel.read_bytes(0, kernel.end))
    build_kernel(SERVED / "kernel.wasm", relaxed=not plain)
    shutil.copy(HERE / "primitives.js", SERVED)
    shutil.copy(HERE / "main.js", SERVED)
    (SERVED / "calls.json").write_text(json.dumps(calls))
    (SERVED / "index.html").write_text(
        '<!doctype html><link rel="icon" href="data:,"><script src="main.js"></script>'
    )
    report(model, batch, calls, measure(calls))


def gemm(kernel: WasmtimeKernel) -> Call:
    """Return a plain product of square matrices."""
    a, b, c = (kernel.put(np.random.default_rng(n).normal(size=(SIDE, SIDE)).astype(np.float32)) for n in range(3))
    return "matmul", f"plain, {SIDE}³", 2 * SIDE**3, [c, SIDE, a, SIDE, 1, b, SIDE, SIDE, SIDE, SIDE, 0, 0, 1.0]


def step_calls(kernel: WasmtimeKernel, model: str, batch: int, steps: int) -> list[Call]:
    """Train, and return the calls that a step makes, with a learning rate of 0."""
    digits = load_dataset(Sources.from_environment(), click.echo).splits["train"]
    steps = min(steps, len(digits.labels) // batch)
    samples = Samples(kernel, batch * steps)
    samples.store(0, digits.labels[: batch * steps].tobytes(), digits.pixels[: batch * steps].tobytes())
    samples.shuffle([(0, batch * steps)], 1)
    network = build(kernel, model, batch)
    network.train_steps(samples, 0, batch, steps, 0.05)
    registers = [samples.images, samples.labels, samples.order, 0, batch, 0.0, 1.0]
    words, size = network.training_program("sgd", False).words, program.WORDS
    found = []
    for start in range(0, len(words), size):
        name = list(program.PRIMITIVES)[words[start] & 0xFFFF]
        given = words[start + 2 : start + size]
        values = [registers[v] if words[start + 1] >> i & 1 else v for i, v in enumerate(given)]
        label, operations = described_call(network, name, values)
        arity = len(kernel.exports[name].type(kernel.store).params)
        found.append((name, label, operations, values[:arity]))
    return found


def build(kernel: WasmtimeKernel, model: str, batch: int) -> Network:
    """Return the network with its first weights."""
    layers = ARCHITECTURES[model].layers
    table = parameter_table(layers)
    described = [LayerDescription(kind=x.kind, name=x.name, inputs=x.inputs, outputs=x.outputs) for x in layers]
    parameters = [ParameterDescription(name=name, shape=list(shape)) for name, shape in table]
    network = Network(kernel, described, parameters, batch)
    network.load(initial_weights(dict(table), 1))
    return network


def described_call(network: Network, name: str, a: list[Any]) -> tuple[str, float]:
    """Return what a call is for, and the operations of its definition per sample."""
    if name == "matmul":
        rows, columns, depth = a[7:10]
        return f"{rows} × {columns} × {depth}", 2.0 * rows * columns * depth / network.max_batch
    if name.startswith("sparse"):
        inputs, hidden = (a[5], a[6]) if name.endswith("forward") else (a[4], a[5])
        return f"{inputs} → {hidden}", 2.0 * inputs * hidden
    for layer in network.layers:
        if isinstance(layer, Convolution | ImageConvolution) and layer.shape == a[0]:
            once = 2.0 * 9 * layer.inputs * layer.outputs * layer.side**2
            return layer.name, 0.0 if name == "conv_prepare" else once
    return "", 0.0


def measure(calls: list[Call]) -> list[float]:
    """Return nanoseconds per call, in the tab."""
    given = {
        "module": "kernel.wasm",
        "memory": "memory.bin",
        "calls": [[name, *values] for name, _, _, values in calls],
    }
    with open_page(SERVED, "window.measure") as page:
        page.evaluate("given => load('primitives', given)", given)
        times: list[float] = page.evaluate("measure('primitives', 0.5)")["nanoseconds"]
        return times


def report(model: str, batch: int, calls: list[Call], times: list[float]) -> None:
    """Print the table, and keep the figures."""
    heading = f"{model}, batch {batch}"
    click.echo(f"{heading:44}{'µs/sample':>12}{'dense GFLOP/s':>15}")
    rows: list[dict[str, Any]] = []
    for (name, label, operations, _), time in zip(calls, times, strict=True):
        samples = 1 if label.startswith("plain") else batch
        rate = operations * samples / time
        rows.append({"primitive": name, "what": label, "microseconds": time / samples / 1000, "gflops": rate})
        click.echo(f"{name:22}{label:22}{time / samples / 1000:>12.2f}{rate:>15.1f}")
    total = sum(row["microseconds"] for row in rows[1:])
    click.echo(f"{'all of a step':44}{total:>12.2f}  {1e6 / total:,.0f} samples/s")
    (BUILD / "bench" / f"primitives-{model}.json").write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
