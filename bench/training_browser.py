"""Trains the same networks on the same digits in one Chromium tab and beside it, and compares samples per second.

Contenders: our kernel, driven from a Brython worker as in the page; onnxruntime-web with our train-step graph;
TensorFlow.js on its WebAssembly backend, which has no gradient of a convolution; ConvNetJS, for dense layers; and
PyTorch on one native thread. The peers come from npm and pip when this runs. They take turns, and the median of their
rounds counts, so that a busy machine slows all of them. `--help` lists the settings.
"""

import contextlib
import functools
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
from playwright.sync_api import Error, Page

from bench.browser.tab import open_page
from functions.dataset import block
from functions.models.training import initial_weights
from infra.dataset.sources import Sources, load_dataset
from infra.page import brython
from infra.page.bundle import worker_bundle
from infra.page.kernel_build import build_kernel
from infra.paths import BUILD, SITE
from model_export.architectures import ARCHITECTURES, parameter_table
from model_export.graphs import train_step_graph

HERE = Path(__file__).parent / "browser"
SERVED = BUILD / "bench" / "page"
NODE = BUILD / "bench-node"
PACKAGES = ("onnxruntime-web", "@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm", "convnetjs")
PEERS = ("onnxruntime-web", "tensorflow", "convnetjs")

Measure = Callable[[float], dict[str, Any]]


@click.command()
@click.option("--model", "models", multiple=True, type=click.Choice([*ARCHITECTURES]), help="All when left out.")
@click.option("--batch", default=128, show_default=True)
@click.option("--seconds", default=2.0, show_default=True, help="How long each contender trains in a round.")
@click.option("--rounds", default=5, show_default=True)
@click.option("--build", default="best", show_default=True, type=click.Choice(["best", "plain", "relaxed"]))
@click.option("--only", multiple=True, help="Contenders to run; all of them when left out.")
def main(models: tuple[str, ...], batch: int, seconds: float, rounds: int, build: str, only: tuple[str, ...]) -> None:
    """Compare training speeds, print a table for each model, and write them to build/bench/."""
    for model in models or ARCHITECTURES:
        prepare(model, batch, build)
        with contextlib.ExitStack() as stack:
            report(model, batch, compete(stack, model, batch, seconds, rounds, only))


def compete(
    stack: contextlib.ExitStack, model: str, batch: int, seconds: float, rounds: int, only: tuple[str, ...]
) -> dict[str, list[float]]:
    """Let the contenders take turns. Return each one's samples per second, round by round."""
    contenders = {}
    for name, start in starters(stack, model).items():
        if not only or name in only:
            try:
                contenders[name] = stack.enter_context(start())
            except Error as error:
                click.echo(f"{name} cannot train {model}: {error.message.splitlines()[0]}", err=True)
    speeds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, measure in contenders.items():
            result = measure(seconds)
            if number:  # the first round warms up
                speeds[name].append(result["steps"] * batch / result["seconds"])
    return speeds


def prepare(model: str, batch: int, build: str) -> None:
    """Put everything the page of the benchmark needs into one folder."""
    shutil.rmtree(SERVED, ignore_errors=True)
    (SERVED / "onnxruntime").mkdir(parents=True)
    install_peers()
    for name in ("main.js", "convnetjs.js", "tensorflow.js"):
        shutil.copy(HERE / name, SERVED)
    shutil.copy(HERE / "onnxruntime.js", SERVED / "onnxruntime-web.js")
    shutil.copy(HERE / "index.html", SERVED)
    (SERVED / "brython.js").write_bytes(brython.runtime())
    worker = worker_bundle(SITE / "scrawl", (HERE / "scrawl_worker.py").read_text("utf-8"))
    (SERVED / "scrawl.js").write_text(f"importScripts('brython.js')\n{worker}", "utf-8")
    for shared, suffix in ((False, ""), (True, "-threads")):
        build_kernel(SERVED / f"kernel{suffix}.wasm", shared=shared)
        build_kernel(SERVED / f"kernel{suffix}-relaxed.wasm", relaxed=True, shared=shared)
    shutil.copy(SITE / "helper.js", SERVED)
    (SERVED / "train_step.onnx").write_bytes(train_step_graph(ARCHITECTURES[model]))
    write_digits(model, batch, build)


def install_peers() -> None:
    """Fetch the contenders of the browser from npm, once."""
    if not all((NODE / "node_modules" / package).is_dir() for package in PACKAGES):
        NODE.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--prefix", str(NODE), "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES]
        subprocess.run(command, check=True)
    modules = NODE / "node_modules"
    for path in (modules / "onnxruntime-web" / "dist").glob("ort*wasm*"):
        if path.name.startswith(("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.")) and "." not in path.stem[24:]:
            shutil.copy(path, SERVED / "onnxruntime")
    shutil.copy(modules / "convnetjs" / "build" / "convnet.js", SERVED)
    shutil.copy(modules / "@tensorflow" / "tfjs" / "dist" / "tf.min.js", SERVED)
    for path in (modules / "@tensorflow" / "tfjs-backend-wasm" / "dist").glob("tf*"):
        if path.suffix == ".wasm" or path.name == "tf-backend-wasm.min.js":
            shutil.copy(path, SERVED)


