"""How good a network is while it is distilled: accuracy, and whether it is as sure as it is right."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from functions.dataset.block import Block
from model_export.distillation.networks import as_images

_BINS = 15


@dataclass(frozen=True)
class Measure:
    """Of N digits: the part that is read right, the mean loss, and the calibration error."""

    accuracy: float
    loss: float
    calibration_error: float  # mean difference between how sure and how often right, in bins of sureness

    def __str__(self) -> str:
        return f"{self.accuracy:.2%} (loss {self.loss:.4f}, calibration error {self.calibration_error:.4f})"


def measure(network: Callable[[torch.Tensor], torch.Tensor], block: Block, device: str) -> Measure:
    """Measure a network's scores on a block."""
    with torch.no_grad():
        pixels = torch.tensor(block.pixels)
        parts = [network(as_images(part.to(device))).float().cpu() for part in pixels.split(1000)]
    log_probabilities = torch.log_softmax(torch.cat(parts), 1)
    labels = torch.tensor(block.labels).long()
    sure, answers = log_probabilities.exp().max(1)
    right = (answers == labels).float()
    loss = -log_probabilities.gather(1, labels[:, None]).mean()
    bins = (sure * _BINS).long().clamp(max=_BINS - 1)
    gaps = torch.zeros(_BINS).index_add(0, bins, right - sure)
    return Measure(right.mean().item(), loss.item(), gaps.abs().sum().item() / len(labels))
