"""Checkpoints of a run: which are kept, how much memory they take, going back to one."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from scrawl.training.checkpoints import MOST, MOST_BYTES, Checkpoints
from scrawl.training.trainer import Trainer

from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import as_bytes
from tests.support.networks.trainers import fill, new_trainer, run, settle, weights

if TYPE_CHECKING:
    from scrawl.training.training_run import Figures

FIGURES: Figures = (0, (0.0, 0, 0), (0.0, 0, 0), None)  # of a run that has not started


def train_to(trainer: Trainer, iteration: int) -> None:
    trainer.start()
    run(trainer, lambda: trainer.training_run.iteration >= iteration)
    trainer.pause()
    settle(trainer)


def test_snapshots_stay_few_and_evenly_spread() -> None:
    checkpoints, gone = Checkpoints(101_770), []
    iterations = [0, *(2**n for n in range(9)), *range(512, 512 * 1000, 512)]
    for iteration in iterations:
        _, dropped = checkpoints.add(iteration, 0.5, {}, FIGURES)
        gone += [dropped.number] if dropped else []
        assert len(checkpoints.stored) <= MOST
    kept = [one.iteration for one in checkpoints.stored]
    assert (kept[0], kept[-1]) == (iterations[0], iterations[-1])
    gaps = [after - before for before, after in itertools.pairwise(kept)]
    assert max(gaps) <= 2.5 * iterations[-1] / MOST
    assert sorted(gone + [one.number for one in checkpoints.stored]) == list(range(len(iterations)))


@pytest.mark.parametrize("size", [101_770, 109_386, 421_642, 20_000_000])
def test_snapshots_take_a_limited_amount_of_memory(size: int) -> None:
    most = Checkpoints(size).most
    assert most <= MOST
    assert most == 2 or 4 * size * most <= MOST_BYTES


def test_number_that_had_to_go_stands_for_the_one_before() -> None:
    checkpoints = Checkpoints(1000)
    for iteration in range(0, 500, 10):
        checkpoints.add(iteration, 0.5, {}, FIGURES)
    numbers = [one.number for one in checkpoints.stored]
    missing = next(number for number in range(50) if number not in numbers)
    found = checkpoints.get(missing)
    assert found is not None
    assert found.number == max(number for number in numbers if number < missing)
    checkpoints.clear()
    assert checkpoints.get(3) is None
    assert checkpoints.add(0, 0.5, {}, FIGURES)[0].number == 50  # numbers are not used again


def test_each_point_of_the_test_curve_is_stored_and_reported(kernel: WasmtimeKernel) -> None:
    trainer = new_trainer(kernel)
    fill(trainer)
    train_to(trainer, 20)
    kept = trainer.training_run.checkpoints.stored
    assert [one.iteration for one in kept][:6] == [0, 1, 2, 4, 8, 16]
    assert [number for number, _ in trainer.training_run.checkpoint_changes] == [one.number for one in kept]
    assert kept[0].test_accuracy < kept[-1].test_accuracy


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_restored_run_continues_from_there(kernel: WasmtimeKernel, optimizer: str) -> None:
    trainer = new_trainer(kernel, optimizer=optimizer, learning_rate=0.005)
    fill(trainer)
    train_to(trainer, 60)
    checkpoint = next(one for one in trainer.training_run.checkpoints.stored if one.iteration == 16)
    results = []
    for _ in range(2):
        trainer.training_run.checkpoint_changes.clear()
        trainer.training_run.restore(checkpoint)
        assert trainer.training_run.iteration == 16
        assert weights(trainer) == as_bytes(checkpoint.weights)
        assert trainer.training_run.checkpoints.stored[-1] is checkpoint
        assert all(gone is None for _, gone in trainer.training_run.checkpoint_changes)
        assert len(trainer.training_run.checkpoint_changes) >= 3  # those of 25, 32 and 50 are forgotten
        train_to(trainer, 60)
        points = trainer.training_run.progress()["points"]
        results.append([point for point in zip(*[iter(points)] * 3, strict=True) if 16 < point[0] <= 60])
    assert results[0] == results[1]
    if optimizer == "sgd":  # which has nothing else to remember
        other = new_trainer(kernel, learning_rate=0.005)
        fill(other)
        train_to(other, 60)
        points = other.training_run.progress()["points"]
        assert [p for p in zip(*[iter(points)] * 3, strict=True) if 16 < p[0] <= 60] == results[0]


def test_new_weights_forget_the_checkpoints(kernel: WasmtimeKernel) -> None:
    trainer = new_trainer(kernel)
    fill(trainer)
    train_to(trainer, 5)
    trainer.restart()
    assert not trainer.training_run.checkpoints.stored
    settle(trainer)
    assert [one.iteration for one in trainer.training_run.checkpoints.stored] == [0]


def test_run_that_diverges_goes_back_to_its_last_checkpoint_and_forgets_none(kernel: WasmtimeKernel) -> None:
    trainer = new_trainer(kernel)
    fill(trainer)
    train_to(trainer, 8)
    before = [one.iteration for one in trainer.training_run.checkpoints.stored]
    trainer.set({**trainer.settings, "learning_rate": 1e30})
    trainer.start()
    run(trainer, lambda: trainer.divergence is not None)
    assert [one.iteration for one in trainer.training_run.checkpoints.stored] == before
