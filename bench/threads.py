"""How fast our own kernel trains in the browser on 1, 2, 4, 8 and 16 threads, as far as this machine has cores.

The numbers of threads take turns in one worker. The median of the rounds is what a person gets; the best one is what
the kernel can do when nothing else runs. With `--native` it is wasmtime that runs the same kernel, a few steps at a
time: on a busy machine such moments are the likelier to be undisturbed.
`python -m bench.threads --help` lists the settings.
"""

import contextlib
import functools
import json
import os
import statistics
import sys
import time

import click
import msgspec

from bench.browser.tab import open_page
from bench.primitives import build
from bench.training_browser import SERVED, prepare
from infra.dataset.sources import Sources, load_dataset
from infra.paths import BUILD, SITE
from model_export.architectures import ARCHITECTURES
from tests.support.networks.threaded_kernel import ThreadedKernel

sys.path.append(str(SITE))  # the page's Python

from scrawl.net.network import Samples

COUNTS = (1, 2, 4, 8, 16)


@click.command()
@click.option("--model", "models", multiple=True, type=click.Choice([*ARCHITECTURES]), help="All when left out.")
@click.option("--batch", default=128, show_default=True)
@click.option("--seconds", default=0.3, show_default=True, help="How long each trains in a round.")
@click.option("--rounds", default=9, show_default=True)
@click.option("--native", is_flag=True, help="Run the kernel with wasmtime instead of the browser.")
def main(models: tuple[str, ...], batch: int, seconds: float, rounds: int, native: bool) -> None:
    """Print a table for each model, and write the figures to build/bench/threads.json."""
    figures = {}
    for model in models or ARCHITECTURES:
        if native:
            speeds = measure_native(model, batch, seconds, rounds)
        else:
            prepare(model, batch, "best")
            speeds = measure(batch, seconds, rounds)
        figures[model] = speeds
        click.echo(f"{f'{model}, batch {batch}':22}{'samples/s':>12}{'of one':>9}{'at best':>12}{'of one':>9}")
        one = speeds[1]
        for threads, measured in speeds.items():
            middle, best = statistics.median(measured), max(measured)
            ratios = middle / statistics.median(one), best / max(one)
            click.echo(f"{threads:<22}{middle:>12,.0f}{ratios[0]:>9.2f}{best:>12,.0f}{ratios[1]:>9.2f}")
    (BUILD / "bench" / "threads.json").write_bytes(msgspec.json.encode(figures))


def measure(batch: int, seconds: float, rounds: int) -> dict[int, list[float]]:
    """Return the samples per second of each number of threads, round by round."""
    speeds: dict[int, list[float]] = {count: [] for count in COUNTS if count <= (os.cpu_count() or 1)}
    with open_page(SERVED, "window.measure && window.load") as page:
        page.evaluate("settings => load('scrawl', settings)", json.loads((SERVED / "settings.json").read_text()))
        for number in range(rounds + 1):
            for threads in speeds:
                script = "([seconds, threads]) => measure('scrawl', seconds, {}, threads)"
                page.evaluate(script, [0.05, threads])  # helpers start
                result = page.evaluate(script, [seconds, threads])
                if number:  # the first round warms up
                    speeds[threads].append(result["steps"] * batch / result["seconds"])
    return speeds


def measure_native(model: str, batch: int, seconds: float, rounds: int) -> dict[int, list[float]]:
    """Return the same of the kernel that wasmtime runs, each number of threads with a kernel of its own."""
    steps = 8 if model.startswith("mlp") else 1
    digits = load_dataset(Sources.from_environment(), click.echo).splits["train"]
    labels, pixels = digits.labels[: batch * steps].tobytes(), digits.pixels[: batch * steps].tobytes()
    speeds: dict[int, list[float]] = {}
    with contextlib.ExitStack() as stack:
        trainers = {}
        for threads in [count for count in COUNTS if count <= (os.cpu_count() or 1)]:
            kernel = stack.enter_context(ThreadedKernel(threads, relaxed=True, most_threads=threads))
            samples, network = Samples(kernel, batch * steps), build(kernel, model, batch)
            samples.store(0, labels, pixels)
            samples.shuffle([(0, batch * steps)], 1)
            trainers[threads] = functools.partial(network.train_steps, samples, 0, batch, steps, 0.01)
            speeds[threads] = []
        end = time.perf_counter() + seconds * rounds * len(trainers)
        while time.perf_counter() < end:
            for threads, train in trainers.items():
                train()  # helpers wake up
                started = time.perf_counter()
                train()
                speeds[threads].append(batch * steps / (time.perf_counter() - started))
    return speeds


if __name__ == "__main__":
    main()
