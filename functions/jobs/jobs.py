"""Jobs: the state of each retraining, of which each model has one at a time.

`jobs/{id}.json` is a job's own file, written by the holder of its `lease`. `jobs/latest/{model}.json` names the job
started last; compare-and-swap lets only one of two start at the same time. `retraining` does the work.
"""

import logging
import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec

from functions import structs
from functions.errors import ConflictError, CorruptDataError, NotFoundError
from functions.models.manifest import MODEL_NAME
from functions.storage.damage import damage_named
from functions.storage.store import Store, StoredObject
from functions.weights import versions
from functions.weights.versions import iso

STALE_AFTER = 60.0  # seconds without a heartbeat; `lease` sends one every ten
KEEP_JOBS = 20  # jobs of each model
_AT_ONCE = 100  # at most, that are removed in one call
_NUMBER = r"[0-9]{17}-[0-9a-f]{8}"
_ID = re.compile(rf"{MODEL_NAME.pattern}-{_NUMBER}")

log = logging.getLogger("scrawl")


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
    replaces: str | None = None  # the version that was current at its start

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
    """The jobs in a store. Safe to share between threads and between processes."""

    def __init__(self, store: Store, now: Callable[[], datetime] = versions.now) -> None:
        self._store = store
        self.now = now

    def get(self, job_id: str) -> Job:
        """Return a job; one without a heartbeat for too long is reported as failed.

        Raises:
            NotFoundError: when there is none of that id.
        """
        return self._seen_now(self.read(job_id)[0])

    def start(self, model: str, iterations: int, replaces: str | None = None) -> Job:
        """Queue a retraining.

        Raises:
            JobActiveError: when the model's last one is still active.
        """
        latest = self._latest(model)
        self._end_latest(latest)
        moment = self.now()
        number = f"{moment:%Y%m%d%H%M%S}{moment.microsecond // 1000:03}-{secrets.token_hex(4)}"
        times = {"created_at": iso(moment), "updated_at": iso(moment)}
        job = Job(f"{model}-{number}", model, "queued", 0, iterations, None, None, **times, replaces=replaces)
        self.write(job)
        try:
            self._store.put(
                _latest_key(model),
                msgspec.json.encode(_Latest(job.id)),
                content_type="application/json",
                if_match=None if latest is None else latest.etag,
                if_absent=latest is None,
            )
        except ConflictError:
            return self._lost_to_another(job)
        return job

    def fail(self, job_id: str, reason: str) -> Job:
        """Write that a job has failed, and return it.

        Raises:
            ConflictError: when somebody else wrote to it in between.
        """
        job, etag = self.read(job_id)
        failed = msgspec.structs.replace(job, state="failed", error=reason, updated_at=iso(self.now()))
        self.write(failed, etag)
        return failed

    def referenced(self, model: str) -> set[str]:
        """Return the versions that the model's last job names: what it was to replace, and what it made."""
        latest = self._latest(model)
        job = self._named_by(latest)
        return {version for version in (job.replaces, job.version) if version} if job else set()

    def prune(self, model: str) -> None:
        """Remove ended jobs, except the latest and the newest `KEEP_JOBS` of a model; a failure is only logged."""
        try:
            keys, ours = self._store.keys(f"jobs/{model}-"), re.compile(rf"jobs/({re.escape(model)}-{_NUMBER})\.json")
            ids = [found[1] for key in keys if (found := ours.fullmatch(key))]  # of mlp-128, not of mlp-128-64
            latest = self._named_by(self._latest(model))
            spared = latest.id if latest else None
            gone = [job_id for job_id in ids[:-KEEP_JOBS][:_AT_ONCE] if job_id != spared and self._has_ended(job_id)]
            if gone:
                self._store.delete(*map(_key, gone))
                log.info("old jobs removed", extra={"model": model, "jobs": len(gone)})
        except Exception as error:  # the next one will try again
            log.warning("old jobs not removed", extra={"model": model, "error": str(error)})

    def read(self, job_id: str) -> tuple[Job, str]:
        """Return a job as it was written last, and its ETag; raises as `get` does."""
        if not _ID.fullmatch(job_id):
            raise NotFoundError(f"there is no job {job_id!r}")
        try:
            stored = self._store.get(_key(job_id))
        except NotFoundError as error:
            raise NotFoundError(f"there is no job {job_id!r}") from error
        with damage_named(_key(job_id)):
            return structs.decode(stored.body, Job), stored.etag

    def write(self, job: Job, if_match: str | None = None) -> str:
        """Write a job, if its ETag still is this one, and return the new one. None: it is new."""
        body = msgspec.json.encode(job)
        return self._store.put(
            _key(job.id), body, content_type="application/json", if_match=if_match, if_absent=if_match is None
        )

    def _has_ended(self, job_id: str) -> bool:
        try:
            return not self.get(job_id).active
        except (NotFoundError, CorruptDataError):
            return True

    def _end_latest(self, latest: StoredObject | None) -> None:
        """Refuse a new job while the last one is active; one that seems dead is written down as failed."""
        job = self._named_by(latest)
        if job is None or not job.active:
            return
        seen = self._seen_now(job)
        if seen.active:
            raise JobActiveError(job)
        try:
            # Written down, because a job that was only suspended must not continue: its next heartbeat fails now.
            self.fail(job.id, str(seen.error))
        except ConflictError as error:
            raise JobActiveError(job) from error

    def _lost_to_another(self, job: Job) -> Job:
        """Return the job after all if it is the latest: its write was sent twice, and the second one lost."""
        latest = self._latest(job.model)
        winner = self._named_by(latest)
        if winner is not None and winner.id == job.id:
            return winner
        self._store.delete(_key(job.id))
        if winner is None:
            raise ConflictError(f"{job.model} was being retrained by another job; try again")
        raise JobActiveError(winner)

    def _latest(self, model: str) -> StoredObject | None:
        try:
            return self._store.get(_latest_key(model))
        except NotFoundError:
            return None

    def _named_by(self, latest: StoredObject | None) -> Job | None:
        if latest is None:
            return None
        try:
            return self.read(structs.decode(latest.body, _Latest).job)[0]
        except (NotFoundError, CorruptDataError, ValueError):
            return None  # nothing is running; a new one may replace it

    def _seen_now(self, job: Job) -> Job:
        silence = (self.now() - datetime.fromisoformat(job.updated_at)).total_seconds()
        if not job.active or silence < STALE_AFTER:
            return job
        error = f"the job has had no heartbeat for {silence:.0f} s"
        return msgspec.structs.replace(job, state="failed", error=error)


def _key(job_id: str) -> str:
    return f"jobs/{job_id}.json"


def _latest_key(model: str) -> str:
    return f"jobs/latest/{model}.json"
