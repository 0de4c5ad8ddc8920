"""Retrainings: one per model at a time, progress, an honest end; in a thread here, in a Lambda there."""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec
import pytest

from functions import wiring
from functions.errors import NotFoundError, UnavailableError
from functions.jobs.jobs import STALE_AFTER, Job, JobActiveError, JobsRepository
from functions.models.training import Trainer
from functions.retrain import retrain as retrain_lambda
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from functions.weights.versions import iso


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(clock: Clock) -> JobsRepository:
    return JobsRepository(MemoryStore(), clock)


def saved(jobs: JobsRepository, job: Job, **changes: object) -> Job:
    """Write that something has changed about a job, now."""
    changed = msgspec.structs.replace(job, **changes, updated_at=iso(jobs.now()))
    jobs.write(changed, jobs.read(job.id)[1])
    return changed


def test_begun_job_is_found(jobs: JobsRepository) -> None:
    job = jobs.start("m", 100)
    assert jobs.get(job.id) == job
    assert (job.state, job.iteration, job.iterations, job.loss) == ("queued", 0, 100, None)


@pytest.mark.parametrize("job_id", ["m-20260101000000000-00000000", "m", "latest/m", "../weights/m/current", ""])
def test_unknown_job_is_named(jobs: JobsRepository, job_id: str) -> None:
    with pytest.raises(NotFoundError, match="there is no job"):
        jobs.get(job_id)


def test_second_job_of_a_model_is_refused_with_the_first(jobs: JobsRepository) -> None:
    first = jobs.start("m", 100)
    with pytest.raises(JobActiveError) as refused:
        jobs.start("m", 100)
    assert refused.value.job == first
    jobs.start("another", 100)


@pytest.mark.parametrize("state", ["done", "failed"])
def test_next_job_can_begin_after_the_last(jobs: JobsRepository, state: str) -> None:
    first = jobs.start("m", 100)
    saved(jobs, first, state=state)
    assert jobs.start("m", 100).id != first.id


def test_of_many_that_begin_at_once_one_does() -> None:
    store = MemoryStore()
    start = threading.Barrier(8)

    def begin(_: int) -> Job | None:
        start.wait(5)
        try:
            return JobsRepository(store).start("m", 1)
        except JobActiveError:
            return None

    with ThreadPoolExecutor(8) as pool:
        begun = [job for job in pool.map(begin, range(8)) if job]
    assert len(begun) == 1
    assert store.keys("jobs/") == ["jobs/latest/m.json", f"jobs/{begun[0].id}.json"]


def test_job_without_sign_of_life_is_reported_as_failed_and_another_can_begin(
    jobs: JobsRepository, clock: Clock
) -> None:
    job = jobs.start("m", 100)
    clock.time += timedelta(seconds=50)
    saved(jobs, job, state="running", iteration=10)
    clock.time += timedelta(seconds=50)
    assert jobs.get(job.id).state == "running"
    clock.time += timedelta(seconds=50)
    found = jobs.get(job.id)
    assert (found.state, found.iteration) == ("failed", 10)
    assert found.error == "the job has shown no sign of life for 100 s"
    assert jobs.start("m", 100).id != job.id
    assert jobs.read(job.id)[0].error == found.error  # it is written down now, should the dead awake


def test_job_that_shows_a_sign_of_life_in_the_last_moment_is_not_replaced(
    jobs: JobsRepository, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = saved(jobs, jobs.start("m", 100), state="running")
    clock.time += timedelta(seconds=STALE_AFTER)
    put, later = jobs._store.put, list[bool]()

    def overtaken(key: str, body: bytes, **guards: Any) -> str:
        if not later:
            later.append(True)
            saved(jobs, job)
        return put(key, body, **guards)

    monkeypatch.setattr(jobs._store, "put", overtaken)
    with pytest.raises(JobActiveError):
        jobs.start("m", 100)
    assert jobs.get(job.id).state == "running"


def test_versions_that_the_last_job_names_are_needed(jobs: JobsRepository) -> None:
    assert jobs.referenced("m") == set()
    job = jobs.start("m", 100, "before")
    assert jobs.referenced("m") == {"before"}
    saved(jobs, job, state="done", version="after")
    assert jobs.referenced("m") == {"before", "after"}
    jobs.start("m", 100)
    assert jobs.referenced("m") == set()


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
