"""Which blocks are kept in the kernel's memory, where, and which one to fetch next.

Pure policy: fetching is left to `source`, the bytes to `trainer`. Training blocks live in slots of equal size, at
most `limit` of them; test blocks have a place each and are kept for good. A block is (split, index).
"""

FIRST = 4  # training blocks that come before the test blocks: one alone would soon be known by heart
HOLD = 20.0  # seconds before a refused block is asked for again


class BlockCache:
    """The blocks of one dataset. `splits` says {"train": {"count", "shards"}, "test": {…}}, as the API does."""

    def __init__(self, splits: dict, limit: int) -> None:
        self.shards = {split: int(splits[split]["shards"]) for split in ("train", "test")}
        self.size = {split: most_in_a_block(int(splits[split]["count"]), self.shards[split]) for split in self.shards}
        self.limit = limit
        self.train: dict = {}  # index → (slot, count), the oldest first
        self.test: dict = {}  # index → count
        self.held: dict = {}  # (split, index) → when a refused block may be asked for again
        self.turnover = False  # whether a new block may replace the oldest one
        self._free = list(range(self.shards["train"] - 1, -1, -1))
        self._next = 0

    def rows(self) -> int:
        """Return how many rows of digits there is room for."""
        return sum(self.shards[split] * self.size[split] for split in self.shards)

    def wanted(self, in_flight: list, now: float) -> tuple | None:
        """Return the block to fetch next, None when there is nothing to do."""
        flying = [block for block in in_flight if block[0] == "train"]
        present = len(self.train) + len(flying)
        train = self._train_block(in_flight, now)
        if train and present < min(FIRST, self.limit):
            return self._take(train)
        for index in range(self.shards["test"]):
            if index not in self.test and self._is_free(("test", index), in_flight, now):
                return "test", index
        if train and (present < self.limit or (self.turnover and not flying)):
            return self._take(train)
        return None

    def place(self, split: str, index: int, count: int) -> int:
        """Make room for a block that has come and return its first row; the oldest one may have to go."""
        if not 0 < count <= self.size[split]:
            raise ValueError(f"a block of this dataset holds up to {self.size[split]} digits, got {count}")
        if split == "test":
            self.test[index] = count
            return self.shards["train"] * self.size["train"] + index * self.size["test"]
        if index in self.train:
            self._free.append(self.train.pop(index)[0])
        self.turnover = False
        self.resize(self.limit, 1)
        slot = self._free.pop()
        self.train[index] = (slot, count)
        return slot * self.size["train"]

    def resize(self, limit: int, room: int = 0) -> None:
        """Keep at most `limit` training blocks, less `room`."""
        self.limit = limit
        while len(self.train) > max(limit - room, 0):
            oldest = next(iter(self.train))
            self._free.append(self.train.pop(oldest)[0])

    def hold(self, split: str, index: int, now: float) -> None:
        """Leave a block alone for a while, because it was refused."""
        self.held[(split, index)] = now + HOLD

    def ranges(self) -> list:
        """Return (first row, count) of each training block that is there."""
        return [(slot * self.size["train"], count) for slot, count in self.train.values()]

    def test_ranges(self) -> list | None:
        """Return (first row, count) of each test block once all that can be had are there, else None."""
        missing = [i for i in range(self.shards["test"]) if i not in self.test and ("test", i) not in self.held]
        if missing or not self.test:
            return None
        base = self.shards["train"] * self.size["train"]
        return [(base + index * self.size["test"], count) for index, count in sorted(self.test.items())]

    def _train_block(self, in_flight: list, now: float) -> tuple | None:
        for ahead in range(self.shards["train"]):
            index = (self._next + ahead) % self.shards["train"]
            if index not in self.train and self._is_free(("train", index), in_flight, now):
                return "train", index
        return None

    def _take(self, block: tuple) -> tuple:
        self._next = block[1] + 1
        return block

    def _is_free(self, block: tuple, in_flight: list, now: float) -> bool:
        return block not in in_flight and self.held.get(block, now) <= now


def most_in_a_block(count: int, shards: int) -> int:
    """Return how many digits a block can hold at most: all are alike, but the last, which has at least one."""
    return (count - 1) // (shards - 1) if shards > 1 else count
