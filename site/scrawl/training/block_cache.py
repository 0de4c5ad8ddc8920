"""Which blocks are kept in the kernel's memory, where, and which one to fetch next.

Pure policy: fetching is left to `source`, the bytes to `trainer`, which training blocks are wanted to `course`. They
live in slots of equal size; test blocks have a place each and are kept for good. A block is (split, index).
"""

HOLD = 20.0  # seconds before a refused block is asked for again


class BlockCache:
    """The blocks of one dataset. `splits` says {"train": {"count", "shards"}, "test": {…}}, as the API does."""

    def __init__(self, splits: dict) -> None:
        self.shards = {split: int(splits[split]["shards"]) for split in ("train", "test")}
        self.size = {split: most_in_a_block(int(splits[split]["count"]), self.shards[split]) for split in self.shards}
        self.window: list = []  # training blocks that are learned from, in their sequence
        self.upcoming: list = []  # the one to be there when the window moves on
        self.train: dict = {}  # index → (slot, count)
        self.test: dict = {}  # index → count
        self.held: dict = {}  # (split, index) → when a refused block may be asked for again
        self._free = list(range(self.shards["train"] - 1, -1, -1))

    def rows(self) -> int:
        """Return how many rows of digits there is room for."""
        return sum(self.shards[split] * self.size[split] for split in self.shards)

    def follow(self, course: object) -> None:
        """Keep the blocks that a course wants, and let the others go."""
        self.window, self.upcoming = course.window, course.upcoming
        for index in [*self.train]:
            if index not in self.window and index not in self.upcoming:
                self._free.append(self.train.pop(index)[0])

    def cached(self) -> int:
        """Return how many blocks of the window are there."""
        return len([index for index in self.window if index in self.train])

    def wanted(self, in_flight: list, now: float) -> tuple | None:
        """Return the block to fetch next, None when there is nothing to do.

        One to begin with, then all to measure on, for that comes before the first step; then the others, in the
        order in which they are learned from.
        """
        train = [("train", index) for index in [*self.window, *self.upcoming] if index not in self.train]
        test = [("test", index) for index in range(self.shards["test"]) if index not in self.test]
        begun = self.train or any(split == "train" for split, _ in in_flight)
        for block in test + train if begun else train[:1] + test + train[1:]:
            if block not in in_flight and self.held.get(block, now) <= now:
                return block
        return None

    def place(self, split: str, index: int, count: int) -> int | None:
        """Make room for a block that has come and return its first row; None if it is not wanted any more."""
        if not 0 < count <= self.size[split]:
            raise ValueError(f"a block of this dataset holds up to {self.size[split]} digits, got {count}")
        self.held.pop((split, index), None)
        if split == "test":
            self.test[index] = count
            return self.shards["train"] * self.size["train"] + index * self.size["test"]
        if index in self.train or index not in self.window + self.upcoming:
            return None
        slot = self._free.pop()
        self.train[index] = (slot, count)
        return slot * self.size["train"]

    def hold(self, split: str, index: int, now: float) -> None:
        """Leave a block alone for a while, because it was refused."""
        self.held[(split, index)] = now + HOLD

    def range_of(self, index: int) -> tuple:
        """Return (first row, count) of a training block that is there."""
        slot, count = self.train[index]
        return slot * self.size["train"], count

    def ranges(self) -> list:
        """Return (first row, count) of each training block that is there."""
        return [self.range_of(index) for index in self.train]

    def count_of(self, index: int) -> int:
        """Return how many digits a training block has, as far as that is known."""
        return self.train[index][1] if index in self.train else self.size["train"]

    def test_ranges(self, most: int = 0) -> list | None:
        """Return (first row, count) of each test block once all that can be had are there, else None.

        With `most`, only of the first so many digits.
        """
        base, ranges, total = self.shards["train"] * self.size["train"], [], 0
        for index in range(self.shards["test"]):
            if index in self.test:
                count = min(self.test[index], most - total) if most else self.test[index]
                ranges.append((base + index * self.size["test"], count))
                total += count
            elif ("test", index) not in self.held:
                return None
            if most and total >= most:
                break
        return ranges or None


def most_in_a_block(count: int, shards: int) -> int:
    """Return how many digits a block can hold at most: all are alike, but the last, which has at least one."""
    return (count - 1) // (shards - 1) if shards > 1 else count
