"""Paints a network's weights and activations as RGBA pixels in the kernel's memory, in a grid per panel.

Nothing here loops over pixels: the kernel does. Which panels there are is said in `panels`, where the numbers are in
`lens` and `scrawl.net.layers`.
"""

from scrawl.inspect.panels import SIDE
from scrawl.net.layers import BLOCK, FLOAT
from scrawl.net.network import PIXELS

COLOURS = 255  # of a palette: the middle one is 0
SPREAD = 3.0  # times the typical weight has full colour


class Painter:
    """Paints for one palette at a time; `palettes` are addresses of COLOURS RGBA pixels each."""

    def __init__(self, kernel: object) -> None:
        self.kernel = kernel
        self.palette = kernel.alloc(COLOURS * 4)
        self.overlay = kernel.alloc(COLOURS * 4)  # for saliency: the less it says, the more transparent
        self.ink = kernel.alloc(COLOURS * 4)  # for pictures of digits
        self._one = kernel.alloc(PIXELS * FLOAT)
        self._target = self._room = 0

    def weights(self, panel: object, lens: object, chosen: int, columns: int) -> tuple:
        """Paint the panel's weights. Return (address, width, height, the weight that has full colour)."""
        weight = lens.stages[panel.stage].weighted.weight
        limit = SPREAD * (self.kernel.function("squares")(weight.address, weight.size) / weight.count) ** 0.5
        sources, row_step, column_step = _places(panel, weight, chosen)
        return (*self._grid(sources, panel.side, row_step, column_step, columns, limit), limit)

    def activations(self, panel: object, lens: object, columns: int) -> tuple:
        """Paint what the units or maps of a stage make of the picture. Return as `weights` does."""
        stage = lens.stages[panel.stage]
        limit = self.kernel.function("peak")(stage.layer.output, stage.layer.stride)
        sources = [stage.layer.output + FLOAT * stage.start(unit) for unit in range(panel.count)]
        return (*self._grid(sources, panel.side, stage.row_step(), stage.count, columns, limit), limit)

    def salient(self, source: int, image: int) -> tuple:
        """Paint what each pixel has contributed, 784 floats, and below it the digit itself. Return as ever."""
        limit = self.kernel.function("peak")(source, PIXELS)
        target = self._take(2 * 4 * PIXELS)
        self._paint_digit(target + 4 * PIXELS, image)
        scale = 1 / limit if limit > 0 else 0.0
        self.kernel.function("paint")(target, SIDE, source, SIDE, 1, SIDE, SIDE, scale, self.overlay)
        return target, SIDE, 2 * SIDE, limit

    def digits(self, addresses: list) -> tuple:
        """Paint digits, 784 u8 each, one below the other. Return as `weights` does."""
        target = self._take(4 * PIXELS * len(addresses))
        for place, address in enumerate(addresses):
            self._paint_digit(target + 4 * PIXELS * place, address)
        return target, SIDE, SIDE * len(addresses), 255.0

    def _paint_digit(self, target: int, address: int) -> None:
        self.kernel.write_floats(self._one, [*self.kernel.read_bytes(address, PIXELS)])
        self.kernel.function("paint")(target, SIDE, self._one, SIDE, 1, SIDE, SIDE, 1 / 255, self.ink)

    def _grid(self, sources: list, side: int, row_step: int, column_step: int, columns: int, limit: float) -> tuple:
        rows = -(-len(sources) // columns)
        width, height = columns * side, rows * side
        target = self._take(4 * width * height)
        self.kernel.function("clear")(target, width * height)  # the last row may not be full
        paint, scale = self.kernel.function("paint"), 1 / limit if limit > 0 else 0.0
        for number, source in enumerate(sources):
            corner = target + 4 * (number // columns * side * width + number % columns * side)
            paint(corner, width, source, row_step, column_step, side, side, scale, self.palette)
        return target, width, height

    def _take(self, size: int) -> int:
        if size > self._room:
            self._room, self._target = size, self.kernel.alloc(size + 16)
        return self._target


def _places(panel: object, weight: object, chosen: int) -> tuple:
    """Return where the numbers of each picture begin, and how far its rows and its columns are apart, in floats."""
    units, outputs = range(panel.count), weight.shape[0]
    if panel.kind == "tiles":  # (ceil(H/BLOCK), D, BLOCK)
        inputs = weight.count // outputs
        first = [(unit // BLOCK * inputs * BLOCK) + unit % BLOCK for unit in units]
        step = BLOCK
    elif panel.stage == 0:  # (9, O)
        first, step = list(units), outputs
    else:  # (O, 9, I)
        first, step = [9 * panel.count * chosen + unit for unit in units], panel.count
    return [weight.address + FLOAT * place for place in first], panel.side * step, step
