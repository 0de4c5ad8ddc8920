"""Jobs: one per model at a time, what is known of them, and what happens to one that seems dead."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from functions.errors import NotFoundError
from functions.jobs.jobs import STALE_AFTER, Job, JobActiveError, JobsRepository
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


def test_started_job_is_found(jobs: JobsRepository) -> None:
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
def test_next_job_can_start_after_the_last(jobs: JobsRepository, state: str) -> None:
    first = jobs.start("m", 100)
    saved(jobs, first, state=state)
    assert jobs.start("m", 100).id != first.id


def test_of_many_started_at_once_one_starts() -> None:
    store = MemoryStore()
    start = threading.Barrier(8)

    def start_job(_: int) -> Job | None:
        start.wait(5)
        try:
            return JobsRepository(store).start("m", 1)
        except JobActiveError:
            return None

    with ThreadPoolExecutor(8) as pool:
        started = [job for job in pool.map(start_job, range(8)) if job]
    assert len(started) == 1
    assert store.keys("jobs/") == ["jobs/latest/m.json", f"jobs/{started[0].id}.json"]


def test_job_without_heartbeat_is_reported_as_failed_and_another_can_start(
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
    assert found.error == "the job has had no heartbeat for 100 s"
    assert jobs.start("m", 100).id != job.id
    assert jobs.read(job.id)[0].error == found.error  # it is written down now, should the dead awake


def test_job_whose_heartbeat_comes_in_the_last_moment_is_not_replaced(
    jobs: JobsRepository, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = saved(jobs, jobs.start("m", 100), state="running")
    clock.time += timedelta(seconds=STALE_AFTER)
    put, later = jobs._store.put, list[bool]()

    def overtaken(key: str, body: bytes, **conditions: Any) -> str:
        if not later:
            later.append(True)
            saved(jobs, job)
        return put(key, body, **conditions)

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
