"""How a network is to be trained: the settings of `scrawl train`, checked, and the learning rate's course.

Carrying a plan out is left to `model_export.train`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

from functions.errors import InvalidValueError
from functions.models.training import check_settings
from model_export.augment import VARIATIONS

# The learning rate's course: how much of it is used when a part 0..1 of the run is done.
SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda _: 1.0,
    "linear": lambda done: 1.0 - done,
    "cosine": lambda done: 0.5 + 0.5 * math.cos(math.pi * done),
    "warm-cosine": lambda done: done / 0.1 if done < 0.1 else 0.5 + 0.5 * math.cos(math.pi * (done - 0.1) / 0.9),
}


@dataclass(frozen=True)
class Plan:
    """How to train. Values that cannot work are refused, naming the setting."""

    epochs: int = 20
    batch: int = 128
    learning_rate: float = 0.05
    schedule: str = "cosine"
    momentum: float = 0.9
    weight_decay: float = 1e-4
    augmentation: str = "light"
    strokes: int = 0  # digits written by `model_export.strokes` to add to the training data
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(self.learning_rate, self.momentum, self.weight_decay)
        for name, least in (("epochs", 1), ("batch", 1), ("strokes", 0), ("seed", 0)):
            if getattr(self, name) < least:
                raise InvalidValueError(f"{name} must be at least {least}, got {getattr(self, name)}", name)
        for name, known in (("schedule", SCHEDULES), ("augmentation", VARIATIONS)):
            if getattr(self, name) not in known:
                raise InvalidValueError(
                    f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}", name
                )

    def description(self) -> str:
        """Return the plan as the options of the command line."""
        options = {field.name.replace("_", "-"): getattr(self, field.name) for field in fields(self)}
        return " ".join(f"--{name} {value}" for name, value in options.items())
