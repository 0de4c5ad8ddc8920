"""Variations of images on the GPU: what `model_export.augmentation` does in NumPy, for many more images a second.

Some images are also worn, as photos and scans are: coarse, faint, on a grey box, noisy.
"""

import torch
import torch.nn.functional as F  # noqa: N812

from functions.dataset.block import COLUMNS, ROWS
from model_export.augmentation import blend_matrix
from model_export.hyperparameters import Augmentation

_WORN = 0.18  # part of the images
_SCAN = 11  # pixels of a side of the field, as a coarse scanner sees it
_FAINTEST = 0.3  # of full ink
_BOXED = 0.35  # part of the worn images that have a grey box behind the digit
_GREYEST = 0.25
_NOISE = 0.06  # standard deviation, at most


class Variation:
    """Varies batches of images (B, 1, 28, 28), each image in its own way and by its own strength."""

    def __init__(self, augmentation: Augmentation, device: str) -> None:
        self.amount = augmentation
        self.blend = torch.tensor(blend_matrix(), device=device)  # (grid, 28)
        y, x = torch.meshgrid(torch.arange(ROWS), torch.arange(COLUMNS), indexing="ij")
        self.y, self.x = ((axis.float() - (ROWS - 1) / 2).to(device)[None] for axis in (y, x))  # (1, 28, 28)
        kernel = torch.tensor([0.25, 0.5, 0.25], device=device)
        self.kernel = (kernel[:, None] * kernel)[None, None]  # (1, 1, 3, 3)

    def __call__(self, images: torch.Tensor, strength: torch.Tensor) -> torch.Tensor:
        """Return the images varied; `strength` (B, 1, 1) scales every amount."""
        amount = self.amount
        rows, columns = self._source_places(strength)
        grid = torch.stack((columns, rows), 3) * (2 / ROWS)  # -1..1 from edge to edge
        images = F.grid_sample(images, grid, "bilinear", "zeros", align_corners=False)
        images = _thicker(images, self._even(strength, amount.ink)[:, None])
        blurred = F.conv2d(images, self.kernel, padding=1)
        towards = self._even(strength, amount.blur)[:, None].abs()
        return self._worn(images + towards * (blurred - images))

    def _worn(self, images: torch.Tensor) -> torch.Tensor:
        """Return the images, some of them as a scan or a photo might show them."""
        some = torch.rand((4, len(images), 1, 1, 1), device=images.device)
        coarse = F.interpolate(images, (_SCAN, _SCAN), mode="area")
        coarse = F.interpolate(coarse, (ROWS, COLUMNS), mode="bilinear", align_corners=False)
        worn = images + some[0] * (coarse - images)
        worn = worn * (1 - (1 - _FAINTEST) * some[1] ** 2)
        worn = worn + self._box(len(images)) * (1 - worn)
        worn = (worn + _NOISE * some[2] * torch.randn_like(worn)).clamp(0, 1)
        return torch.where(some[3] < _WORN, worn, images)

    def _box(self, count: int) -> torch.Tensor:
        """Return grey boxes around the middle, (B, 1, 28, 28), most of them invisible."""
        half_height, half_width, grey, shown = torch.rand((4, count, 1, 1), device=self.y.device)
        inside = (self.y.abs() < 8 + 6 * half_height) & (self.x.abs() < 5 + 9 * half_width)
        return (inside * (grey * _GREYEST) * (shown < _BOXED))[:, None]

    def _even(self, strength: torch.Tensor, largest: float) -> torch.Tensor:
        """Return (B, 1, 1) random numbers, evenly spread up to the largest in both directions."""
        return (torch.rand_like(strength) * 2 - 1) * (strength * largest)

    def _source_places(self, strength: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return for each pixel the row and column that it shows, (B, 28, 28), from the middle of the image."""
        amount = self.amount
        angle = torch.deg2rad(self._even(strength, amount.degrees))
        y = self.y / (1 + self._even(strength, amount.stretch))
        x = (self.x + self._even(strength, amount.shear) * self.y) / (1 + self._even(strength, amount.stretch))
        rows = torch.cos(angle) * y - torch.sin(angle) * x + self._even(strength, amount.shift)
        columns = torch.sin(angle) * y + torch.cos(angle) * x + self._even(strength, amount.shift)
        return rows + self._smooth_field(strength), columns + self._smooth_field(strength)

    def _smooth_field(self, strength: torch.Tensor) -> torch.Tensor:
        """Return (B, 28, 28) smooth random numbers: a coarse grid of them, blended along both axes."""
        grid = len(self.blend)
        coarse = torch.randn((len(strength), grid, grid), device=strength.device) * strength
        return self.amount.elastic * (self.blend.T @ coarse @ self.blend)


def _thicker(images: torch.Tensor, towards: torch.Tensor) -> torch.Tensor:
    """Blend each image with a bolder one (`towards` above 0) or a finer one: half a pixel at each edge."""
    sign = torch.where(towards > 0, 1.0, -1.0)
    most = F.max_pool2d(F.pad(images * sign, (1, 1, 1, 1)), 2, 1)  # (B, 1, 29, 29)
    most = F.avg_pool2d(most, 2, 1)
    return images + towards.abs() * (sign * most - images)
