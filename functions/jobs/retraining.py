"""A retraining from scratch: random weights, TRAIN_ITER steps on random batches, reports of progress, then a version.

Until the end the old weights stay current. Where time is short, as in a Lambda, the training makes fewer steps and
publishes what it has. A launcher decides where this runs.
"""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from functions.dataset.block import Block
from functions.dataset.shards import Digits, ShardedDataset
from functions.errors import UnavailableError
from functions.jobs.jobs import Job
from functions.jobs.lease import JobLostError, Lease
from functions.models.model import Model
from functions.models.training import TrainState, Weights, initial_weights
from functions.telemetry import metrics

_MOMENTUM = 0.9
_REPORT_EVERY = 1.0  # seconds between two reports of progress
_MEASURING = 0.1  # part of the time that measuring for them may take: half a second each time with conv-32-64

log = logging.getLogger("scrawl")


@dataclass(frozen=True)
class Recipe:
    """How to train."""

    batch_size: int
    learning_rate: float
    seconds: float | None = None  # that the steps may take; None: as long as it takes
    clock: Callable[[], float] = time.monotonic


def retrain(lease: Lease, load: Callable[[], Model], dataset: ShardedDataset, recipe: Recipe) -> Job:
    """Run a job to its end and return it, done or failed. `load` gives its model."""
    try:
        return _run(lease, load(), dataset, recipe)
    except JobLostError as error:
        log.warning("retraining given up", extra={"job": lease.job.id, "error": str(error)})
        return lease.job
    except Exception as error:
        log.exception("retraining failed", extra={"job": lease.job.id})
        return _failed(lease, f"{type(error).__name__}: {error}")


def _run(lease: Lease, model: Model, dataset: ShardedDataset, recipe: Recipe) -> Job:
    digits = dataset.first("train", dataset.manifest.count("train"))
    log.info("data loaded", extra={"job": lease.job.id, "dataset": dataset.manifest.id, "digits": len(digits)})
    weights, steps = _train(lease, model, digits, recipe)
    version = model.publish_retrained(weights, samples=steps * recipe.batch_size, check=lease.check)
    log.info("retraining done", extra={"job": lease.job.id, "version": version.version, "steps": steps})
    ended = {"iteration": steps, "loss": version.loss, "accuracy": version.accuracy}
    return lease.finish(state="done", version=version.version, **ended)


def _train(lease: Lease, model: Model, digits: Block, recipe: Recipe) -> tuple[Weights, int]:
    """Return trained weights, and after how many steps."""
    random = np.random.default_rng(secrets.randbits(64))
    first = initial_weights(model.manifest.shapes(), secrets.randbits(31), model.manifest.activation)
    state = TrainState.fresh(first)
    clock = recipe.clock
    started = clock()
    report_at = started + _REPORT_EVERY
    steps = 0
    while (done := _progress(steps / lease.job.iterations, clock() - started, recipe)) < 1:
        batch = _batch(digits, recipe.batch_size, random)
        rate = recipe.learning_rate * (1 - done)  # falls to zero at the end, whenever that is
        masks = model.trainer.draw_masks(recipe.batch_size, random)
        step = model.trainer.step(
            state, batch.images, batch.labels, learning_rate=rate, momentum=_MOMENTUM, masks=masks
        )
        state = step.state
        steps += 1
        if (now := clock()) >= report_at:
            measure = model.evaluator.measure(state.weights)
            lease.report(iteration=steps, loss=measure.loss, accuracy=measure.accuracy)
            took = clock() - now
            report_at = now + took + max(_REPORT_EVERY, took / _MEASURING)
    if not steps:
        raise UnavailableError("there was no time for a single step")
    return state.weights, steps


def _progress(steps: float, seconds: float, recipe: Recipe) -> float:
    """Return which part of the training is over: of the steps or of the time, whichever is further."""
    return steps if recipe.seconds is None else max(steps, seconds / max(recipe.seconds, 1e-9))


def _failed(lease: Lease, reason: str) -> Job:
    metrics.retraining_failed(lease.job.model, lease.job.id)
    try:
        return lease.finish(state="failed", error=reason)
    except (UnavailableError, JobLostError):
        log.exception("failure not reported", extra={"job": lease.job.id})  # the missing heartbeats will tell
        return lease.job


def _batch(digits: Block, size: int, random: "np.random.Generator") -> Digits:  # see `ShardedDataset.sample`
    places = random.integers(0, len(digits), size)
    return Digits.of(Block(digits.labels[places], digits.pixels[places]))
