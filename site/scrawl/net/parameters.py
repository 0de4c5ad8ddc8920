"""A network's parameters in the kernel's memory: float32 tensors, packed as the layers that own them compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrawl.net.interfaces import Floats, Kernel

FLOAT = 4  # bytes


def row_stride(features: int) -> int:
    """Return how many floats rows are apart: an odd number of 64-byte lines, which spreads rows over the cache."""
    return ((features + 15) // 16 | 1) * 16


def product(sizes: Iterable[int]) -> int:
    """Return how many elements a shape has. (Brython's `math` is larger than all of the page's own code.)"""
    total = 1
    for size in sizes:
        total *= size
    return total


class Parameter:
    """A float32 tensor: outside in PyTorch's layout, inside as its layer packs it."""

    def __init__(self, kernel: Kernel, name: str, shape: Iterable[int]) -> None:
        self.kernel = kernel
        self.name = name
        self.shape = tuple(shape)
        self.count = product(self.shape)
        self.address = 0  # where the layer keeps it; set by `allocate`
        self.size = 0  # how many floats that takes
        self.bytes = 0  # and bytes
        self.sparse = False  # whether its gradient is never stored, as the first dense layer's
        self.limit = 0.0
        self._layout = (0, 0, 0, 0, 0)
        self._staging = 0
        self._gradient = 0

    def allocate(
        self, outputs: int, block: int, limit: float, positions: int = 1, wide: int = 0, rows: int = 0
    ) -> None:
        """Reserve memory for blocks of `block` outputs: (ceil(O/block), I, block). `limit` is for `randomise`.

        Where inputs are (channel, position) outside, they are (position, channel) inside, with room for `wide`
        channels. There is room for `rows` outputs if those are more. What is not used stays zero.
        """
        self.limit = limit
        inputs = self.count // outputs
        wide = wide or inputs // positions
        self._layout = (outputs, inputs, block, positions, wide)
        columns = -(-positions * wide // 4) * 4  # whole vectors, and rows to transpose
        self.size = max(-(-outputs // block) * block, rows) * columns
        self.bytes = self.size * FLOAT
        self.address = self.kernel.alloc(self.bytes)
        self._staging = self.kernel.alloc(self.count * FLOAT)

    def gradient(self) -> int:
        """Return where a batch's gradient is summed up, for optimizers that want it first; it starts at zero."""
        if not self._gradient:
            self._gradient = self.kernel.alloc(self.bytes)
        return self._gradient

    def stage(self, floats: Floats) -> None:
        """Copy `count` floats in PyTorch's layout into the kernel's memory, where nothing uses them yet."""
        self.kernel.write_floats(self._staging, floats)

    def take_staged(self) -> None:
        """Take over the floats that have been staged last."""
        self.kernel.function("pack_weights")(self.address, self._staging, *self._layout)

    def add_magnitudes(self, target: int, source: int, inputs: int, limit: float) -> bool:
        """Add to each row's float at `target` its staged weights' magnitudes, times those of its inputs at `source`.

        Return whether all of them are within the limit.
        """
        rows = self.shape[0]
        columns = self.count // rows
        span = columns // inputs
        add = self.kernel.function("add_magnitudes")
        return bool(add(target, self._staging, rows, columns, source, span, limit))

    def export(self) -> Floats:
        """Return a copy, in PyTorch's layout."""
        self.kernel.function("unpack_weights")(self._staging, self.address, *self._layout)
        return self.kernel.read_floats(self._staging, self.count)

    def randomise(self, seed: int) -> None:
        """Fill with numbers evenly spread over -limit..limit."""
        self.kernel.function("fill_uniform")(self._staging, self.count, self.limit, seed)
        self.kernel.function("pack_weights")(self.address, self._staging, *self._layout)
