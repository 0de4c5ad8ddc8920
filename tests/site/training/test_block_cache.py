"""The page's cache of blocks: what is fetched next, what is kept where, what is let go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scrawl.training.block_cache import POSTPONED_SECONDS, BlockCache, most_in_a_block

if TYPE_CHECKING:
    from scrawl.net.interfaces import Rows
    from scrawl.training.block_cache import BlockId, Splits

SPLITS: Splits = {"train": {"count": 95, "shards": 5}, "test": {"count": 40, "shards": 2}}


class BatchOrder:
    """What a batch_order wants: a window of blocks and the one that comes next."""

    def __init__(self, window: list[int], upcoming: list[int]) -> None:
        self.window, self.upcoming = window, upcoming


@pytest.fixture
def cache() -> BlockCache:
    cache = BlockCache(SPLITS)
    cache.follow(BatchOrder([3, 0, 4], [1]))
    return cache


def test_one_training_block_comes_first_then_the_test_blocks_then_the_rest(cache: BlockCache) -> None:
    flying: list[BlockId] = []
    while (wanted := cache.wanted(flying, 0)) is not None:
        flying.append(wanted)
    assert flying == [("train", 3), ("test", 0), ("test", 1), ("train", 0), ("train", 4), ("train", 1)]


def test_a_run_can_measure_and_learn_before_most_test_digits_come() -> None:
    cache = BlockCache({"train": {"count": 30_000, "shards": 30}, "test": {"count": 3000, "shards": 3}})
    cache.follow(BatchOrder([*range(30)], []))
    flying: list[BlockId] = []
    while (wanted := cache.wanted(flying, 0)) is not None:
        flying.append(wanted)
    assert flying[:3] == [("train", 0), ("test", 0), ("train", 1)]
    assert [place for place, (split, _) in enumerate(flying) if split == "test"] == [1, 21, 22]
    assert len(flying) == 33


def test_blocks_that_are_there_are_not_asked_for_again(cache: BlockCache) -> None:
    cache.place("train", 3, 19)
    for index in (0, 1):
        cache.place("test", index, 20)
    assert cache.wanted([("train", 0)], 0) == ("train", 4)
    assert cache.cached() == 1


def test_block_that_is_not_wanted_any_more_is_left_out(cache: BlockCache) -> None:
    assert cache.place("train", 2, 19) is None
    assert cache.place("train", 1, 19) is not None  # the upcoming one
    assert cache.cached() == 0  # it is not learned from yet
    assert cache.place("train", 1, 19) is None  # it has come twice


def test_blocks_outside_the_window_are_let_go(cache: BlockCache) -> None:
    for index in (3, 0, 4, 1):
        cache.place("train", index, 19)
    cache.follow(BatchOrder([0, 4, 1], [2]))
    assert sorted(cache.train) == [0, 1, 4]
    assert cache.wanted([("test", 0), ("test", 1)], 0) == ("train", 2)


def test_slots_do_not_overlap() -> None:
    cache = BlockCache(SPLITS)
    for first in range(12):
        window = [(first + i) % 5 for i in range(4)]
        cache.follow(BatchOrder(window[:3], window[3:]))
        for index in window:
            cache.place("train", index, 19)
        rows = [row for start, count in cache.ranges() for row in range(start, start + count)]
        assert len(rows) == len(set(rows)) == 4 * 19
    assert max(rows) < cache.rows() - 40


@pytest.mark.parametrize(("size", "count"), [(1000, 60_000), (1000, 1497), (1000, 1001), (7, 7), (1, 3), (19, 95)])
def test_room_for_a_block_is_never_too_small(size: int, count: int) -> None:
    assert most_in_a_block(count, -(-count // size)) >= min(size, count)


def test_refused_block_is_left_alone_for_a_while(cache: BlockCache) -> None:
    cache.postpone("train", 3, 100.0)
    assert cache.wanted([], 100.0) == ("test", 0)
    others: list[BlockId] = [("test", 0), ("test", 1), ("train", 0), ("train", 4), ("train", 1)]
    for block in others:
        cache.postpone(*block, 100.0)
    assert cache.wanted([], 100.0) is None
    assert cache.wanted([], 101.0 + POSTPONED_SECONDS) is not None
    cache.place("train", 3, 19)
    assert ("train", 3) not in cache.postponed


def counts(ranges: list[Rows] | None) -> list[int]:
    assert ranges is not None
    return [count for _, count in ranges]


def test_first_test_digits_are_measured_on_as_soon_as_they_are_there(cache: BlockCache) -> None:
    assert cache.test_ranges(10) is None
    cache.place("test", 0, 20)
    assert counts(cache.test_ranges(10)) == [10]
    assert cache.test_ranges() is None
    assert cache.test_ranges(30) is None
    cache.place("test", 1, 20)
    assert counts(cache.test_ranges(30)) == [20, 10]
    assert counts(cache.test_ranges()) == [20, 20]


def test_refused_test_blocks_are_left_out(cache: BlockCache) -> None:
    cache.postpone("test", 0, 0.0)
    cache.postpone("test", 1, 0.0)
    assert cache.test_ranges() is None
    cache.place("test", 1, 20)
    assert counts(cache.test_ranges()) == [20]
