"""Paints a network's weights and activations as RGBA pixels in the kernel's memory, one grid of tiles per panel.

The kernel loops over the pixels. `panels` lists the panels; `attribution` and `scrawl.net` know where numbers are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.inspect.panels import SIDE
from scrawl.net.dense import BLOCK
from scrawl.net.network import PIXELS
from scrawl.net.parameters import FLOAT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrawl.inspect.attribution import Attribution, Stage
    from scrawl.inspect.panels import Panel
    from scrawl.net.interfaces import Kernel
    from scrawl.net.parameters import Parameter

    type Painted = tuple[int, int, int, float]  # address, width, height, the value that has full colour

COLOURS = 255  # of a palette: the middle one is 0
SPREAD = 3.0  # times the typical weight has full colour


class TilePainter:
    """Paints with three palettes, each at an address of COLOURS RGBA pixels."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.palette = kernel.alloc(COLOURS * 4)
        self.overlay = kernel.alloc(COLOURS * 4)  # for saliency: transparent at 0
        self.ink = kernel.alloc(COLOURS * 4)  # for pictures of digits
        self._digit = kernel.alloc(PIXELS * FLOAT)
        self._target = self._room = 0

    def weights(
        self, panel: Panel, attribution: Attribution, chosen: int, columns: int, units: Sequence[int] | None = None
    ) -> Painted:
        """Paint the panel's weights, of all units or of some."""
        weight = attribution.stages[panel.stage].weighted.weight
        limit = SPREAD * (self.kernel.function("squares")(weight.address, weight.size) / weight.count) ** 0.5
        sources, row_step, column_step = _tile_sources(panel, weight, attribution.stages, chosen)
        if units is not None:
            sources = [sources[unit] for unit in units]
        return (*self._grid(sources, panel.side, row_step, column_step, columns, limit), limit)

    def activations(
        self, panel: Panel, attribution: Attribution, columns: int, units: Sequence[int] | None = None
    ) -> Painted:
        """Paint the activations of a stage's units or maps, of all or of some."""
        stage = attribution.stages[panel.stage]
        limit = self.kernel.function("peak")(stage.layer.output, stage.layer.stride)
        shown = range(panel.count) if units is None else units
        sources = [stage.layer.output + FLOAT * stage.offset(unit) for unit in shown]
        return (*self._grid(sources, panel.side, stage.row_step(), stage.wide, columns, limit), limit)

    def saliency(self, source: int, image: int) -> Painted:
        """Paint the pixels' contributions, 784 floats, above the digit itself."""
        limit = self.kernel.function("peak")(source, PIXELS)
        target = self._reserve(2 * 4 * PIXELS)
        self._paint_digit(target + 4 * PIXELS, image)
        scale = 1 / limit if limit > 0 else 0.0
        self.kernel.function("paint")(target, SIDE, source, SIDE, 1, SIDE, SIDE, scale, self.overlay)
        return target, SIDE, 2 * SIDE, limit

    def unit_saliencies(self, attribution: Attribution, stage: int, units: Sequence[int]) -> Painted:
        """Paint what each pixel contributes to some units of a stage, one below the other, each on its own scale."""
        target = self._reserve(4 * PIXELS * len(units))
        source, paint = attribution.saliency_address(), self.kernel.function("paint")
        for place, unit in enumerate(units):
            attribution.unit_saliency(stage, unit)
            limit = self.kernel.function("peak")(source, PIXELS)
            scale = 1 / limit if limit > 0 else 0.0
            paint(target + 4 * PIXELS * place, SIDE, source, SIDE, 1, SIDE, SIDE, scale, self.palette)
        return target, SIDE, SIDE * len(units), 0.0

    def digits(self, addresses: Sequence[int]) -> Painted:
        """Paint digits, 784 u8 each, one below the other."""
        target = self._reserve(4 * PIXELS * len(addresses))
        for place, address in enumerate(addresses):
            self._paint_digit(target + 4 * PIXELS * place, address)
        return target, SIDE, SIDE * len(addresses), 255.0

    def _paint_digit(self, target: int, address: int) -> None:
        self.kernel.write_floats(self._digit, [*self.kernel.read_bytes(address, PIXELS)])
        self.kernel.function("paint")(target, SIDE, self._digit, SIDE, 1, SIDE, SIDE, 1 / 255, self.ink)

    def _grid(
        self, sources: Sequence[int], side: int, row_step: int, column_step: int, columns: int, limit: float
    ) -> tuple[int, int, int]:
        rows = -(-len(sources) // columns)
        width, height = columns * side, rows * side
        target = self._reserve(4 * width * height)
        self.kernel.function("clear")(target, width * height)  # the last row may not be full
        paint, scale = self.kernel.function("paint"), 1 / limit if limit > 0 else 0.0
        for number, source in enumerate(sources):
            corner = target + 4 * (number // columns * side * width + number % columns * side)
            paint(corner, width, source, row_step, column_step, side, side, scale, self.palette)
        return target, width, height

    def _reserve(self, size: int) -> int:
        if size > self._room:
            self._room, self._target = size, self.kernel.alloc(size + 16)
        return self._target


def _tile_sources(
    panel: Panel, weight: Parameter, stages: Sequence[Stage], chosen: int
) -> tuple[list[int], int, int]:
    """Return the address of each tile's first number, and how many floats apart its rows and its columns are."""
    units, outputs = range(panel.count), weight.shape[0]
    if panel.kind == "tiles":  # (ceil(H/BLOCK), D, BLOCK)
        inputs = weight.count // outputs
        first = [(unit // BLOCK * inputs * BLOCK) + unit % BLOCK for unit in units]
        step = BLOCK
    elif panel.stage == 0:  # (9, O)
        first, step = list(units), stages[0].wide
    else:  # (O, 9, I)
        wide = stages[panel.stage - 1].wide
        first, step = [9 * wide * chosen + unit for unit in units], wide
    return [weight.address + FLOAT * index for index in first], panel.side * step, step
