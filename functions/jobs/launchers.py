"""What runs a retraining outside the request that asked for it: a thread of this process, or a Lambda of its own."""

import threading
from collections.abc import Callable
from typing import Protocol


class Launcher(Protocol):
    """Starts retrainings."""

    def start(self, job_id: str, run: Callable[[str], object]) -> None:
        """Start the job, with `run(job_id)` if it runs in this process, and return at once."""
        ...


class ThreadLauncher:
    """Runs retrainings in threads of this process."""

    def start(self, job_id: str, run: Callable[[str], object]) -> None:
        """Start a thread, which does not keep the process alive."""
        threading.Thread(target=run, args=(job_id,), name=f"job {job_id}", daemon=True).start()


class LambdaLauncher:
    """Runs retrainings in the Lambda function made for them (`functions.retrain`)."""

    def __init__(self, queue: Callable[[bytes], object]) -> None:
        """`queue` hands that function an event, and may raise `UnavailableError`."""
        self._queue = queue

    def start(self, job_id: str, run: Callable[[str], object]) -> None:  # noqa: ARG002 — the Lambda runs it
        """Queue the event that names the job."""
        self._queue(f'{{"job":"{job_id}"}}'.encode())
