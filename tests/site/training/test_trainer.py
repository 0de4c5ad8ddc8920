"""The worker's training, run on the real kernel: slices, measurements, targets, divergence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scrawl.training import training_run
from scrawl.training.training_run import FEWEST, TrainingRun, steps_to

from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import as_bytes
from tests.support.networks.trainers import (
    SETTINGS,
    DigitTrainer,
    changed,
    deliver,
    digits,
    fill,
    new_network,
    new_trainer,
    run,
)

if TYPE_CHECKING:
    from typing import Any

    from scrawl.net.network import Samples
    from scrawl.state.settings import Value
    from scrawl.training.training_run import Measurement


@pytest.fixture(scope="module")
def kernel() -> WasmtimeKernel:
    return WasmtimeKernel()


@pytest.fixture
def trainer(kernel: WasmtimeKernel) -> DigitTrainer:
    return new_trainer(kernel)


def settle(trainer: DigitTrainer) -> list[Measurement]:
    return run(trainer, lambda: not trainer.is_busy())


def weights(trainer: DigitTrainer) -> bytes:
    return as_bytes(trainer.training_run.network.export())


def test_training_waits_for_its_first_block_and_the_test_digits(trainer: DigitTrainer) -> None:
    trainer.start()
    assert not trainer.is_busy()
    for index in range(2):
        deliver(trainer, "test", index)
    settle(trainer)
    assert trainer.training_run.iteration == 0
    deliver(trainer, "train", trainer.cache.window[0])
    settle(trainer)
    assert trainer.training_run.iteration == 2  # of 8 digits each; the third batch would need the next block's first


def test_training_learns_and_measures_all_test_digits(trainer: DigitTrainer) -> None:
    fill(trainer)
    trainer.start()
    results = run(trainer, lambda: trainer.training_run.iteration >= 800)
    assert results[-1]["count"] == 40
    assert results[0]["accuracy"] < results[-1]["accuracy"] == 1.0
    progress = trainer.training_run.progress()
    assert progress["accuracy"] > 0.98
    assert progress["samples_per_second"] > 0
    assert progress["epoch"] == pytest.approx(800 / 12, abs=2)  # 11 whole batches and a rest


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


def test_one_call_takes_no_longer_than_there_is_time_for(trainer: DigitTrainer) -> None:
    fill(trainer)
    trainer.start()
    run(trainer, lambda: trainer.training_run.iteration == 64)
    assert 1 < trainer.training_run.steps_at_once(8, 8, 1.0) <= 11  # until the next point
    assert trainer.training_run.steps_at_once(8, 8, 0.0) == 1
    assert trainer.training_run.steps_at_once(8, 200, 1.0) == 1  # points are elsewhere with batches of another size


@pytest.mark.parametrize(
    ("iteration", "steps"), [(0, 1), (1, 1), (2, 2), (5, 3), (16, 9), (25, 7), (32, 18), (50, 14)]
)
def test_points_come_at_powers_of_two_and_then_regularly(iteration: int, steps: int) -> None:
    assert steps_to(iteration, 8, 200) == steps


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


def test_settings_hold_from_the_next_step_on(trainer: DigitTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(trainer)
    settle(trainer)
    taken: list[tuple[int, dict[str, Any]]] = []
    train_steps = trainer.training_run.network.train_steps

    def recorded(samples: Samples, first: int, count: int, steps: int, **rule: Any) -> tuple[float, int]:
        taken.append((count, rule))
        return train_steps(samples, first, count, steps, **rule)

    monkeypatch.setattr(trainer.training_run.network, "train_steps", recorded)
    changes: list[dict[str, Value]] = [
        {}, {"batch_size": 16, "optimizer": "momentum", "augment": True}, {"optimizer": "adam"},
    ]  # fmt: skip
    for change in changes:
        trainer.set(changed(**change))
        trainer.steps_wanted = 1
        settle(trainer)
    assert [(count, rule["optimizer"], rule["momentum"]) for count, rule in taken] == [
        (8, "sgd", 0.0), (16, "momentum", 0.9), (8, "adam", 0.0),
    ]  # fmt: skip
    assert [rule["augment"] for _, rule in taken] == [False, True, False]


def test_slow_motion_does_one_step_at_a_time(kernel: WasmtimeKernel) -> None:
    trainer = new_trainer(kernel, pace="slow", speed=2.0)
    fill(trainer)
    trainer.start()
    settle(trainer)
    assert trainer.training_run.iteration == 1
    assert 0.3 < trainer.pause_left() <= 0.5
    trainer.clock.now += 0.5
    assert trainer.pause_left() == 0
    settle(trainer)
    assert trainer.training_run.iteration == 2
    trainer.set({**SETTINGS, "pace": "full"})
    run(trainer, lambda: trainer.training_run.iteration >= 50)


def test_training_stops_at_its_target(trainer: DigitTrainer) -> None:
    trainer.set({**SETTINGS, "target": 0.9})
    fill(trainer)
    trainer.start()
    results = run(trainer, lambda: trainer.reached is not None)
    assert not trainer.training
    assert trainer.reached == results[-1]
    assert results[-1]["accuracy"] >= 0.9
    assert all(result["accuracy"] < 0.9 for result in results[:-1])


def test_target_is_reached_only_if_all_test_digits_say_so(kernel: WasmtimeKernel) -> None:
    trainer = new_trainer(kernel, 10, target=0.9)
    fill(trainer)
    trainer.start()
    results = run(trainer, lambda: trainer.reached is not None)
    assert trainer.reached is not None
    assert trainer.reached["count"] == 40
    assert [result["count"] for result in results[:-1]].count(10) >= 2
    assert trainer.training_run.iteration == trainer.reached["iteration"]


def test_block_larger_than_the_dataset_says_is_refused(trainer: DigitTrainer) -> None:
    with pytest.raises(ValueError, match="up to 23 digits, got 30"):
        trainer.add("train", 0, *digits(30))
    assert not trainer.cache.train


def test_network_that_is_selected_again_is_as_it_was_left(trainer: DigitTrainer) -> None:
    fill(trainer)
    trainer.start()
    run(trainer, lambda: trainer.training_run.iteration >= 100)
    first, second = trainer.training_run, TrainingRun(new_network(trainer.kernel, 5), trainer.clock)
    trainer.pause()
    settle(trainer)
    left, progress = weights(trainer), first.progress()
    trainer.select(second)
    assert not trainer.training
    trainer.start()
    run(trainer, lambda: second.iteration >= 50)
    trainer.select(first)
    assert first.progress() == {**progress, "points": []}
    assert weights(trainer) == left
    trainer.start()
    run(trainer, lambda: first.iteration >= progress["iteration"] + 50)
    assert first.progress()["accuracy"] > 0.9


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_diverging_run_stops_and_has_its_last_good_weights_again(kernel: WasmtimeKernel, optimizer: str) -> None:
    trainer = new_trainer(kernel, optimizer=optimizer, learning_rate=0.01)
    fill(trainer)
    trainer.start()
    run(trainer, lambda: trainer.training_run.iteration >= 20)
    trainer.pause()
    settle(trainer)
    good, iteration = weights(trainer), trainer.training_run.iteration
    trainer.set({**trainer.settings, "learning_rate": 1e30})
    trainer.start()
    run(trainer, lambda: trainer.divergence is not None)
    assert trainer.divergence is not None
    assert trainer.divergence["back_to"] == iteration == trainer.training_run.iteration
    assert trainer.divergence["iteration"] > iteration
    assert not trainer.training
    assert weights(trainer) == good
    trainer.set({**trainer.settings, "learning_rate": 0.01})
    trainer.start()
    run(trainer, lambda: trainer.training_run.iteration >= iteration + 200)
    assert trainer.training_run.progress()["accuracy"] > 0.9  # nothing of the failure was left behind


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
