"""Jobs: what is known of each retraining, and that there is one per model at a time.

`jobs/{id}.json` is a job's own file, written by whoever runs it. `jobs/latest/{model}.json` names the last one begun
and is replaced by compare-and-swap, so that of two that start at once only one does. The work is left to `retrain`.
"""

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import msgspec

from functions.errors import ConflictError, CorruptDataError, NotFoundError
from functions.store import Store
from functions.versions import iso

STALE_AFTER = 60.0  # seconds without a sign of life; a job shows one every few seconds
_ID = re.compile(r"[a-z0-9-]+-[0-9]{17}-[0-9a-f]{8}")


class Job(msgspec.Struct, frozen=True, omit_defaults=True):
    """A retraining: how far it is, and what came of it."""

    id: str
    model: str
    state: Literal["queued", "running", "done", "failed"]
    iteration: int
    iterations: int
    loss: float | None
    accuracy: float | None
    created_at: str
    updated_at: str
    version: str | None = None  # that it published
    error: str | None = None

    @property
    def active(self) -> bool:
        """Whether more is to come."""
        return self.state in ("queued", "running")


class JobActiveError(ConflictError):
    """The model is being retrained already, by `job`."""

    def __init__(self, job: Job) -> None:
        super().__init__(f"{job.model} is being retrained already, by job {job.id}")
        self.job = job


class _Latest(msgspec.Struct):
    job: str


class JobsRepository:
    """The jobs in a store. Safe among threads and among processes."""

    def __init__(self, store: Store, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._now = now

    def get(self, job_id: str) -> Job:
        """Return a job; one that has shown no sign of life for long is reported as failed.

        Raises:
            NotFoundError: when there is none of that id.
        """
        if not _ID.fullmatch(job_id):
            raise NotFoundError(f"there is no job {job_id!r}")
        try:
            body = self._store.get(_key(job_id)).body
        except NotFoundError as error:
            raise NotFoundError(f"there is no job {job_id!r}") from error
        try:
            return self._seen_now(msgspec.json.decode(body, type=Job))
        except msgspec.DecodeError as error:
            raise CorruptDataError(f"{_key(job_id)} is damaged: {error}") from error

    def begin(self, model: str, iterations: int) -> Job:
        """Queue a retraining.

        Raises:
            JobActiveError: when the model's last one is still active.
        """
        latest, etag = self._latest(model)
        if latest is not None and latest.active:
            raise JobActiveError(latest)
        moment = self._now()
        number = f"{moment:%Y%m%d%H%M%S}{moment.microsecond // 1000:03}-{secrets.token_hex(4)}"
        job = Job(f"{model}-{number}", model, "queued", 0, iterations, None, None, iso(moment), iso(moment))
        self._write(job)
        try:
            self._store.put(
                _latest_key(model),
                msgspec.json.encode(_Latest(job.id)),
                content_type="application/json",
                if_match=etag,
                if_absent=etag is None,
            )
        except ConflictError:
            self._store.delete(_key(job.id))
            return self._lost_to_another(model)
        return job

    def save(self, job: Job) -> Job:
        """Write how far a job is, which is a sign of life too, and return it with the time of writing."""
        job = msgspec.structs.replace(job, updated_at=iso(self._now()))
        self._write(job)
        return job

    def _lost_to_another(self, model: str) -> Job:
        winner, _ = self._latest(model)
        if winner is None:
            raise ConflictError(f"{model} was being retrained by another job; try again")
        raise JobActiveError(winner)

    def _latest(self, model: str) -> tuple[Job | None, str | None]:
        try:
            stored = self._store.get(_latest_key(model))
        except NotFoundError:
            return None, None
        try:
            return self.get(msgspec.json.decode(stored.body, type=_Latest).job), stored.etag
        except (NotFoundError, CorruptDataError, msgspec.DecodeError):
            return None, stored.etag  # nothing that could go on; a new one may replace it

    def _seen_now(self, job: Job) -> Job:
        silence = (self._now() - datetime.fromisoformat(job.updated_at)).total_seconds()
        if not job.active or silence < STALE_AFTER:
            return job
        error = f"the job has shown no sign of life for {silence:.0f} s"
        return msgspec.structs.replace(job, state="failed", error=error)

    def _write(self, job: Job) -> None:
        self._store.put(_key(job.id), msgspec.json.encode(job), content_type="application/json")


def _key(job_id: str) -> str:
    return f"jobs/{job_id}.json"


def _latest_key(model: str) -> str:
    return f"jobs/latest/{model}.json"
