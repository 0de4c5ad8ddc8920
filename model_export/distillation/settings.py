"""The settings of `scrawl distil`: how many digits, networks and steps, and how strongly digits are varied."""

from dataclasses import dataclass, field, fields

from functions.errors import InvalidValueError
from model_export.hyperparameters import Augmentation

# Gentler than `scrawl train --augmentation full`: written digits bring the variety that was missing, and strong warps
# cost accuracy on MNIST.
VARIATION = Augmentation(degrees=11, shear=0.2, stretch=0.1, shift=0.5, elastic=0.5, ink=0.8, blur=0.5)


def _setting[T: (int, float)](default: T, text: str) -> T:
    """Declare a field with its default and its help text."""
    value: T = field(default=default, metadata={"help": text})
    return value


@dataclass(frozen=True)
class DistillationSettings:
    """How to distil. Values that cannot work are refused, naming the setting."""

    variants: int = _setting(32, "Pictures of each written digit, each varied.")
    synthetic: int = _setting(120_000, "Synthetic digits.")
    teachers: int = _setting(2, "Large networks to learn from.")
    teacher_steps: int = _setting(30_000, "Steps of the large networks.")
    steps: int = _setting(120_000, "Steps of the small networks.")
    batch: int = _setting(512, "Digits per step.")
    rate: float = _setting(2e-3, "The small networks' learning rate, at its highest.")
    minutes: float = _setting(60.0, "Fewer steps are taken, of both kinds, if they would take longer.")
    held_out: int = _setting(0, "Writers to leave out of training and to measure on, drawn by the seed.")
    processes: int = _setting(8, "Processes that draw digits.")
    seed: int = _setting(0, "Of everything that is drawn at random.")

    def __post_init__(self) -> None:
        for setting in fields(self):
            value, least = getattr(self, setting.name), 0 if setting.name in _MAY_BE_ZERO else 1
            if isinstance(setting.default, int) and value < least:
                raise InvalidValueError(f"{setting.name} must be at least {least}, got {value}", setting.name)
            if isinstance(setting.default, float) and not value > 0:
                raise InvalidValueError(f"{setting.name} must be more than 0, got {value:g}", setting.name)

    def description(self) -> str:
        """Return the settings as the options of the command line."""
        options = {setting.name.replace("_", "-"): getattr(self, setting.name) for setting in fields(self)}
        return " ".join(f"--{name} {value:g}" for name, value in options.items())


_MAY_BE_ZERO = ("held_out", "seed", "synthetic")
