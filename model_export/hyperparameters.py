"""The hyperparameters of `scrawl train`: their defaults, what each means, and the learning rate schedules.

This is the only place that declares them: the command line makes its options from the fields of the class. It needs
neither NumPy nor ONNX Runtime, so that the command line starts quickly. Training itself is in `model_export.train`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields

from functions.errors import InvalidValueError

# The factor on the learning rate when a part 0..1 of the run is done.
SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda _: 1.0,
    "linear": lambda done: 1.0 - done,
    "cosine": lambda done: 0.5 + 0.5 * math.cos(math.pi * done),
    "warm-cosine": lambda done: done / 0.1 if done < 0.1 else 0.5 + 0.5 * math.cos(math.pi * (done - 0.1) / 0.9),
}


@dataclass(frozen=True)
class Augmentation:
    """How much images are varied; each number is the largest value, drawn evenly up to it in both directions."""

    degrees: float = 0.0  # of rotation
    shear: float = 0.0  # columns per row
    stretch: float = 0.0  # part by which each side grows or shrinks, on its own
    shift: float = 0.0  # pixels
    elastic: float = 0.0  # pixels, as a standard deviation of smooth random displacement
    ink: float = 0.0  # how far towards the same digit in a bolder or a finer stroke; 1 is half a pixel at each edge
    blur: float = 0.0  # how far towards the same digit blurred by 3×3


AUGMENTATIONS: dict[str, Augmentation] = {
    "none": Augmentation(),
    "light": Augmentation(degrees=10, shear=0.1, stretch=0.1, shift=1.5),
    # What reaches a network has been centred and scaled (`functions.images.normalise`): vary shape more than place.
    "full": Augmentation(degrees=13, shear=0.25, stretch=0.12, shift=0.5, elastic=0.55, ink=0.9, blur=0.6),
}


def _setting[T: (int, float, str)](default: T, text: str) -> T:
    """Declare a field with its default and its help text."""
    value: T = field(default=default, metadata={"help": text})
    return value


@dataclass(frozen=True)
class Hyperparameters:
    """How to train. Values that cannot work are refused, naming the setting."""

    epochs: int = _setting(20, "How often to go through the digits.")
    batch: int = _setting(128, "Digits per step.")
    learning_rate: float = _setting(0.05, "At its highest.")
    schedule: str = _setting("cosine", f"How the learning rate changes: {', '.join(SCHEDULES)}.")
    momentum: float = _setting(0.9, "Of SGD.")
    weight_decay: float = _setting(1e-4, "Of SGD, on every parameter.")
    augmentation: str = _setting("light", f"How much to vary the digits: {', '.join(AUGMENTATIONS)}.")
    strokes: int = _setting(0, "Synthetic digits to add.")
    seed: int = _setting(0, "The same seed gives the same weights.")

    def __post_init__(self) -> None:
        from functions.models.training import check_settings

        check_settings(self.learning_rate, self.momentum, self.weight_decay)
        for name, least in (("epochs", 1), ("batch", 1), ("strokes", 0), ("seed", 0)):
            if getattr(self, name) < least:
                raise InvalidValueError(f"{name} must be at least {least}, got {getattr(self, name)}", name)
        for name, known in (("schedule", SCHEDULES), ("augmentation", AUGMENTATIONS)):
            if getattr(self, name) not in known:
                raise InvalidValueError(
                    f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}", name
                )

    def description(self) -> str:
        """Return the settings as the options of the command line."""
        options = {field.name.replace("_", "-"): getattr(self, field.name) for field in fields(self)}
        return " ".join(f"--{name} {value}" for name, value in options.items())
