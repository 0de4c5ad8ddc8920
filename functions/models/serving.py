"""Which weights predictions use: the current ones, read a moment ago, or the last known ones while the store fails.

Each refresh runs in a thread of its own, so that a store that fails or hangs does not hold up predictions: once
weights are known, a prediction waits only briefly for a refresh, and not at all while refreshes are known to fail.
The threads are daemons, which the executors of `concurrent.futures` do not offer: a refresh that hangs must not keep
the process alive. `model` reads the current version, and makes a session of it.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import NamedTuple

from functions.errors import ConflictError, CorruptDataError, NotFoundError, UnavailableError
from functions.models.inference import Classifier
from functions.telemetry import metrics
from functions.weights.versions import Version

PATIENCE = 2.0  # seconds from its start for which predictions wait for a refresh
RETRY_AFTER = 5.0  # seconds between a refresh that failed and the next
_EXPECTED = (UnavailableError, ConflictError, CorruptDataError, NotFoundError)

log = logging.getLogger("scrawl")


class Loaded(NamedTuple):
    """A version, ready to recognise digits."""

    version: Version
    classifier: Classifier


class _Refresh(NamedTuple):
    started: float  # as the clock has it
    result: "Future[Loaded]"


class ServedWeights:
    """The weights that predictions of one model use. Safe to share between threads."""

    def __init__(
        self,
        load: Callable[[Loaded | None], Loaded],
        fresh_for: float,
        *,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`load` returns the current version: what it is given, if that still is the current one.

        The result is used for `fresh_for` seconds without asking again.
        """
        self._load = load
        self._fresh_for = fresh_for
        self._full_patience = self._patience = patience
        self._clock = clock
        self._loaded: Loaded | None = None
        self._due = 0.0  # when to refresh
        self._confirmed = 0.0  # when what is loaded was last known to be current
        self._refresh: _Refresh | None = None  # the last one started
        self._outage: _Outage | None = None
        self._lock = threading.Lock()

    def get(self) -> Loaded:
        """Return the current version, or the last known one while it cannot be read.

        Raises:
            UnavailableError, CorruptDataError, NotFoundError: when it cannot be read and none is known.
        """
        loaded = self._loaded
        if loaded is not None and self._clock() < self._due:
            return loaded
        refresh = self._start_refresh()
        if loaded is None:
            return refresh.result.result()
        wait([refresh.result], max(0.0, refresh.started + self._patience - self._clock()))
        if refresh.result.done() and refresh.result.exception() is None:
            return refresh.result.result()
        return self._loaded or loaded

    def expire(self) -> None:
        """Make the next prediction refresh: there is a new version, which a running refresh may not know."""
        with self._lock:
            self._due, self._patience, self._refresh = 0.0, self._full_patience, None

    def _start_refresh(self) -> _Refresh:
        """Return the running refresh, or the last one; start another if it is due."""
        with self._lock:
            refresh = self._refresh
            if refresh is None or (refresh.result.done() and self._clock() >= self._due):
                refresh = self._refresh = _Refresh(self._clock(), Future())
                arguments = (refresh, self._loaded)
                threading.Thread(target=self._run, args=arguments, name="refresh", daemon=True).start()
            return refresh

    def _run(self, refresh: _Refresh, loaded: Loaded | None) -> None:
        found: Loaded | None = None
        error: BaseException | None = None
        try:
            found = self._load(loaded)
        except BaseException as raised:  # whatever it is, somebody may wait for the result
            error = raised
        try:
            with self._lock:
                if self._refresh is refresh:
                    self._settle(found, error)
        finally:
            if found is not None:
                refresh.result.set_result(found)
            else:
                refresh.result.set_exception(error)

    def _settle(self, found: Loaded | None, error: BaseException | None) -> None:
        """Keep what was found; else keep what there is, for longer."""
        now = self._clock()
        if found is not None:
            self._loaded, self._confirmed = found, now
            self._due, self._patience = now + self._fresh_for, self._full_patience
            if self._outage is not None:
                self._outage.end(found.version, now)
                self._outage = None
        elif self._loaded is not None and error is not None:
            if self._outage is None:
                self._outage = _Outage(self._confirmed)
            self._due, self._patience = now + RETRY_AFTER, 0.0
            self._outage.report(self._loaded.version, error, now)


class _Outage:
    """A time in which the current weights cannot be read. The log has its start, changes of its cause, its end."""

    def __init__(self, since: float) -> None:
        """`since` is when they were last read, as the clock has it."""
        self._since = since
        self._cause: type[BaseException] | None = None

    def report(self, version: Version, error: BaseException, now: float) -> None:
        """Record that another refresh failed."""
        metrics.stale(version, now - self._since)
        if type(error) is not self._cause:
            self._cause = type(error)
            level = logging.WARNING if isinstance(error, UnavailableError | ConflictError) else logging.ERROR
            known = self._known(version, now) | {"error": str(error)}
            unexpected = None if isinstance(error, _EXPECTED) else error
            log.log(level, "predictions go on with the last known weights", extra=known, exc_info=unexpected)

    def end(self, version: Version, now: float) -> None:
        """Record that the current weights could be read again."""
        log.warning("predictions have the current weights again", extra=self._known(version, now))

    def _known(self, version: Version, now: float) -> dict[str, object]:
        return {"model": version.model, "version": version.version, "seconds": round(now - self._since, 1)}
