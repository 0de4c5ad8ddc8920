"""How sure an answer may be, and whether a picture is like the digits that a network has learned.

The rules are those of `functions/models/calibration.py`, and so are the numbers, which come with shared weights; for
others `scrawl.training.calibrator` measures them. Shared tests keep them alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scrawl.net.interfaces import Kernel

    # Of a picture: its length as a vector of 784 pixels; how far its ink spreads from its middle, down and across.
    type Ink = tuple[float, float, float]

E = 2.718281828459045
LEAST_INK = 3.0  # length of a picture, as a vector of 784 pixels
FLAT = 0.5  # a digit's ink spreads at least so much down as across


class Calibration:
    """What has been measured of a network's answers; by default nothing has. Never changed, only replaced."""

    def __init__(self, temperature: float = 1.0, least_contrast: float | None = None, is_due: bool = False) -> None:
        self.temperature = temperature
        self.least_contrast = least_contrast  # what is below is unlike any digit
        self.is_due = is_due  # whether it should be measured once there is time: the weights are others

    def after_training(self) -> Calibration:
        """Return what holds while the weights change: the same, until it is measured again."""
        return Calibration(self.temperature, self.least_contrast, is_due=True)

    def metadata(self) -> dict[str, str]:
        """Return what `of_metadata` reads again; nothing unless it has been measured of the weights as they are."""
        if self.is_due or self.least_contrast is None:
            return {}
        return {"temperature": str(self.temperature), "least_contrast": str(self.least_contrast)}

    def probabilities(self, scores: Iterable[float]) -> list[float]:
        """Return ten probabilities, as sure as they may be; none where a score is not a number."""
        numbers = [*scores]
        most = max(numbers)
        powers = [E ** ((score - most) / self.temperature) for score in numbers]
        total = sum(powers)
        shares = [power / total for power in powers]
        return shares if all(0 <= share <= 1 for share in shares) else []

    def is_unlike(self, scores: Iterable[float], ink: Ink) -> bool:
        """Return whether a picture is unlike any digit: a line that lies always is."""
        length, down, across = ink
        if down < FLAT**2 * across:
            return True
        return self.least_contrast is not None and contrast([*scores], length) < self.least_contrast


def contrast(scores: list[float], length: float) -> float:
    """Return by how much the best score exceeds the mean one, per length of the picture; 0 without ink."""
    return (max(scores) - sum(scores) / len(scores)) / length if length >= LEAST_INK else 0.0


def measure_ink(kernel: Kernel, picture: int, scratch: int) -> Ink:
    """Measure a picture at an address in the kernel's memory; `scratch` has room for three floats."""
    kernel.function("measure_ink")(picture, scratch)
    length, down, across = [float(number) for number in kernel.read_floats(scratch, 3)]
    return length, down, across


def of_metadata(metadata: Mapping[str, str]) -> Calibration:
    """Return what weights' metadata say; versions from before this was measured say nothing, and it is due."""
    try:
        least = float(metadata["least_contrast"]) if "least_contrast" in metadata else None
        temperature = float(metadata.get("temperature", "1"))
    except ValueError:
        return Calibration(is_due=True)
    measured = least is not None and 0 < temperature < 100
    return Calibration(temperature, least) if measured else Calibration(is_due=True)
