"""The worker's training, run on the real kernel: what starts and stops it, its settings, other runs, divergence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scrawl.training.training_run import TrainingRun

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
    settle,
    weights,
)

if TYPE_CHECKING:
    from typing import Any

    from scrawl.net.network import Samples
    from scrawl.state.settings import Value

    from tests.support.networks.kernel_host import WasmtimeKernel


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
