"""A retraining from scratch: random weights, TRAIN_ITER steps on random batches, progress as it goes, then a version.

Until the end the old weights stay current. Who calls this, a Lambda or a thread, is left to others.
"""

import logging
import secrets
import time
from dataclasses import dataclass

import msgspec
import numpy as np

from functions.block import Block
from functions.dataset import Dataset, Digits
from functions.errors import UnavailableError
from functions.jobs import Job, JobsRepository
from functions.models import Measure, Model
from functions.training import TrainState, initial_weights

_MOMENTUM = 0.9
_REPORT_EVERY = 1.0  # seconds between two reports of progress

log = logging.getLogger("scrawl")


@dataclass(frozen=True)
class Recipe:
    """How to train."""

    batch_size: int
    learning_rate: float


def retrain(job: Job, model: Model, dataset: Dataset, jobs: JobsRepository, recipe: Recipe) -> Job:
    """Run a queued job to its end and return it, done or failed. A job that has begun before is left alone.

    (Lambda repeats an event whose function failed; half a training is not to be repeated.)
    """
    if job.state != "queued":
        log.warning("job not run", extra={"job": job.id, "state": job.state})
        return job
    try:
        return _run(job, model, dataset, jobs, recipe)
    except Exception as error:
        log.exception("retraining failed", extra={"job": job.id})
        return _failed(job, f"{type(error).__name__}: {error}", jobs)


def _run(job: Job, model: Model, dataset: Dataset, jobs: JobsRepository, recipe: Recipe) -> Job:
    job = jobs.save(msgspec.structs.replace(job, state="running"))
    digits = dataset.first("train", dataset.manifest.count("train"))
    random = np.random.default_rng(secrets.randbits(64))
    state = TrainState.fresh(initial_weights(model.manifest.shapes(), secrets.randbits(31)))
    reported = time.monotonic()
    for iteration in range(job.iterations):
        batch = _batch(digits, recipe.batch_size, random)
        rate = recipe.learning_rate * (1 - iteration / job.iterations)  # falling, so that the end is calm
        step = model.trainer.step(state, batch.images, batch.labels, learning_rate=rate, momentum=_MOMENTUM)
        state = step.state
        if time.monotonic() - reported >= _REPORT_EVERY:
            job = _report(job, iteration + 1, model.measure(state.weights), jobs)
            reported = time.monotonic()
    version = model.restart(state.weights, samples=job.iterations * recipe.batch_size)
    log.info("retraining done", extra={"job": job.id, "version": version.version, "accuracy": version.accuracy})
    job = msgspec.structs.replace(job, state="done", version=version.version)
    return _report(job, job.iterations, Measure(version.loss, version.accuracy), jobs)


def _failed(job: Job, reason: str, jobs: JobsRepository) -> Job:
    failed = msgspec.structs.replace(job, state="failed", error=reason)
    try:
        return jobs.save(failed)
    except UnavailableError:
        log.exception("failure not reported", extra={"job": job.id})  # the job's silence will tell
        return failed


def _report(job: Job, iteration: int, measure: Measure, jobs: JobsRepository) -> Job:
    done = msgspec.structs.replace(job, iteration=iteration, loss=measure.loss, accuracy=measure.accuracy)
    return jobs.save(done)


def _batch(digits: Block, size: int, random: "np.random.Generator") -> Digits:  # a string: see `Dataset.sample`
    places = random.integers(0, len(digits), size)
    return Digits.of(Block(digits.labels[places], digits.pixels[places]))
