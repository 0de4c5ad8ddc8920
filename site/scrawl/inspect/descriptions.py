"""Texts about a network's layers, units and mistakes. Pure.

Each panel has a title and one sentence for somebody who has never heard of a gradient; the chosen unit has a sentence
of its own, with its numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrawl.inspect.inspect_state import ConfusionMatrix
    from scrawl.inspect.panels import Panel

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")

SENTENCES = {
    "tiles": "Each square is what one unit looks for, laid over the paper: it answers when there is ink on the "
    "orange, and less when there is ink on the blue.",
    "units": "Each cell is one unit; the more orange, the louder it answers to your drawing.",
    "filters": "Each square is a filter of 3×3 pixels that slides over the whole picture: it finds its little "
    "pattern, an edge or a corner, wherever it is.",
    "inner": "A map of this layer is made of all maps of the layer before, each through its own 3×3 filter. These "
    "are the filters of the chosen map.",
    "maps": "Where in your drawing each filter has found its pattern. Of every 2×2 places only the strongest goes "
    "on, so the picture shrinks.",
}
# What a unit does that does not find its pattern, by its activation.
WITHOUT_PATTERN = {
    "relu": "Units that do not find their pattern stay silent.",
    "tanh": "Units whose pattern the drawing goes against answer below zero, in blue.",
    "sigmoid": "Units that do not find their pattern answer with less than a half, or hardly at all.",
    "gelu": "Units that do not find their pattern answer with zero or a little less.",
}


def title(panel: Panel) -> str:
    """Return a panel's heading."""
    layer = ORDINALS[panel.stage]
    if panel.kind == "tiles":
        return f"What the {layer} layer looks for"
    if panel.kind == "filters":
        return f"Filters of the {layer} layer"
    if panel.kind == "maps":
        return f"What the {layer} layer finds"
    return f"How the {layer} layer answers"


def sentence(panel: Panel) -> str:
    """Return what a panel shows, for everyone."""
    said = SENTENCES["inner" if panel.kind == "filters" and panel.stage else panel.kind]
    return f"{said} {WITHOUT_PATTERN[panel.activation]}" if panel.kind == "units" else said


def noun(panel: Panel) -> str:
    """Return what the pictures of a panel are called: map or unit."""
    return "map" if panel.kind in ("maps", "filters") else "unit"


def scale(panel: Panel, limit: float) -> str:
    """Return what the colours of a panel mean."""
    if panel.is_weights():
        return f"One scale for all: full colour is a weight of ±{number(limit)}."
    return f"One scale for all: full colour is {number(limit)}." if limit > 0 else "None of them answers."


def number(value: float) -> str:
    """Return a number of about three digits, with a true minus if it has one."""
    size = abs(value)
    shown = f"{size:.0f}" if size >= 100 else f"{size:.1f}" if size >= 10 else f"{size:.2f}"
    return f"−{shown}" if value < 0 else shown


def signed(value: float) -> str:
    """Return a number with its sign, a true minus."""
    return ("+" if value > 0 else "−" if value < 0 else "") + number(abs(value))


def contribution(value: float) -> str:
    """Return a contribution, short enough to stand below a narrow bar."""
    size = f"{abs(value):.1f}"
    return size if size == "0.0" else ("+" if value > 0 else "−") + size


def chosen_unit(noun: str, unit: int, activation: float | None, contributions: Sequence[float]) -> str:
    """Return what a unit does for the drawing: its activation, and the digits for and against which it speaks."""
    name = f"{noun.capitalize()} {unit + 1}"
    if activation is None:
        return f"{name}. Draw a digit to see what it does."
    if not activation:
        return f"{name} is silent: it has not found its pattern in your drawing, so it has no say."
    most = max(range(10), key=contributions.__getitem__)
    least = min(range(10), key=contributions.__getitem__)
    return (
        f"{name} answers with {number(activation)}. It speaks most for {most} ({signed(contributions[most])}) and "
        f"most against {least} ({signed(contributions[least])})."
    )


def saliency(digit: int, speaks_for: float, against: float) -> str:
    """Return what the coloured ink means, in sums; -1 is no digit."""
    if digit < 0:
        return "Draw something, and the ink that decides is coloured."
    return (
        f"Orange ink speaks for {digit} ({signed(speaks_for)} in all), blue ink against it ({signed(against)}). Each "
        "pixel's share of the score, exactly: its ink times how much the score would rise with more of it."
    )


def prediction(digit: int, probability: float) -> str:
    """Return a network's prediction in words."""
    return f"reads {digit}, {probability:.0%} sure"


# The confusion matrix


def confusion_summary(confusion: ConfusionMatrix) -> str:
    """Return how many test digits are read right."""
    wrong = confusion.total - confusion.correct
    return (
        f"At iteration {confusion.iteration}: of {confusion.total} test digits {confusion.correct} are read right, "
        f"{wrong} are not."
    )


def cell(label: int, prediction: int, count: int, total: int) -> str:
    """Return what a cell of the confusion matrix says."""
    share = f"{100 * count / total:.1f}%" if total else "none"
    if label == prediction:
        return f"Of {total} digits meant as {label}, {count} are read right: {share}."
    return f"Of {total} digits meant as {label}, {count} are read as {prediction}: {share}."


def fine_tuned(label: int, prediction: int, count: int, right: int, steps: int, rate: float) -> str:
    """Return what training on misread digits has changed."""
    if not steps:
        return f"Nothing has changed: with a learning rate of {rate:g} the training diverged. Try a lower one."
    word = "step" if steps == 1 else "steps"
    return (
        f"{steps} {word} at learning rate {rate:g}: of {count} digits meant as {label} and read as {prediction}, "
        f"{right} are read right now. The table shows what it did to the others. These were test digits: since it "
        "has seen them, the test accuracy flatters it a little."
    )


# The timeline


def timeline_position(checkpoint: tuple[int, int, float] | None, count: int) -> str:
    """Return where on the timeline one is; a checkpoint is (number, iteration, test accuracy), None is now."""
    if checkpoint is None:
        return f"Live: the network as it is. {count} {'moments' if count > 1 else 'moment'} of the run kept."
    _, iteration, accuracy = checkpoint
    return f"Iteration {iteration}: {100 * accuracy:.2f}% of the test digits read right."
