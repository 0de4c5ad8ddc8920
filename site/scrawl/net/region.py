"""Memory of the kernel that is given back: what a network reserves is a region, given back as a whole.

The kernel's own allocator only ever grows; a pool keeps what regions have given back, and serves from it first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrawl.net.interfaces import Kernel

ALIGNMENT = 64  # as the kernel's


class MemoryPool:
    """What regions of a kernel have given back: address and size of each stretch, in their order."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.free: list[tuple[int, int]] = []

    def take(self, size: int) -> int:
        """Reserve `size` bytes, a multiple of 64, zeroed: in the first large enough stretch, else new ones."""
        for place, (address, room) in enumerate(self.free):
            if room >= size:
                self.free.pop(place)
                if room > size:
                    self.free.insert(place, (address + size, room - size))
                self.kernel.function("clear")(address, size // 4)
                return address
        return self.kernel.alloc(size)

    def give(self, stretches: list[tuple[int, int]]) -> None:
        """Take stretches back; neighbours become one."""
        merged: list[tuple[int, int]] = []
        for address, size in sorted([*self.free, *stretches]):
            if merged and merged[-1][0] + merged[-1][1] == address:
                size += merged[-1][1]
                address = merged.pop()[0]
            merged.append((address, size))
        self.free = merged


class Region:
    """A kernel to whoever uses it, except that what has been reserved through it can be given back."""

    def __init__(self, pool: MemoryPool) -> None:
        kernel = pool.kernel
        self.most_threads = kernel.most_threads
        self.function, self.size = kernel.function, kernel.size
        self.write, self.write_words, self.write_floats = kernel.write, kernel.write_words, kernel.write_floats
        self.read_bytes, self.read_words = kernel.read_bytes, kernel.read_words
        self.read_floats, self.read_double = kernel.read_floats, kernel.read_double
        self._pool = pool
        self._stretches: list[tuple[int, int]] = []

    @property
    def reserved(self) -> int:
        """How many bytes are in use."""
        return sum([size for _address, size in self._stretches])

    def alloc(self, size: int) -> int:
        """Reserve bytes, zeroed, and return their address, a multiple of 64."""
        room = -(-max(size, 1) // ALIGNMENT) * ALIGNMENT
        address = self._pool.take(room)
        self._stretches.append((address, room))
        return address

    def release_all(self) -> None:
        """Give back everything that was reserved: nobody uses it."""
        stretches, self._stretches = self._stretches, []
        self._pool.give(stretches)
