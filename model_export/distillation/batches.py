"""Batches to train on, drawn from digits of several sources and varied, all on one device."""

from collections.abc import Mapping

import torch

from functions.dataset.block import Block
from model_export.distillation.networks import as_images
from model_export.distillation.settings import VARIATION
from model_export.distillation.variation import Variation

# Source → part of a batch, and how strongly its images are varied: paths were varied before they were drawn.
_MIX = {"mnist": (0.65, 0.9), "written": (0.2, 0.6), "synthetic": (0.15, 0.6)}


class Batches:
    """Draws batches of varied images with their labels, all on one device."""

    def __init__(self, sources: Mapping[str, Block], batch: int, device: str) -> None:
        used = {name: block for name, block in sources.items() if len(block)}
        whole = sum(_MIX[name][0] for name in used)
        self.counts = [max(1, round(batch * _MIX[name][0] / whole)) for name in used]
        self.pixels = [torch.tensor(block.pixels, device=device) for block in used.values()]
        self.labels = [torch.tensor(block.labels, device=device).long() for block in used.values()]
        strengths = [torch.full((count, 1, 1), _MIX[name][1]) for name, count in zip(used, self.counts, strict=True)]
        self.strength = torch.cat(strengths).to(device)
        self.vary = Variation(VARIATION, device)

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return images (B, 1, 28, 28) and labels (B,)."""
        images, labels = [], []
        for pixels, known, count in zip(self.pixels, self.labels, self.counts, strict=True):
            rows = torch.randint(len(known), (count,), device=known.device)
            images.append(pixels[rows])
            labels.append(known[rows])
        return self.vary(as_images(torch.cat(images)), self.strength), torch.cat(labels)
