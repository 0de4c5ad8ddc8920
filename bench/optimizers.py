"""How fast our own kernel trains in the browser with each optimizer, with and without varied digits.

The rules take turns in one worker, and the median of their rounds counts. `bench.training_browser`
compares plain SGD with other libraries. `python -m bench.optimizers --help` lists the settings.
"""

import json
import statistics
from typing import Any

import click
import msgspec

from bench.browser.tab import open_page
from bench.training_browser import SERVED, prepare
from infra.paths import BUILD
from model_export.architectures import ARCHITECTURES

RULES: dict[str, dict[str, Any]] = {
    "SGD": {"optimizer": "sgd"},
    "SGD, decay": {"optimizer": "sgd", "weight_decay": 0.0001},
    "momentum": {"optimizer": "momentum", "momentum": 0.9},
    "Adam": {"optimizer": "adam"},
}
VARIED: dict[str, Any] = {"seed": 1, "augment": True}


@click.command()
@click.option("--batch", default=128, show_default=True)
@click.option("--seconds", default=0.5, show_default=True, help="How long each rule trains in a round.")
@click.option("--rounds", default=5, show_default=True)
def main(batch: int, seconds: float, rounds: int) -> None:
    """Print a table for each model, and write the figures to build/bench/optimizers.json."""
    figures = {}
    for model in ARCHITECTURES:
        prepare(model, batch, "best")
        figures[model] = speeds = measure(batch, seconds, rounds)
        click.echo(f"{f'{model}, batch {batch}':22}{'samples/s':>12}{'of SGD':>9}{'varied':>12}{'of SGD':>9}")
        for name in RULES:
            plain, varied, sgd = speeds[name], speeds[f"{name}, varied"], speeds["SGD"]
            click.echo(f"{name:22}{plain:>12,.0f}{plain / sgd:>9.2f}{varied:>12,.0f}{varied / sgd:>9.2f}")
    (BUILD / "bench" / "optimizers.json").write_bytes(msgspec.json.encode(figures))


def measure(batch: int, seconds: float, rounds: int) -> dict[str, float]:
    """Return the median of each rule's samples per second."""
    rules = RULES | {f"{name}, varied": rule | VARIED for name, rule in RULES.items()}
    speeds: dict[str, list[float]] = {name: [] for name in rules}
    with open_page(SERVED, "window.measure && window.load") as page:
        page.evaluate("settings => load('scrawl', settings)", json.loads((SERVED / "settings.json").read_text()))
        for number in range(rounds + 1):
            for name, rule in rules.items():
                script = "([seconds, rule]) => measure('scrawl', seconds, rule)"
                result = page.evaluate(script, [seconds, rule])
                if number:  # the first round warms up
                    speeds[name].append(result["steps"] * batch / result["seconds"])
    return {name: statistics.median(values) for name, values in speeds.items()}


if __name__ == "__main__":
    main()