def write_digits(model: str, batch: int, build: str) -> None:
    """Write the training digits, and what the contenders have to know."""
    dataset = load_dataset(Sources.from_environment(), click.echo)
    digits = dataset.splits["train"]
    count = len(digits) // batch * batch
    (SERVED / "digits.bin").write_bytes(block.encode(block.Block(digits.labels[:count], digits.pixels[:count])))
    layers = ARCHITECTURES[model].layers
    table = parameter_table(layers)
    weights = initial_weights(dict(table), seed=1)
    settings = {
        "model": model,
        "dataset": dataset.title,
        "batch": batch,
        "build": build,
        "count": count,
        "learningRate": 0.1,
        "layers": layers,
        "parameters": [{"name": name, "shape": shape} for name, shape in table],
        "initial": [{"name": name, "shape": w.shape, "values": w.ravel().tolist()} for name, w in weights.items()],
    }
    (SERVED / "settings.json").write_bytes(msgspec.json.encode(settings))


def starters(
    stack: contextlib.ExitStack, model: str
) -> dict[str, Callable[[], contextlib.AbstractContextManager[Measure]]]:
    """Return what starts each contender; those of the browser share one page."""
    page = functools.cache(lambda: stack.enter_context(open_page(SERVED, "window.measure")))
    peers = [name for name in PEERS if name != "convnetjs" or model.startswith("mlp")]
    browser = {name: functools.partial(in_browser, page, name) for name in ("scrawl", *peers)}
    return {**browser, "pytorch": in_torch}


@contextlib.contextmanager
def in_browser(page: Callable[[], Page], name: str) -> Iterator[Measure]:
    """Start a contender's worker in the page."""
    settings = json.loads((SERVED / "settings.json").read_text())
    page().evaluate("([name, settings]) => load(name, settings)", [name, settings])
    yield lambda seconds: page().evaluate("([name, seconds]) => measure(name, seconds)", [name, seconds])


@contextlib.contextmanager
def in_torch() -> Iterator[Measure]:
    """Start PyTorch in a process of its own."""
    command = [
        torch_python(),
        str(HERE / "torch_steps.py"),
        str(SERVED / "digits.bin"),
        str(SERVED / "settings.json"),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        reader, writer = process.stdout, process.stdin

        def measure(seconds: float) -> dict[str, Any]:
            writer.write(f"{seconds}\n")
            writer.flush()
            answer: dict[str, Any] = json.loads(reader.readline())
            return answer

        reader.readline()
        yield measure
        writer.close()


def torch_python() -> str:
    """Return an interpreter that has PyTorch: TORCH_PYTHON, this one, or one in a fresh virtual environment."""
    own = BUILD / "bench-torch"
    for python in (os.environ.get("TORCH_PYTHON"), sys.executable, str(own / "bin" / "python")):
        if python and shutil.which(python) and has_torch(python):
            return python
    for base in ("python3.12", "python3.11", "python3.13"):
        if shutil.which(base):
            subprocess.run([base, "-m", "venv", str(own)], check=True)
            subprocess.run([str(own / "bin" / "pip"), "install", "--quiet", "torch", "numpy"], check=True)
            return str(own / "bin" / "python")
    raise click.ClickException("PyTorch is needed: set TORCH_PYTHON to an interpreter that has it")


def has_torch(python: str) -> bool:
    """Tell whether an interpreter can import PyTorch."""
    return subprocess.run([python, "-c", "import torch"], capture_output=True).returncode == 0


def report(model: str, batch: int, rounds: dict[str, list[float]]) -> None:
    """Print the table, and keep the figures."""
    speeds = {name: statistics.median(values) for name, values in rounds.items()}
    ours = speeds.get("scrawl", float("nan"))
    click.echo(f"{f'{model}, batch {batch}':22}{'samples/s':>14}{'ours is':>10}{'spread':>14}")
    for name, speed in speeds.items():
        spread = f"{min(rounds[name]):,.0f}–{max(rounds[name]):,.0f}"
        click.echo(f"{name:22}{speed:>14,.0f}{ours / speed:>9.2f}×  {spread}")
    figures = {"model": model, "batch": batch, "samples_per_second": speeds, "rounds": rounds}
    (BUILD / "bench" / f"training-{model}.json").write_bytes(msgspec.json.encode(figures))


if __name__ == "__main__":
    main()
