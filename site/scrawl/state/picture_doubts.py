"""How sure an answer about an image file may be, as `functions/prediction_warnings.py` has it; shared tests agree."""

from __future__ import annotations

DOUBTS = ("touches_edge", "several_figures", "tiny", "tilted")  # after these an answer may well be wrong
DOUBT = 0.15  # the part of the probability that is then given to all ten digits alike
FILE_TEMPERATURE = 1.5  # of answers about image files, after the network's own


def less_sure(probabilities: list[float], warnings: list[str]) -> list[float]:
    """Return how sure an answer about an image file may be: never over 90 % where it gives reason to doubt."""
    powers = [share ** (1 / FILE_TEMPERATURE) for share in probabilities]
    total = sum(powers)
    doubt = DOUBT if any(code in DOUBTS for code in warnings) else 0.0
    return [(1 - doubt) * power / total + doubt / len(powers) for power in powers]
