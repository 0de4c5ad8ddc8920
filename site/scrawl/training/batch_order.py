"""Which digits a run learns from, in which order. That follows from seed, settings and how far the run has come.

The seed puts the training blocks in a sequence; the first `limit` of them are the run's window. Its first epoch takes
them one by one, each shuffled, and waits for the next where that has not come yet; later epochs shuffle the whole
window. Where there are more blocks than the window holds, it moves on by one block, but at most once in TURNOVER
digits: a block should be known well before it goes, and the API should not be kept busy.

`block_cache` knows where blocks are in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrawl.net.network import Samples
    from scrawl.training.block_cache import BlockCache

    type Position = tuple[int, int, int, int, int, bool]

TURNOVER = 60_000
PRIME = 2_147_483_647


class BatchOrder:
    """The order of one run. `samples` has the digits and their order in memory, `cache` knows which there are."""

    def __init__(self, samples: Samples, cache: BlockCache, limit: int, seed: int) -> None:
        self.samples = samples
        self.cache = cache
        self.seed = seed
        self.limit = limit
        self.exact = True  # False once blocks that could not be fetched were left out
        self._sequence = shuffled(cache.shards["train"], seed)
        self._first = 0  # of the window, in the sequence
        self._since_turnover = 0
        self.epoch = 0  # how many are complete
        self.place = 0  # in the order of the epoch under way
        self._by_block = True  # whether this epoch takes block after block
        self._size = min(limit, len(self._sequence))  # of this epoch's window
        self._window: list[int] = []  # made again when it starts elsewhere or has another size
        self._window_made = (0, -1)  # the first block and the size it was made with
        self.invalidate()

    @property
    def window(self) -> list[int]:
        """Return the blocks that it learns from, in their sequence."""
        made = self._first, self._size
        if made != self._window_made:
            self._window_made, self._window = made, self._ahead(0, self._size)
        return self._window

    @property
    def upcoming(self) -> list[int]:
        """Return the block that comes into the window next, if there are more than it holds."""
        return self._ahead(self._size, 1) if self._size < len(self._sequence) else []

    def _ahead(self, start: int, count: int) -> list[int]:
        return [self._sequence[(self._first + start + i) % len(self._sequence)] for i in range(count)]

    def invalidate(self) -> None:
        """Make the order again before it is used: what is in memory is another run's, or blocks have moved."""
        self._taken = 0  # blocks of the window that are in the order
        self._filled = 0  # places of the order that are in use
        self.samples.count = 0

    def resize(self, limit: int) -> None:
        """Have a window of another size: a larger one from the next epoch on, a smaller one at once."""
        self.limit = limit
        size = min(limit, len(self._sequence))
        if self._by_block and size >= self._size:
            self._size = size
        elif size < self._size:
            self._by_block = self.epoch == self.place == 0
            self._size, self.place = size, 0
            self.invalidate()

    def batch(self, size: int, gone: Callable[[int], bool]) -> int:
        """Return how many digits the next batch has, from `place` on: `size`, fewer at an epoch's end; 0 to wait.

        `gone(block)` tells whether a block that is missing is not worth waiting for.
        """
        if self._taken >= len(self.window) and self.place >= self._filled:
            if self._filled:
                self._new_epoch()
            else:
                self.invalidate()  # there was nothing; there may be something now
        while self._filled < self.place + size and self._taken < len(self.window):
            if not self._fill(gone):
                return 0
        return max(0, min(size, self._filled - self.place))

    def whole_batches(self, size: int) -> int:
        """Return how many batches of that size can be had without asking again."""
        return (self._filled - self.place) // size

    def advance(self, count: int) -> None:
        """Go on by so many digits."""
        self.place += count
        self._since_turnover += count

    def position(self) -> Position:
        """Return where it is, for `go_to`."""
        return self._first, self._size, self._since_turnover, self.epoch, self.place, self._by_block

    def go_to(self, position: Position) -> None:
        """Be there again."""
        self._first, self._size, self._since_turnover, self.epoch, self.place, self._by_block = position
        self.invalidate()

    def progress(self) -> float:
        """Return how many epochs it has gone through."""
        size = sum(self.cache.count_of(block) for block in self.window)
        return self.epoch + min(self.place / size, 1.0)

    def _fill(self, gone: Callable[[int], bool]) -> bool:
        """Put what comes next into the order. Return whether that was possible."""
        window = self.window
        missing = [block for block in window if block not in self.cache.train]
        if self._by_block:
            block = window[self._taken]
            if block in missing:
                if not gone(block):
                    return False
                self.exact = False
            else:
                self._filled = self.samples.append(*self.cache.range_of(block), mixed(self.seed, 0, block + 1))
            self._taken += 1
            return True
        if any(not gone(block) for block in missing):
            return False
        self.exact = self.exact and not missing
        ranges = [self.cache.range_of(block) for block in window if block not in missing]
        self._filled = self.samples.shuffle(ranges, mixed(self.seed, self.epoch, 0))
        self._taken = len(window)
        return True

    def _new_epoch(self) -> None:
        size = min(self.limit, len(self._sequence))
        self._by_block, self._size = size > self._size, size
        self.epoch += 1
        self.place = 0
        if self.upcoming and self._since_turnover >= TURNOVER:
            self._first = (self._first + 1) % len(self._sequence)
            self._since_turnover = 0
        self.invalidate()
        self.cache.follow(self)


def mixed(*numbers: int) -> int:
    """Return a seed made of several numbers."""
    seed = 17
    for number in numbers:
        seed = (seed * 48_271 + number * 16_807 + 11) % PRIME
    return seed


def shuffled(count: int, seed: int) -> list[int]:
    """Return 0 to `count` - 1 in an order that the seed decides. (Brython's `random` is larger than the page.)"""
    order = list(range(count))
    state = mixed(seed, count)
    for i in range(count - 1, 0, -1):
        state = state * 48_271 % PRIME
        j = state % (i + 1)
        order[i], order[j] = order[j], order[i]
    return order
