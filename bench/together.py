"""What a class gains by learning together: 25 writers' tabs teach a room, which is tried on five other writers.

The tabs are `classroom.tab`'s: the page's own rounds, over HTTP, with a running local stack. The room starts from a
network trained on MNIST alone, as `scrawl train` does by default, since the shipped ones have learned from these
writers. The five others are those that the shipped ones have not learned from either. Printed, and written to
build/bench/. Run: `python -m bench.together [--model conv-32-64 --epochs 3]` (MNIST_DIR, STROKES_DIR where set).
"""

import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np

from bench.classroom import writers
from bench.classroom.tab import Room, Rules, Tab, refused
from functions.dataset.block import Block
from functions.weights.versions import Tensors
from infra.dataset.sources import Sources, load_dataset
from infra.dataset.written_digits import StrokeSources, load_written_digits
from model_export import pretrained
from model_export.evaluation import evaluate_weights
from model_export.hyperparameters import Hyperparameters
from model_export.train import train
from tests.support.servers.running_stack import RunningStack

OUT = Path(__file__).parent.parent / "build" / "bench" / "together.json"
OTHERS = 2000  # of MNIST's digits in a tab that learns from these, too


@dataclass(frozen=True)
class Setting:
    """One way to learn together."""

    name: str
    rules: Rules = field(default_factory=Rules)
    with_mnist: bool = False
    tabs: int = 1000  # at most


SETTINGS = (
    Setting("as the page learns"),
    Setting("with MNIST as well", with_mnist=True),
    Setting("40 digits of each writer", Rules(most=40)),
    Setting("40 digits, noise ten times as strong", Rules(most=40, noise=1.0)),
    Setting("40 digits, no noise", Rules(most=40, noise=0.0)),
    Setting("40 digits, cut to a third", Rules(most=40, longest=0.3)),
    Setting("40 digits, neither cut nor blurred", Rules(most=40, longest=1e9, noise=0.0)),
    Setting("one writer alone", tabs=1),
)


class Class:
    """Those who learn, what they start from, and what they are tried on."""

    def __init__(self, model: str, start: Tensors, split: writers.Split, mnist: dict[str, Block]) -> None:
        self.model, self.start, self.split, self.mnist = model, start, split, mnist

    def learn(self, url: str, setting: Setting, rounds: int) -> dict[str, Any]:
        """Have everybody take part in a room of a running stack; return how well its network reads afterwards."""
        setting.rules.apply()
        room = Room(url, self.model, self.start)
        learning = list(self.split.learning.values())[: setting.tabs]
        others = some(self.mnist["train"], OTHERS) if setting.with_mnist else None
        tabs = [Tab(room, some(digits, setting.rules.most), others) for digits in learning]
        with ThreadPoolExecutor(len(tabs)) as pool:
            for _ in pool.map(lambda tab: tab.take_part(rounds), tabs):
                pass
        weights, _ = room.weights()
        room.end()
        return {**self.read(weights), "updates": len(tabs) * rounds, "refused": refused(tabs)}

    def read(self, weights: Tensors) -> dict[str, float]:
        """Return which part a network reads of the digits of those who did not take part, and of MNIST's."""
        tried = {"others": self.split.others, "mnist": self.mnist["test"]}
        return {
            name: evaluate_weights(self.model, weights, digits.images(), digits.labels).accuracy
            for name, digits in tried.items()
        }


def some(digits: Block, most: int) -> Block:
    """Return at most so many of somebody's digits, drawn by chance, the same each time."""
    chosen = np.random.default_rng(0).permutation(len(digits))[:most]
    return Block(digits.labels[chosen], digits.pixels[chosen])


def gathered(model: str, epochs: int) -> Class:
    """Train on MNIST alone, and return the class of the writers."""
    mnist = load_dataset(Sources.from_environment(), print).splits
    start = train(model, Hyperparameters(epochs=epochs), mnist["train"], mnist["test"], quiet=True).weights
    digits = load_written_digits(StrokeSources.from_environment(), print)
    _, metadata = pretrained.load("mlp-128")
    others = frozenset(map(int, metadata["held_out_writers"].split(",")))
    return Class(model, start, writers.split(digits, others), mnist)


def line(name: str, figures: dict[str, Any]) -> str:
    """Return a row of the table in docs/models.md."""
    return f"| {name} | {figures['others']:.2%} | {figures['mnist']:.2%} | {figures.get('refused', '')} |"


@click.command()
@click.option("--model", default="mlp-128", show_default=True)
@click.option("--epochs", default=20, show_default=True, help="Of MNIST, for the network that the room starts from.")
@click.option("--rounds", default=12, show_default=True, help="That each tab learns.")
@click.option("--only", default=len(SETTINGS), help="How many of the settings to try.")
def main(model: str, epochs: int, rounds: int, only: int) -> None:
    """Measure, print and write."""
    school = gathered(model, epochs)
    results = {"MNIST alone": school.read(school.start)}
    print(
        f"| {model}, {len(school.split.learning)} writers | five other writers | MNIST | refused |\n|---|---|---|---|"
    )
    print(line("MNIST alone", results["MNIST alone"]), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        stack = RunningStack(Path(folder))
        try:
            for setting in SETTINGS[:only]:
                results[setting.name] = school.learn(stack.url, setting, rounds)
                print(line(setting.name, results[setting.name]), flush=True)
        finally:
            stack.stop()
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"model": model, **results}, indent=2) + "\n")
    assert results[SETTINGS[0].name]["others"] > results["MNIST alone"]["others"], "learning together must help"


if __name__ == "__main__":
    main()
