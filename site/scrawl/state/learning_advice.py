"""Tells from the figures of a run that it does not learn, and which learning rate to try. Pure.

A good rate reads four of five digits after the first 16,000; one that is too high leaves a network that reads no more
than guessing would, and whose loss stays where it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.state.settings import CAREFUL_RATES

if TYPE_CHECKING:
    from scrawl.state.settings import Settings

ENOUGH_STEPS, ENOUGH_DIGITS = 200, 16_384  # before that it is too early to tell
LEARNS = 0.5  # share read right from which on it learns; guessing reads a tenth
CHANCE = 0.15
LOW = 20  # times lower than that is too low to see it learn


def lower_rate(settings: Settings) -> str:
    """Return the rate to try where this one made training diverge; nothing where it is that low already."""
    safe = CAREFUL_RATES[settings["optimizer"]]
    return f": try {safe:g}" if settings["learning_rate"] > safe else ""


def advice(settings: Settings, steps: int, loss: float, accuracy: float) -> str:
    """Return what is wrong and what to try after so many steps with these settings; nothing where it learns."""
    if steps < ENOUGH_STEPS or steps * settings["batch_size"] < ENOUGH_DIGITS or accuracy >= LEARNS:
        return ""
    rate, safe = settings["learning_rate"], CAREFUL_RATES[settings["optimizer"]]
    reads = f"it reads {accuracy:.0%} of the digits, and guessing reads 10%"
    if rate > safe:
        return f"It is not learning: {reads}. {rate:g} is too high a learning rate: try {safe:g}, with new weights."
    if rate * LOW < safe:
        return f"It hardly learns: {reads}. {rate:g} is a very low learning rate: try {safe:g}."
    if accuracy < CHANCE:
        return f"It is not learning: {reads}, and the loss stays at {loss:.2f}. Try new weights."
    return ""
