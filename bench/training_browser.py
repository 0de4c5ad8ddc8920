"""Trains the same networks on the same digits in one Chromium tab and beside it, and compares samples per second.

Contenders: our kernel, driven from a Brython worker as in the page; onnxruntime-web with our train-step graph;
TensorFlow.js on its WebAssembly backend, which has no gradient of a convolution; ConvNetJS, for dense layers, which
knows no threads; and PyTorch, natively. All others run on one thread, and on as many as `--threads` says; the page is
isolated, so that they can. The peers come from npm and pip when this runs, each into a folder of its own below
build/. They take turns, and the median of their rounds counts, so that a busy machine slows all of them. `--help`
lists the settings.
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
SINGLE = ("convnetjs",)  # which have no threads
OURS, THREADED = "scrawl", "{}, {} threads"

Measure = Callable[[float], dict[str, Any]]


@click.command()
@click.option("--model", "models", multiple=True, type=click.Choice([*ARCHITECTURES]), help="All when left out.")
@click.option("--batch", default=128, show_default=True)
@click.option("--seconds", default=2.0, show_default=True, help="How long each contender trains in a round.")
@click.option("--rounds", default=5, show_default=True)
@click.option(
    "--threads",
    default=min(8, max(2, os.cpu_count() or 2)),
    show_default=True,
    type=click.IntRange(1, 16),
    help="The contenders train on one thread and on so many.",
)
@click.option("--build", default="best", show_default=True, type=click.Choice(["best", "plain", "relaxed"]))
@click.option("--only", multiple=True, help="Contenders to run; all of them when left out.")
def main(
    models: tuple[str, ...], batch: int, seconds: float, rounds: int, threads: int, build: str, only: tuple[str, ...]
) -> None:
    """Compare training speeds, print a table for each model, and write them to build/bench/."""
    for model in models or ARCHITECTURES:
        prepare(model, batch, build)
        with contextlib.ExitStack() as stack:
            counts = tuple(dict.fromkeys((1, threads)))
            report(model, batch, compete(stack, model, batch, seconds, rounds, only, counts))


def compete(
    stack: contextlib.ExitStack,
    model: str,
    batch: int,
    seconds: float,
    rounds: int,
    only: tuple[str, ...],
    counts: tuple[int, ...],
) -> dict[str, list[float]]:
    """Let the contenders take turns. Return each one's samples per second, round by round."""
    contenders = {}
    for name, start in starters(stack, model, counts).items():
        if not only or name.split(",")[0] in only:
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
    stack: contextlib.ExitStack, model: str, counts: tuple[int, ...]
) -> dict[str, Callable[[], contextlib.AbstractContextManager[Measure]]]:
    """Return what starts each contender with each number of threads; those of the browser share one page."""
    page = functools.cache(lambda: stack.enter_context(open_page(SERVED, "window.measure")))
    peers = [name for name in PEERS if name != "convnetjs" or model.startswith("mlp")]
    found: dict[str, Callable[[], contextlib.AbstractContextManager[Measure]]] = {}
    for threads in counts:
        for name in (OURS, *(peer for peer in peers if threads == 1 or peer not in SINGLE)):
            found[titled(name, threads)] = functools.partial(in_browser, page, name, threads)
        found[titled("pytorch", threads)] = functools.partial(in_torch, threads)
    return found


def titled(name: str, threads: int) -> str:
    """Return what a contender is called in the table."""
    return name if threads == 1 else THREADED.format(name, threads)


@contextlib.contextmanager
def in_browser(page: Callable[[], Page], name: str, threads: int) -> Iterator[Measure]:
    """Start a contender's worker in the page; each number of threads has one of its own."""
    settings = json.loads((SERVED / "settings.json").read_text()) | {"threads": threads}
    worker = titled(name, threads)
    page().evaluate("([worker, settings, name]) => load(worker, settings, name)", [worker, settings, name])
    measure = "([worker, seconds, threads]) => measure(worker, seconds, {}, threads)"
    yield lambda seconds: page().evaluate(measure, [worker, seconds, threads])


@contextlib.contextmanager
def in_torch(threads: int) -> Iterator[Measure]:
    """Start PyTorch in a process of its own."""
    command = [
        torch_python(),
        str(HERE / "torch_steps.py"),
        str(SERVED / "digits.bin"),
        str(SERVED / "settings.json"),
        str(threads),
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
    """Print the table, with what ours is of each on the same number of threads and at its best; keep the figures."""
    speeds = {name: statistics.median(values) for name, values in rounds.items()}
    best = max([speed for name, speed in speeds.items() if name.split(",")[0] == OURS], default=float("nan"))
    click.echo(f"{f'{model}, batch {batch}':28}{'samples/s':>14}{'ours is':>10}{'at best':>10}{'spread':>14}")
    for name, speed in speeds.items():
        ours = speeds.get(name.replace(name.split(",")[0], OURS), float("nan"))
        spread = f"{min(rounds[name]):,.0f}–{max(rounds[name]):,.0f}"
        click.echo(f"{name:28}{speed:>14,.0f}{ours / speed:>9.2f}×{best / speed:>9.2f}×  {spread}")
    figures = {"model": model, "batch": batch, "samples_per_second": speeds, "rounds": rounds}
    (BUILD / "bench" / f"training-{model}.json").write_bytes(msgspec.json.encode(figures))


if __name__ == "__main__":
    main()
