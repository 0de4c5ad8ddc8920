"""Paper that lies at an angle, as in a turned scan: its black corners say by how much, and the digit is turned back.

A corner is a triangle whose long side is the paper's edge. `figure` leaves the corners out.
"""

import numpy as np
from numpy.typing import NDArray

from functions.images.components import Components

_CORNERS = 3  # at least, which must agree
_AGREEMENT = 8.0  # degrees
_LEAST = 3.0  # degrees; less does not matter

type Pixels = NDArray[np.float32]
type Mask = NDArray[np.bool_]


def tilt(pieces: Components, corners: Mask) -> float | None:
    """Return by how many degrees the paper is turned, counter-clockwise; None where the corners do not say so."""
    if int(corners.sum()) < _CORNERS:
        return None
    down, across = (pieces.bottom - pieces.top)[corners], (pieces.right - pieces.left)[corners]
    rising = (pieces.top == 0)[corners] == (pieces.left == 0)[corners]  # top left and bottom right: edges rise
    slope = np.degrees(np.arctan2(down, across))
    turned = np.where(slope < 45, slope, slope - 90) * np.where(rising, 1, -1)
    angle = float(np.median(turned))
    return angle if np.abs(turned - angle).max() <= _AGREEMENT and abs(angle) >= _LEAST else None


def turned_back(ink: Pixels, angle: float) -> Pixels:
    """Return ink (rows, columns) upright again."""
    from PIL import Image

    turned = Image.fromarray(ink).rotate(-angle, Image.Resampling.BILINEAR, expand=True)
    return np.asarray(turned, np.float32)
