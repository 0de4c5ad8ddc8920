"""A running job shows signs of life, and stops once it has been taken for dead: nothing newer is overwritten."""

import contextlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.errors import ConflictError, UnavailableError
from functions.jobs.jobs import STALE_AFTER, Job, JobsRepository
from functions.jobs.lease import JobLostError, Lease
from functions.models.training import Trainer
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

    def pass_by(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class UnreliableStore(MemoryStore):
    """A store whose next writes fail: before they have taken effect, or after."""

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[tuple[Exception, bool]] = []
        self.written = threading.Event()

    def put(self, key: str, body: bytes, **conditions: Any) -> str:
        if not self.failures:
            etag = super().put(key, body, **conditions)
            self.written.set()
            return etag
        error, too_late = self.failures.pop(0)
        if too_late:
            super().put(key, body, **conditions)
        raise error


UNAVAILABLE = UnavailableError("the store is away")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> UnreliableStore:
    return UnreliableStore()


@pytest.fixture
def jobs(store: UnreliableStore, clock: Clock) -> JobsRepository:
    return JobsRepository(store, clock)


@pytest.fixture
def lease(jobs: JobsRepository) -> Lease:
    return Lease(jobs, jobs.start("m", 100).id, sleep=lambda _: None)


def test_job_is_taken_once(jobs: JobsRepository, lease: Lease) -> None:
    assert jobs.get(lease.job.id).state == "running"
    with pytest.raises(JobLostError, match="is not queued: it is running"):
        Lease(jobs, lease.job.id)


def test_of_two_that_take_a_job_at_once_one_gets_it(jobs: JobsRepository) -> None:
    job = jobs.start("m", 100)
    start, taken = threading.Barrier(4), []

    def take() -> None:
        start.wait(5)
        with contextlib.suppress(JobLostError):
            taken.append(Lease(jobs, job.id))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1


def test_heart_beats_during_a_step_however_long(jobs: JobsRepository, store: UnreliableStore, clock: Clock) -> None:
    with Lease(jobs, jobs.start("m", 100).id, heartbeat=0.005) as lease:  # nothing is reported meanwhile
        for _ in range(5):
            clock.pass_by(STALE_AFTER - 1)
            while jobs.read(lease.job.id)[0].updated_at != iso(clock.time):
                assert store.written.wait(30)
                store.written.clear()
            assert jobs.get(lease.job.id).state == "running"


def test_heart_stops_with_the_job(jobs: JobsRepository) -> None:
    with Lease(jobs, jobs.start("m", 100).id, heartbeat=0.001) as lease:
        assert lease.finish(state="done").state == "done"
    assert not lease._beating.is_alive()
    assert lease.job.state == "done"


def test_job_that_was_replaced_writes_nothing_any_more(jobs: JobsRepository, lease: Lease, clock: Clock) -> None:
    clock.pass_by(STALE_AFTER)
    second = jobs.start("m", 100)
    clock.time -= timedelta(seconds=30)  # its own clock may be late
    for action in (lease.check, lambda: lease.report(iteration=5), lambda: lease.finish(state="done")):
        with pytest.raises(JobLostError, match="taken for dead"):
            action()
    assert jobs.read(lease.job.id)[0].state == "failed"
    assert jobs.get(second.id).state == "queued"


def test_job_that_was_asleep_stops_by_itself(jobs: JobsRepository, lease: Lease, clock: Clock) -> None:
    """Somebody may have been told that it had failed."""
    clock.pass_by(STALE_AFTER)
    with pytest.raises(JobLostError):
        lease.check()
    with pytest.raises(JobLostError):
        lease.report(iteration=5)
    assert jobs.get(lease.job.id).state == "failed"


@pytest.mark.parametrize("too_late", [False, True])
def test_job_outlives_an_unavailable_store(
    jobs: JobsRepository, store: UnreliableStore, lease: Lease, too_late: bool
) -> None:
    store.failures = [(UNAVAILABLE, too_late), (UNAVAILABLE, too_late)]
    lease.report(iteration=1)
    lease.report(iteration=2)
    lease.check()
    lease.report(iteration=3)
    assert jobs.get(lease.job.id).iteration == 3
    store.failures = [(UNAVAILABLE, too_late)] * 2
    assert lease.finish(state="done", version="v") == jobs.get(lease.job.id)


def test_report_that_was_sent_twice_counts_once(jobs: JobsRepository, store: UnreliableStore, lease: Lease) -> None:
    """Botocore repeats a write whose answer was lost, and the repetition finds the ETag changed."""
    store.failures = [(ConflictError("changed"), True)]
    lease.report(iteration=1)
    lease.report(iteration=2)
    assert jobs.get(lease.job.id).iteration == 2


def test_end_that_cannot_be_written_is_an_error(store: UnreliableStore, lease: Lease) -> None:
    store.failures = [(UNAVAILABLE, False)] * 5
    with pytest.raises(UnavailableError):
        lease.finish(state="done")


class LaunchesNothing:
    """A launcher that lets the test run the job."""

    def start(self, job_id: str, run: Callable[[str], object]) -> None:
        pass


def test_late_zombie_overwrites_neither_newer_weights_nor_its_own_end(
    memory: MemoryStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retraining that has stood still for long, in a frozen Lambda or a sleeping laptop, and then goes on."""
    service = Service(Settings("b", train_iterations=3), memory, LaunchesNothing())
    service.jobs.now = clock
    model = service.model("mlp-128")
    asleep, awake, step = threading.Event(), threading.Event(), Trainer.step

    def sleepy(trainer: Trainer, *arguments: Any, **settings: Any) -> object:
        if threading.current_thread().name == "zombie":
            asleep.set()
            awake.wait(30)
        return step(trainer, *arguments, **settings)

    monkeypatch.setattr(Trainer, "step", sleepy)
    ended: list[Job] = []
    first = service.start_retraining(model)
    zombie = threading.Thread(target=lambda: ended.append(service.run_job(first.id)), name="zombie")
    zombie.start()
    assert asleep.wait(30)
    clock.pass_by(STALE_AFTER)
    assert service.jobs.get(first.id).state == "failed"
    second = service.run_job(service.start_retraining(model).id)
    assert second.state == "done"
    awake.set()
    zombie.join(30)
    assert model.weights.current().version == second.version
    assert service.jobs.read(first.id)[0].state == "failed"
    assert [entry.source for entry in model.weights.history().versions] == ["retrain", "pretrained"]
