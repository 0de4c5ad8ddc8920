"""Finished jobs, except the newest, are removed when a retraining starts; it starts even if that fails."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from functions.jobs.jobs import KEEP_JOBS, STALE_AFTER, JobsRepository
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from tests.support.api import serving
from tests.support.faults import FaultyStore, away
from tests.support.launchers import IdleLauncher


class Clock:
    """A clock that goes on by a second whenever it is asked."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def jobs(store: MemoryStore) -> JobsRepository:
    return JobsRepository(store, Clock())


def ended(jobs: JobsRepository, model: str, count: int) -> list[str]:
    """Return the ids of so many jobs that have started and ended."""
    made = [jobs.start(model, 1)]
    for _ in range(count - 1):
        jobs.fail(made[-1].id, "over")
        made.append(jobs.start(model, 1))
    jobs.fail(made[-1].id, "over")
    return [job.id for job in made]


def stored(store: MemoryStore, model: str) -> list[str]:
    names = [key.removeprefix("jobs/").removesuffix(".json") for key in store.keys("jobs/")]
    return [name for name in names if name.rsplit("-", 2)[0] == model]


def test_the_newest_ended_jobs_stay(store: MemoryStore, jobs: JobsRepository) -> None:
    made = ended(jobs, "m", KEEP_JOBS + 5)
    jobs.prune("m")
    assert stored(store, "m") == made[-KEEP_JOBS:]
    jobs.prune("m")
    assert stored(store, "m") == made[-KEEP_JOBS:]


def test_jobs_of_other_models_stay(store: MemoryStore, jobs: JobsRepository) -> None:
    other = ended(jobs, "mlp-128-64", KEEP_JOBS + 5)
    ended(jobs, "mlp-128", KEEP_JOBS + 5)
    jobs.prune("mlp-128")
    assert stored(store, "mlp-128-64") == other
    assert len(stored(store, "mlp-128")) == KEEP_JOBS


def changed(jobs: JobsRepository, job_id: str, **changes: object) -> None:
    job, etag = jobs.read(job_id)
    jobs.write(msgspec.structs.replace(job, **changes), etag)


def test_job_that_is_active_stays_and_one_that_has_fallen_silent_does_not(
    store: MemoryStore, jobs: JobsRepository
) -> None:
    made = ended(jobs, "m", KEEP_JOBS + 5)
    alive = jobs.now() + timedelta(seconds=10)
    changed(jobs, made[0], state="running", updated_at=alive.isoformat())
    changed(jobs, made[1], state="running", updated_at=(alive - timedelta(seconds=STALE_AFTER * 2)).isoformat())
    jobs.prune("m")
    assert stored(store, "m") == [made[0], *made[-KEEP_JOBS:]]


def test_latest_job_stays_even_if_another_clock_was_ahead(store: MemoryStore, jobs: JobsRepository) -> None:
    made = ended(jobs, "m", KEEP_JOBS + 5)
    store.put("jobs/latest/m.json", msgspec.json.encode({"job": made[2]}))
    jobs.prune("m")
    assert stored(store, "m") == [made[2], *made[-KEEP_JOBS:]]


def test_damaged_job_goes_with_the_others(store: MemoryStore, jobs: JobsRepository) -> None:
    made = ended(jobs, "m", KEEP_JOBS + 2)
    store.put(f"jobs/{made[0]}.json", b"{")
    jobs.prune("m")
    assert stored(store, "m") == made[-KEEP_JOBS:]


def test_starting_a_retraining_removes_ended_jobs(memory: MemoryStore) -> None:
    made = ended(JobsRepository(memory, Clock()), "mlp-128", KEEP_JOBS + 5)
    with serving(memory, train_iterations=1) as api:
        job = api("DELETE", "/weights").json_body["job"]["id"]
    assert stored(memory, "mlp-128") == [*made[1 - KEEP_JOBS :], job]


def test_failing_removal_fails_no_retraining(memory: MemoryStore, caplog: pytest.LogCaptureFixture) -> None:
    ended(JobsRepository(memory, Clock()), "mlp-128", KEEP_JOBS + 5)
    healthy = FaultyStore(memory)
    service = Service(Settings("b"), healthy, IdleLauncher())
    service.start_retraining(service.model("mlp-128"))
    first = healthy.calls.index("keys jobs/mlp-128-")
    for number in range(first, len(healthy.calls)):
        broken = FaultyStore(memory)
        service = Service(Settings("b"), broken, IdleLauncher())
        broken.arm(number, away)
        job = service.start_retraining(service.model("mlp-128"))
        broken.disarm()
        assert service.jobs.get(job.id).active
    assert [record.message for record in caplog.records].count("old jobs not removed") == len(healthy.calls) - first
