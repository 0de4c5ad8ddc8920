"""Image files in the kernel: the digit's ink alone, and what may be wrong with the picture, as the API says it.

`site/kernel/pictures/paper.c` and what it calls find both; a shared test keeps the words and the findings those of
`functions/prediction_warnings.py` and `functions/images`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypedDict

    from scrawl.net.interfaces import Bytes, Kernel

    class FoundInk(TypedDict):
        """Ink (height × width) of a picture, None where there is none; how to turn it upright; warnings' codes."""

        ink: Bytes | None
        width: int
        height: int
        angle: float  # degrees by which it is turned counter-clockwise
        warnings: list[str]


# In the order of the bits in paper.h.
WARNINGS = {
    "touches_edge": "the ink touches the picture's edge, so a part of the digit may be missing",
    "several_figures": "there is more than one figure in the picture; the main one was read",
    "tiny": "the digit has few pixels, too few to show its shape",
    "tilted": "the paper lies at an angle in the picture, so the digit may, too",
    "faint_ink": "the ink hardly stands out from the paper",
}
GRID = 2 * 96 * 96  # bytes of room for the coarse grid
FINDING = 8  # numbers of a `Finding`
CORNERS, AGREEMENT, LEAST = 3, 8.0, 3.0  # so many corners must agree, in degrees; less does not matter


class PictureReader:
    """Reads one picture after the other."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._finding = kernel.alloc(4 * FINDING)
        self._colours = self._work = self._capacity = 0

    def read(self, colours: Bytes, width: int, height: int) -> FoundInk:
        """Return what is found in width × height × 4 bytes of colours and opacity."""
        kernel, size = self.kernel, self.kernel.size(colours)
        if size > self._capacity:
            self._capacity = size
            self._colours, self._work = kernel.alloc(size), kernel.alloc(size + GRID)
        kernel.write(self._colours, colours)
        if not kernel.function("ink_of")(self._colours, width, height, self._work, self._finding):
            return {"ink": None, "width": width, "height": height, "angle": 0.0, "warnings": []}
        finding = [float(number) for number in kernel.read_floats(self._finding, FINDING)]
        bits, width, height, corners = [int(number) for number in finding[:4]]
        return {
            "ink": kernel.read_bytes(self._work, width * height),
            "width": width,
            "height": height,
            "angle": tilt(finding[4 : 4 + corners]),
            "warnings": [code for place, code in enumerate(WARNINGS) if bits >> place & 1],
        }


def tilt(slopes: list[float]) -> float:
    """Return by how many degrees the paper is turned, 0 where its edges' slopes do not agree."""
    angles = sorted([arctangent(slope) for slope in slopes])
    count = len(angles)
    if count < CORNERS:
        return 0.0
    middle = (angles[(count - 1) // 2] + angles[count // 2]) / 2
    agree = max(angles[-1] - middle, middle - angles[0]) <= AGREEMENT
    return middle if agree and abs(middle) >= LEAST else 0.0


def arctangent(slope: float) -> float:
    """Return degrees, of slopes from -1 to 1, to a quarter of a degree."""
    return slope * (45 + 15.64 * (1 - abs(slope)))
