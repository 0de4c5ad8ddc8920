"""How fast our own kernel trains in the browser on 1, 2, 4, 8 and 16 threads, as far as this machine has cores.

The numbers of threads take turns in one worker. The median of the rounds is what a person gets; the best one is what
the kernel can do when nothing else runs.
`python -m bench.threads --help` lists the settings.
"""

import json
import os
import statistics

import click
import msgspec

from bench.browser.tab import open_page
from bench.training_browser import SERVED, prepare
from infra.paths import BUILD
from model_export.architectures import ARCHITECTURES

COUNTS = (1, 2, 4, 8, 16)


@click.command()
@click.option("--model", "models", multiple=True, type=click.Choice([*ARCHITECTURES]), help="All when left out.")
@click.option("--batch", default=128, show_default=True)
@click.option("--seconds", default=0.3, show_default=True, help="How long each trains in a round.")
@click.option("--rounds", default=9, show_default=True)
def main(models: tuple[str, ...], batch: int, seconds: float, rounds: int) -> None:
    """Print a table for each model, and write the figures to build/bench/threads.json."""
    figures = {}
    for model in models or ARCHITECTURES:
        prepare(model, batch, "best")
        figures[model] = speeds = measure(batch, seconds, rounds)
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


if __name__ == "__main__":
    main()
