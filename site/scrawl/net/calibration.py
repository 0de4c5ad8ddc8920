"""How sure an answer may be, and whether a picture is like the digits that a network has learned.

The rules are those of `functions/models/calibration.py`, and so are the numbers, which come with shared weights.
Shared tests keep them alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

E = 2.718281828459045
FULL = 255  # of ink
LEAST_INK = 3.0  # length of a picture, as a vector of 784 pixels


class Calibration:
    """What has been measured of a network's answers; by default nothing has."""

    def __init__(self, temperature: float = 1.0, least_contrast: float | None = None) -> None:
        self.temperature = temperature
        self.least_contrast = least_contrast  # what is below is unlike any digit

    def probabilities(self, scores: Iterable[float]) -> list[float]:
        """Return ten probabilities, as sure as they may be; none where a score is not a number."""
        numbers = [*scores]
        most = max(numbers)
        powers = [E ** ((score - most) / self.temperature) for score in numbers]
        total = sum(powers)
        shares = [power / total for power in powers]
        return shares if all(0 <= share <= 1 for share in shares) else []

    def is_unlike(self, scores: Iterable[float], picture: Iterable[int]) -> bool:
        """Return whether a picture of 784 bytes is unlike any digit."""
        if self.least_contrast is None:
            return False
        numbers = [*scores]
        length: float = sum([pixel * pixel for pixel in picture]) ** 0.5 / FULL
        excess = max(numbers) - sum(numbers) / len(numbers)
        return bool(length < LEAST_INK or excess / length < self.least_contrast)


def of_metadata(metadata: Mapping[str, str]) -> Calibration:
    """Return what weights' metadata say; versions from before this was measured say nothing."""
    try:
        least = float(metadata["least_contrast"]) if "least_contrast" in metadata else None
        temperature = float(metadata.get("temperature", "1"))
    except ValueError:
        return Calibration()
    return Calibration(temperature, least) if 0 < temperature < 100 else Calibration()
