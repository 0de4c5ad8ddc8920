"""When a training run is measured, on how many test digits, and what that says of its target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scrawl.training import training_run
from scrawl.training.training_run import FEWEST, steps_to

from tests.support.networks.trainers import (
    SETTINGS,
    DigitTrainer,
    deliver,
    fill,
    new_trainer,
    run,
    settle,
)

if TYPE_CHECKING:
    from scrawl.net.network import Samples

    from tests.support.networks.kernel_host import WasmtimeKernel


def test_curve_is_measured_at_iterations_that_are_known_beforehand(trainer: DigitTrainer) -> None:
    fill(trainer)
    trainer.start()
    results = run(trainer, lambda: trainer.training_run.iteration >= 100)
    assert [result["iteration"] for result in results] == [0, 1, 2, 4, 8, 16, 25, 32, 50, 64, 75, 100][: len(results)]
    assert all(result["on_curve"] for result in results)


def test_first_points_need_few_test_digits_and_later_ones_all(
    trainer: DigitTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_run, "EARLY", 20)
    deliver(trainer, "test", 0)
    for index in range(5):
        deliver(trainer, "train", index)
    trainer.start()
    early = settle(trainer)
    assert [(r["iteration"], r["count"]) for r in early] == [(0, 20), (1, 20), (2, 20), (4, 20), (8, 20), (16, 20)]
    deliver(trainer, "test", 1)
    later = run(trainer, lambda: trainer.training_run.iteration > 50)
    assert [(r["iteration"], r["count"]) for r in later] == [(25, 40), (32, 40), (50, 40)]


@pytest.mark.parametrize(
    ("iteration", "steps"), [(0, 1), (1, 1), (2, 2), (5, 3), (16, 9), (25, 7), (32, 18), (50, 14)]
)
def test_points_come_at_powers_of_two_and_then_regularly(iteration: int, steps: int) -> None:
    assert steps_to(iteration, 8, 200) == steps


def test_one_call_takes_no_longer_than_there_is_time_for(trainer: DigitTrainer) -> None:
    fill(trainer)
    trainer.start()
    run(trainer, lambda: trainer.training_run.iteration == 64)
    assert 1 < trainer.training_run.steps_at_once(8, 8, 1.0) <= 11  # until the next point
    assert trainer.training_run.steps_at_once(8, 8, 0.0) == 1
    assert trainer.training_run.steps_at_once(8, 200, 1.0) == 1  # points are elsewhere with batches of another size


def test_measurement_is_of_one_set_of_weights(trainer: DigitTrainer) -> None:
    fill(trainer)
    trainer.start()
    run(trainer, lambda: trainer.training_run.iteration == 1)
    while trainer.run(trainer.clock()) is None:  # slices that are over at once
        assert trainer.training_run.iteration == 1


def test_nothing_is_measured_until_all_test_blocks_are_there(trainer: DigitTrainer) -> None:
    deliver(trainer, "test", 0)
    assert not trainer.is_busy()
    deliver(trainer, "test", 1)
    assert trainer.is_busy()


def test_refused_test_block_does_not_hold_up_the_others(trainer: DigitTrainer) -> None:
    deliver(trainer, "test", 0)
    trainer.cache.postpone("test", 1, 0.0)
    assert [result["count"] for result in settle(trainer)] == [20]


def test_pause_and_step_are_followed_by_a_measurement_of_all_digits(kernel: WasmtimeKernel) -> None:
    trainer = new_trainer(kernel, 10)
    fill(trainer)
    assert [(r["iteration"], r["count"]) for r in settle(trainer)] == [(0, 10), (0, 40)][:1]
    trainer.steps_wanted = 3
    results = settle(trainer)
    assert [(r["iteration"], r["count"], r["on_curve"]) for r in results] == [
        (1, 10, True), (2, 10, True), (3, 40, False),
    ]  # fmt: skip
    trainer.start()
    run(trainer, lambda: trainer.training_run.iteration >= 10)
    trainer.pause()
    assert settle(trainer)[-1]["count"] == 40


def test_few_digits_do_not_say_that_the_target_is_reached(trainer: DigitTrainer) -> None:
    trainer.set({**SETTINGS, "target": 0.01})
    deliver(trainer, "train", trainer.cache.window[0])
    trainer.start()
    trainer.training_run.curve_digits = 20
    deliver(trainer, "test", 0)
    settle(trainer)
    assert trainer.training
    assert trainer.reached is None
    deliver(trainer, "test", 1)
    assert settle(trainer)[-1]["count"] == 40
    assert not trainer.training


def test_target_is_reached_only_if_all_test_digits_say_so(kernel: WasmtimeKernel) -> None:
    trainer = new_trainer(kernel, 10, target=0.9)
    fill(trainer)
    trainer.start()
    results = run(trainer, lambda: trainer.reached is not None)
    assert trainer.reached is not None
    assert trainer.reached["count"] == 40
    assert [result["count"] for result in results[:-1]].count(10) >= 2
    assert trainer.training_run.iteration == trainer.reached["iteration"]


def slow_down(trainer: DigitTrainer, seconds: float, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Make judging a digit take so long. Return a list that fills with how many are judged at once."""
    sizes = []
    evaluate = trainer.training_run.network.evaluate

    def slowly(samples: Samples, first: int, count: int) -> tuple[float, int]:
        sizes.append(count)
        trainer.clock.now += seconds * count
        return evaluate(samples, first, count)

    monkeypatch.setattr(trainer.training_run.network, "evaluate", slowly)
    return sizes


def test_slow_network_is_measured_in_small_parts(trainer: DigitTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = slow_down(trainer, 0.02, monkeypatch)
    fill(trainer)
    settle(trainer)
    assert max(sizes) == FEWEST


def test_training_goes_on_without_waiting_for_a_measurement_that_the_curve_does_not_want(
    trainer: DigitTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(trainer)
    settle(trainer)
    slow_down(trainer, 0.02, monkeypatch)
    trainer.pause()
    trainer.run(trainer.clock())  # the measurement has started
    trainer.start()
    trainer.run(trainer.clock() + 0.012)
    assert trainer.training_run.iteration > 0
