"""The token bucket by which API Gateway and Lambda limit rates."""


class Bucket:
    """Tokens that come back at a rate, up to a limit."""

    def __init__(self, rate: float, limit: float) -> None:
        self._rate, self._limit = rate, limit
        self._tokens, self._then = limit, 0.0

    def take(self, now: float) -> bool:
        """Take a token, if there is one."""
        self._tokens = min(self._limit, self._tokens + (now - self._then) * self._rate)
        self._then = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
