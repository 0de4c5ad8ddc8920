"""A retraining: progress, weights from scratch, an end that is told, and the Lambda that runs it."""

import itertools
from collections.abc import Callable
from typing import Any, cast

import pytest

from functions import wiring
from functions.errors import UnavailableError
from functions.jobs.jobs import Job
from functions.models.training import Trainer
from functions.retrain import retrain as retrain_lambda
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore


class LambdaContext:
    """What Lambda tells a function."""

    aws_request_id = "r"

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


class LaunchedByTheTest:
    """A launcher that lets the test run the job."""

    def start(self, job_id: str, run: Callable[[str], object]) -> None:
        self._job_id, self._run = job_id, cast("Callable[[str], Job]", run)

    def run(self) -> Job:
        return self._run(self._job_id)


@pytest.fixture
def launcher() -> LaunchedByTheTest:
    return LaunchedByTheTest()


@pytest.fixture
def service(memory: MemoryStore, launcher: LaunchedByTheTest) -> Service:
    return Service(Settings("b", train_iterations=60), memory, launcher)


def test_retraining_publishes_weights_trained_from_scratch(
    memory: MemoryStore, launcher: LaunchedByTheTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = itertools.count()  # one passes whenever the clock is read, so that there are reports
    service = Service(Settings("b", train_iterations=60), memory, launcher, clock=lambda: float(next(seconds)))
    reports: list[Job] = []
    write = service.jobs.write

    def reported(job: Job, if_match: str | None = None) -> str:
        reports.append(job)
        return write(job, if_match)

    monkeypatch.setattr(service.jobs, "write", reported)
    model = service.model("mlp-128")
    before = model.weights.current()
    job = service.start_retraining(model)
    assert model.weights.current().version == before.version  # until the end
    done = launcher.run()
    assert (done.state, done.iteration) == ("done", 60)
    assert service.jobs.get(job.id) == done
    after = model.weights.current()
    assert (after.version, after.parent, after.source) == (done.version, before.version, "retrain")
    assert after.samples == 60 * 128
    assert after.accuracy == done.accuracy
    assert after.accuracy > 0.6  # of ten digits, after 60 steps
    iterations = [report.iteration for report in reports]
    assert iterations == sorted(iterations)
    assert {report.state for report in reports} == {"queued", "running", "done"}


def test_failing_retraining_says_why_and_changes_nothing(
    service: Service, launcher: LaunchedByTheTest, memory: MemoryStore
) -> None:
    model = service.model("mlp-128")
    before = model.weights.current().version
    job = service.start_retraining(model)
    memory.put("data/train/0002.bin.gz", b"")
    failed = launcher.run()
    assert failed.state == "failed"
    assert "CorruptDataError: shard data/train/0002.bin.gz is damaged" in str(failed.error)
    assert service.jobs.get(job.id) == failed
    assert model.weights.current().version == before
    service.start_retraining(model)


def test_repeated_event_does_not_train_again(service: Service, launcher: LaunchedByTheTest) -> None:
    service.start_retraining(service.model("mlp-128"))
    done = launcher.run()
    assert launcher.run() == done
    assert len(service.model("mlp-128").weights.history().versions) == 2


def test_retraining_that_runs_out_of_time_publishes_what_it_has(
    memory: MemoryStore, launcher: LaunchedByTheTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Lambda has a quarter of an hour, and conv-32-64 may need more."""
    rates: list[float] = []
    step = Trainer.step

    def slow(trainer: Trainer, *arguments: Any, **settings: Any) -> object:
        rates.append(settings["learning_rate"])
        return step(trainer, *arguments, **settings)

    monkeypatch.setattr(Trainer, "step", slow)
    service = Service(Settings("b", train_iterations=60), memory, launcher, clock=lambda: float(len(rates)))
    job = service.start_retraining(service.model("mlp-128"))
    done = service.run_job(job.id, seconds=10)
    assert (done.state, done.iteration, done.iterations) == ("done", 10, 60)
    assert rates == sorted(rates, reverse=True)  # it ends as calmly
    assert rates[-1] == pytest.approx(rates[0] / 10)
    assert service.model("mlp-128").weights.current().samples == 10 * 128


def test_retraining_without_time_fails_and_changes_nothing(service: Service) -> None:
    model = service.model("mlp-128")
    before = model.weights.current().version
    failed = service.run_job(service.start_retraining(model).id, seconds=0)
    assert (failed.state, model.weights.current().version) == ("failed", before)
    assert "no time for a single step" in str(failed.error)


def test_lambda_runs_the_job_that_its_event_names(service: Service) -> None:
    wiring.use(service)
    try:
        job = service.start_retraining(service.model("mlp-128"))
        answer = retrain_lambda({"job": job.id}, LambdaContext(900))
    finally:
        wiring.use(None)
    assert answer["state"] == "done"
    assert service.model("mlp-128").weights.current().version == answer["version"]


def test_job_that_cannot_be_started_is_marked_failed(memory: MemoryStore) -> None:
    class Refusing:
        def start(self, job_id: str, run: Callable[[str], object]) -> None:
            raise UnavailableError(f"no Lambda for {job_id}, {run}")

    service = Service(Settings("b"), memory, Refusing())
    for _ in range(2):  # the second is not told that the first is active
        with pytest.raises(UnavailableError, match="no Lambda"):
            service.start_retraining(service.model("mlp-128"))
