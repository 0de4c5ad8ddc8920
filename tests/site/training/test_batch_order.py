"""A run follows from seed and settings alone: not from slices, pauses, slow motion, nor from how blocks come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scrawl.training.batch_order import TURNOVER, shuffled
from scrawl.training.training_run import TrainingRun

from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.trainers import (
    SETTINGS,
    DigitTrainer,
    deliver,
    fill,
    new_network,
    new_trainer,
    run,
    settle,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrawl.state.settings import Value
    from scrawl.training.block_cache import BlockId
    from scrawl.training.training_run import Measurement

    type Point = tuple[float, ...]  # iteration, loss, accuracy; of the test digits also how many
    type Curves = tuple[list[Point], list[Point]]  # of the training digits, of the test digits

END = 60  # iterations: five epochs


def finish(trainer: DigitTrainer, seconds: float = 0.012, between: Callable[[], list[Measurement]] = list) -> Curves:
    """Train to the end. Return the points of both curves, to the last digit.

    `between` is called between slices, and returns what it measured.
    """
    training_run = trainer.training_run
    train: list[float] = []
    test: list[Point] = []
    trainer.start()
    for _ in range(10_000):
        results = [trainer.run(trainer.clock() + seconds), *between()]
        train += training_run.progress()["points"]
        for result in results:
            if result and result["on_curve"]:
                test.append((result["iteration"], result["loss"], result["accuracy"], result["count"]))
        if training_run.iteration >= END and not training_run.test_due:
            break
        trainer.clock.now += trainer.pause_left()
    # Full speed may have gone a little beyond: what came then is left out.
    return [point for point in points_of(train) if point[0] <= END], [point for point in test if point[0] <= END]


def points_of(figures: list[float]) -> list[Point]:
    return list(zip(*[iter(figures)] * 3, strict=True))


@pytest.fixture(scope="module")
def expected(kernel: WasmtimeKernel) -> dict[str, Curves]:
    results = {}
    for optimizer in ("sgd", "momentum", "adam"):
        trainer = fresh(kernel, optimizer)
        fill(trainer)
        results[optimizer] = finish(trainer)
    assert [point[0] for point in results["sgd"][1]] == [0, 1, 2, 4, 8, 16, 25, 32, 50]
    assert len({str(result) for result in results.values()}) == 3
    return results


def fresh(kernel: WasmtimeKernel, optimizer: str = "sgd", /, **settings: Value) -> DigitTrainer:
    wanted: dict[str, Value] = {"optimizer": optimizer, "learning_rate": 0.01, "augment": True}
    return new_trainer(kernel, **(wanted | settings))


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("seconds", [0.0, 0.1])
def test_slices_do_not_matter(
    kernel: WasmtimeKernel, expected: dict[str, Curves], optimizer: str, seconds: float
) -> None:
    trainer = fresh(kernel, optimizer)
    fill(trainer)
    trainer.training_run.rate = 1e6 * seconds  # believed to be fast: many steps in a call
    assert finish(trainer, seconds) == expected[optimizer]


@pytest.mark.parametrize("order", [(4, 3, 2, 1, 0), (2, 0, 4, 1, 3)])
def test_order_in_which_blocks_come_does_not_matter(
    kernel: WasmtimeKernel, expected: dict[str, Curves], order: tuple[int, ...]
) -> None:
    trainer = fresh(kernel)
    left: list[BlockId] = [*(("train", index) for index in order), ("test", 1), ("test", 0)]

    def one_comes() -> list[Measurement]:
        if left and not trainer.is_busy():
            deliver(trainer, *left.pop())
        return []

    assert finish(trainer, between=one_comes) == expected["sgd"]
    assert trainer.batch_order.exact


def test_pauses_do_not_matter(kernel: WasmtimeKernel, expected: dict[str, Curves]) -> None:
    trainer = fresh(kernel, "adam")
    fill(trainer)
    count = iter(range(10_000))
    unscheduled: list[Measurement] = []

    def pause() -> list[Measurement]:
        results: list[Measurement] = []
        if (now := next(count)) % 3 == 0:
            trainer.pause()
            if now % 2:
                results = settle(trainer)
                unscheduled.extend(result for result in results if not result["on_curve"])
            trainer.start()
        return results

    assert finish(trainer, 0.0, pause) == expected["adam"]
    assert unscheduled  # they were measured, and left no point on the curve


def test_slow_motion_and_single_steps_do_not_matter(kernel: WasmtimeKernel, expected: dict[str, Curves]) -> None:
    trainer = fresh(kernel, pace="slow")
    fill(trainer)
    assert finish(trainer) == expected["sgd"]
    stepping = fresh(kernel)
    fill(stepping)

    def want_a_step() -> list[Measurement]:
        stepping.steps_wanted = 1
        return []

    assert finish(stepping, between=want_a_step) == expected["sgd"]


def test_another_network_in_between_does_not_matter(kernel: WasmtimeKernel, expected: dict[str, Curves]) -> None:
    trainer = fresh(kernel)
    fill(trainer)
    first, other = trainer.training_run, TrainingRun(new_network(kernel, 9), trainer.clock)
    trainer.start()
    run(trainer, lambda: first.iteration >= 10)
    points = first.progress()["points"]
    trainer.select(other)
    trainer.start()
    run(trainer, lambda: other.iteration >= 30)
    trainer.select(first)
    rest = finish(trainer)[0]
    assert [*points_of(points), *rest] == expected["sgd"][0]


def test_new_weights_from_the_same_seed_run_the_same_again(
    kernel: WasmtimeKernel, expected: dict[str, Curves]
) -> None:
    trainer = fresh(kernel, "momentum")
    fill(trainer)
    trainer.training_run.network.randomise(4)
    finish(trainer)
    trainer.pause()
    trainer.training_run.network.randomise(1)
    trainer.restart()
    assert finish(trainer) == expected["momentum"]


@pytest.mark.parametrize("change", [{"seed": 2}, {"augment": False}, {"batch_size": 9}, {"weight_decay": 0.1}])
def test_other_settings_run_differently(
    kernel: WasmtimeKernel, expected: dict[str, Curves], change: dict[str, Value]
) -> None:
    trainer = fresh(kernel, **change)
    fill(trainer)
    assert finish(trainer) != expected["sgd"]


def test_seed_counts_from_the_next_new_weights_on(kernel: WasmtimeKernel) -> None:
    trainer = new_trainer(kernel)
    fill(trainer)
    trainer.set({**SETTINGS, "seed": 3})
    assert trainer.batch_order.seed == 3  # nothing has been trained yet
    trainer.start()
    run(trainer, lambda: trainer.training_run.iteration >= 5)
    trainer.set({**SETTINGS, "seed": 4})
    assert trainer.batch_order.seed == 3
    trainer.restart()
    assert trainer.batch_order.seed == 4


def test_every_epoch_shows_each_digit_once(kernel: WasmtimeKernel) -> None:
    trainer = new_trainer(kernel)
    fill(trainer)
    batch_order, epochs = trainer.batch_order, []
    for _ in range(3):
        seen: list[int] = []
        epoch = batch_order.epoch
        while (count := batch_order.batch(8, lambda _block: False)) and batch_order.epoch == epoch:
            at = trainer.samples.order + 4 * batch_order.place
            seen += trainer.kernel.read(at, np.uint32, count).tolist()
            batch_order.advance(count)
        assert sorted(seen) == sorted({*seen})
        assert len(seen) == 95
        epochs.append(seen)
    assert epochs[0] != epochs[1] != epochs[2]
    rows = [trainer.cache.range_of(block)[0] for block in batch_order.window]
    assert [
        row - row % 23 for row in epochs[0][::19]
    ] == rows  # the first goes block by block, in the seed's sequence


def test_training_goes_on_without_blocks_that_cannot_be_had(kernel: WasmtimeKernel) -> None:
    trainer = new_trainer(kernel)
    for index in range(2):
        deliver(trainer, "test", index)
    window = trainer.cache.window
    deliver(trainer, "train", window[1])
    trainer.start()
    settle(trainer)
    assert trainer.training_run.iteration == 0  # it waits for the block that comes first
    trainer.cache.postpone("train", window[0], 0.0)
    settle(trainer)
    assert trainer.training_run.iteration == 2
    trainer.offline = True
    run(trainer, lambda: trainer.training_run.iteration >= 20)
    assert not trainer.batch_order.exact
    trainer.offline = False
    for index in window:
        deliver(trainer, "train", index)
    run(trainer, lambda: trainer.samples.count == 95)  # all are learned from once they are there


def test_smaller_cache_lets_blocks_go_at_once_and_a_larger_one_fetches_more(kernel: WasmtimeKernel) -> None:
    trainer = new_trainer(kernel)
    fill(trainer)
    trainer.start()
    run(trainer, lambda: trainer.training_run.iteration >= 30)
    window = trainer.cache.window
    trainer.set({**SETTINGS, "cache_size": 2})
    assert trainer.cache.window == window[:2]
    assert trainer.cache.cached() == 2
    run(trainer, lambda: trainer.training_run.iteration >= 40)
    assert trainer.samples.count == 38
    trainer.set(SETTINGS)
    run(trainer, lambda: not trainer.is_busy() or len(trainer.cache.window) == 5)
    fill(trainer)
    run(trainer, lambda: trainer.samples.count == 95)


def test_window_moves_on_by_a_block_once_enough_has_been_seen(kernel: WasmtimeKernel) -> None:
    trainer = new_trainer(kernel, cache_size=2)
    batch_order = trainer.batch_order
    fill(trainer)
    assert sorted(trainer.cache.train) == sorted(
        [*batch_order.window, *batch_order.upcoming]
    )  # no more than are wanted
    windows = [batch_order.window]
    for _ in range(2 * (TURNOVER // 38 + 1)):
        batch_order.advance(38)
        batch_order.batch(38, lambda _block: True)
        if batch_order.window != windows[-1]:
            windows.append(batch_order.window)
            fill(trainer)
    sequence = shuffled(5, SETTINGS["seed"])
    assert windows == [sequence[:2], sequence[1:3], sequence[2:4]]


@pytest.mark.parametrize("count", [1, 2, 5, 60])
def test_sequences_hold_each_block_once_and_follow_from_the_seed(count: int) -> None:
    assert sorted(shuffled(count, 1)) == list(range(count))
    assert shuffled(count, 1) == shuffled(count, 1)
    assert count < 5 or len({tuple(shuffled(count, seed)) for seed in range(30)}) > 20
