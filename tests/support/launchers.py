"""For tests that run a retraining themselves, or none: a launcher that starts nothing."""

from collections.abc import Callable


class IdleLauncher:
    """A launcher that leaves the job as it is."""

    def start(self, job_id: str, run: Callable[[str], object]) -> None:
        """Start nothing."""
