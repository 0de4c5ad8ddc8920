"""When to ask again someone who did not answer. Pure."""

FIRST, LONGEST = 1.0, 20.0  # seconds


class Backoff:
    """Waits that double with each failure, and begin anew with a success."""

    def __init__(self) -> None:
        self.failures = 0

    def failed(self) -> float:
        """Note a failure, and return how many seconds to wait."""
        self.failures += 1
        return min(FIRST * 2 ** (self.failures - 1), LONGEST)

    def succeeded(self) -> None:
        """Note a success."""
        self.failures = 0
