"""The lease of a running job: renewed by heartbeats, lost once somebody else has declared the job dead.

A thread sends the heartbeats, so that a long step does not look like a dead job. Each is a compare-and-swap of the
job's file: once somebody else has written it, the lease overwrites nothing, and the job stops.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any

import msgspec

from functions.errors import ConflictError, UnavailableError
from functions.jobs.jobs import STALE_AFTER, Job, JobsRepository
from functions.weights.versions import iso

HEARTBEAT = 10.0  # seconds between two
_TRIES, _PAUSE = 5, 2.0  # of the last report, and seconds between two

log = logging.getLogger("scrawl")


class JobLostError(RuntimeError):
    """The job was declared dead, or was not queued: whoever runs it must not change anything."""


class Lease:
    """One running job, which sends heartbeats inside a `with`. Safe to share between threads."""

    def __init__(
        self,
        jobs: JobsRepository,
        job_id: str,
        *,
        heartbeat: float = HEARTBEAT,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Take a queued job.

        Raises:
            JobLostError: when it is not queued (any more).
        """
        self._jobs = jobs
        self._heartbeat = heartbeat
        self._sleep = sleep
        self._lock = threading.Lock()
        self._unanswered: list[Job] = []  # written, perhaps
        self._end = threading.Event()
        self._beating = threading.Thread(target=self._beat, name=f"heartbeat of {job_id}", daemon=True)
        self._lost = False
        self.job, self._etag = jobs.read(job_id)
        if jobs.get(job_id).state != "queued":
            raise JobLostError(f"job {job_id} is not queued: it is {jobs.get(job_id).state}")
        self._write(state="running")

    def __enter__(self) -> "Lease":
        self._beating.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._beating.join()

    def report(self, **changes: Any) -> None:
        """Write how far the job is. If the store is unavailable, the next report will say more.

        Raises:
            JobLostError: when the job is no longer ours.
        """
        try:
            self._write(**changes)
        except UnavailableError as error:
            log.warning("progress not written", extra={"job": self.job.id, "error": str(error)})

    def finish(self, **changes: Any) -> Job:
        """Write how the job ended, and return it; raise as `report` does, and when the store stays unavailable."""
        self._end.set()
        for remaining in reversed(range(_TRIES)):
            try:
                return self._write(**changes)
            except UnavailableError:
                if not remaining:
                    raise
                self._sleep(_PAUSE)
        raise AssertionError("the last try returns or raises")

    def check(self) -> None:
        """Check in the store that the job is still ours.

        Raises:
            JobLostError: when it is not.
        """
        with self._lock:
            self._require()
            found, etag = self._jobs.read(self.job.id)
            if etag != self._etag and found not in self._unanswered:
                self._lose()

    def _beat(self) -> None:
        while not self._end.wait(self._heartbeat):
            try:
                self.report()
            except JobLostError as error:
                log.warning("job lost", extra={"job": self.job.id, "error": str(error)})
                return

    def _write(self, **changes: Any) -> Job:
        with self._lock:
            self._require()
            job = msgspec.structs.replace(self.job, **changes, updated_at=iso(self._jobs.now()))
            self._unanswered.append(job)
            try:
                self._etag = self._jobs.write(job, self._etag)
            except ConflictError:
                self._etag = self._write_after_lost_answer(job)
            self.job = job
            self._unanswered.clear()
            return job

    def _write_after_lost_answer(self, job: Job) -> str:
        """Write again, if what is there is ours: a write takes effect even when its answer is lost."""
        found, etag = self._jobs.read(job.id)
        if found not in self._unanswered:
            self._lose()
        try:
            return self._jobs.write(job, etag)
        except ConflictError:
            self._lose()
            raise

    def _require(self) -> None:
        silence = self._jobs.now() - datetime.fromisoformat(self.job.updated_at)
        # Others may have replaced a process that was suspended for so long, or reported it as dead.
        if self._lost or (self.job.state == "running" and silence.total_seconds() >= STALE_AFTER):
            self._lose()

    def _lose(self) -> None:
        self._lost = True
        raise JobLostError(f"job {self.job.id} was taken for dead, or by another, and stops")
