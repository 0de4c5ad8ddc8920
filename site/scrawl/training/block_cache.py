"""Which blocks are kept in the kernel's memory, where, and which one to fetch next.

This is policy only: `worker.block_source` fetches, `trainer` has the bytes, and `batch_order` says which training
blocks are wanted. Those live in slots of equal size; test blocks have a place each and stay. A block is (split,
index).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Literal, Protocol, TypedDict

    from scrawl.net.interfaces import Rows

    type Split = Literal["train", "test"]
    type BlockId = tuple[Split, int]

    class SplitDescription(TypedDict):
        """How many digits a split has, in how many shards."""

        count: int
        shards: int

    type Splits = dict[Split, SplitDescription]

    class BlockOrder(Protocol):
        """What says which training blocks are wanted: a `BatchOrder`."""

        @property
        def window(self) -> list[int]: ...

        @property
        def upcoming(self) -> list[int]: ...


SPLITS: tuple[Split, ...] = ("train", "test")

POSTPONED_SECONDS = 20.0  # seconds before a refused block is asked for again
EARLY = 1000  # test digits that are enough for a run's first measurements
AHEAD = 20  # training blocks that come before the other test digits


class BlockCache:
    """The blocks of one dataset, whose splits the API describes."""

    def __init__(self, splits: Splits) -> None:
        self.shards = {split: int(splits[split]["shards"]) for split in SPLITS}
        self.size = {split: most_in_a_block(int(splits[split]["count"]), self.shards[split]) for split in SPLITS}
        self.window: list[int] = []  # training blocks that the run learns from, in their sequence
        self.upcoming: list[int] = []  # the one to be there when the window moves on
        self.train: dict[int, tuple[int, int]] = {}  # index → (slot, count)
        self.test: dict[int, int] = {}  # index → count
        self.postponed: dict[BlockId, float] = {}  # when a refused block may be asked for again
        self._free = list(range(self.shards["train"] - 1, -1, -1))
        self._cached = 0
        self._plan = self._planned()  # what may be missing yet, in the order in which to ask for it

    def rows(self) -> int:
        """Return how many rows of digits there is room for."""
        return sum(self.shards[split] * self.size[split] for split in self.shards)

    def follow(self, batch_order: BlockOrder) -> None:
        """Keep the blocks that a batch order wants, and let the others go."""
        self.window, self.upcoming = batch_order.window, batch_order.upcoming
        for index in [*self.train]:
            if index not in self.window and index not in self.upcoming:
                self._free.append(self.train.pop(index)[0])
        self._cached = len([index for index in self.window if index in self.train])
        self._plan = self._planned()

    def cached(self) -> int:
        """Return how many blocks of the window are there."""
        return self._cached

    def _planned(self) -> list[BlockId]:
        """Return all blocks that are wanted, in the order in which a run needs them.

        It measures on a few test digits before its first step, and on all of them later; what it learns from has to
        come as fast as it learns.
        """
        train: list[BlockId] = [("train", index) for index in [*self.window, *self.upcoming]]
        test: list[BlockId] = [("test", index) for index in range(self.shards["test"])]
        early = -(-EARLY // self.size["test"])
        return train[:1] + test[:early] + train[1:AHEAD] + test[early:] + train[AHEAD:]

    def wanted(self, in_flight: Collection[BlockId], now: float) -> BlockId | None:
        """Return the block to fetch next, None when there is nothing to do."""
        while self._plan and self._has(*self._plan[0]):
            self._plan.pop(0)
        for block in self._plan:
            if block not in in_flight and not self._has(*block) and self.postponed.get(block, now) <= now:
                return block
        return None

    def _has(self, split: Split, index: int) -> bool:
        return index in (self.train if split == "train" else self.test)

    def place(self, split: Split, index: int, count: int) -> int | None:
        """Make room for a block that has come and return its first row; None if it is not wanted any more."""
        if not 0 < count <= self.size[split]:
            raise ValueError(f"a block of this dataset holds up to {self.size[split]} digits, got {count}")
        self.postponed.pop((split, index), None)
        if split == "test":
            self.test[index] = count
            return self.shards["train"] * self.size["train"] + index * self.size["test"]
        if index in self.train or index not in self.window + self.upcoming:
            return None
        slot = self._free.pop()
        self.train[index] = (slot, count)
        self._cached += index in self.window
        return slot * self.size["train"]

    def postpone(self, split: Split, index: int, now: float) -> None:
        """Do not ask for a block for a while, because it was refused."""
        self.postponed[(split, index)] = now + POSTPONED_SECONDS

    def range_of(self, index: int) -> Rows:
        """Return (first row, count) of a training block that is there."""
        slot, count = self.train[index]
        return slot * self.size["train"], count

    def ranges(self) -> list[Rows]:
        """Return (first row, count) of each training block that is there."""
        return [self.range_of(index) for index in self.train]

    def count_of(self, index: int) -> int:
        """Return how many digits a training block has, as far as that is known."""
        return self.train[index][1] if index in self.train else self.size["train"]

    def test_ranges(self, most: int = 0) -> list[Rows] | None:
        """Return (first row, count) of each test block once all that can be fetched are there, else None.

        With `most`, only of the first so many digits.
        """
        base, total = self.shards["train"] * self.size["train"], 0
        ranges: list[Rows] = []
        for index in range(self.shards["test"]):
            if index in self.test:
                count = min(self.test[index], most - total) if most else self.test[index]
                ranges.append((base + index * self.size["test"], count))
                total += count
            elif ("test", index) not in self.postponed:
                return None
            if most and total >= most:
                break
        return ranges or None

    def has_all_tests(self, count: int) -> bool:
        """Tell whether so many test digits are all that there are, or all that can be fetched."""
        return count == sum(self.test.values()) and self.test_ranges() is not None


def most_in_a_block(count: int, shards: int) -> int:
    """Return how many digits a block can hold at most: all are alike, but the last, which has at least one."""
    return (count - 1) // (shards - 1) if shards > 1 else count
