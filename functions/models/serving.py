"""Which weights predictions are made with: the current ones, looked up a moment ago, or else the last known.

A look takes a thread of its own, so that a store that fails or hangs keeps no prediction waiting: once weights are
held, one waits for a look for a moment only, and not at all while looks are known to fail. How the current version is
read, and what is made of it, is left to `models`.
"""

import logging
import threading
import time
from collections.abc import Callable

from functions.errors import ConflictError, CorruptDataError, NotFoundError, UnavailableError
from functions.models.inference import Classifier
from functions.telemetry import metrics
from functions.weights.versions import Version

_PATIENCE = 2.0  # seconds from a look's beginning for which predictions wait for it
_PAUSE = 5.0  # seconds between a look that failed and the next
_FORESEEN = (UnavailableError, ConflictError, CorruptDataError, NotFoundError)

type Served = tuple[Version, Classifier]

log = logging.getLogger("scrawl")


class Serving:
    """What one model recognises digits with. Safe among threads."""

    def __init__(self, find: Callable[[Served | None], Served], fresh_for: float) -> None:
        """`find` returns the current version and its session: what it is given, if that still is the current one.

        What it found is trusted for `fresh_for` seconds.
        """
        self._find = find
        self._fresh_for = fresh_for
        self._held: Served | None = None
        self._due = 0.0  # when to look again, as time.monotonic has it
        self._confirmed = 0.0  # when what is held was current for certain
        self._patience = _PATIENCE
        self._look: _Look | None = None  # the last one begun
        self._outage: _Outage | None = None
        self._lock = threading.Lock()

    def get(self) -> Served:
        """Return the current version, or the last known one while it cannot be read, and its session.

        Raises:
            UnavailableError, CorruptDataError, NotFoundError: when it cannot be read and none is known.
        """
        held = self._held
        if held is not None and time.monotonic() < self._due:
            return held
        look = self._begun()
        if held is None:
            return look.result()
        return look.found_by(look.began + self._patience) or self._held or held

    def expire(self) -> None:
        """Let the next prediction look anew: there is another version, of which a look under way may not know."""
        with self._lock:
            self._due, self._patience, self._look = 0.0, _PATIENCE, None

    def _begun(self) -> "_Look":
        """Return the look that is under way, or has just been; begin one if it is time to."""
        with self._lock:
            look = self._look
            if look is None or (look.over.is_set() and time.monotonic() >= self._due):
                look = _Look()
                threading.Thread(target=self._run, args=(look, self._held), name="look", daemon=True).start()
                self._look = look
            return look

    def _run(self, look: "_Look", held: Served | None) -> None:
        try:
            look.found = self._find(held)
        except BaseException as error:  # whatever it is, somebody may wait for it
            look.error = error
        try:
            with self._lock:
                if self._look is look:
                    self._settle(look)
        finally:
            look.over.set()

    def _settle(self, look: "_Look") -> None:
        """Keep what was found; else keep what there is, for longer."""
        now = time.monotonic()
        if look.found is not None:
            self._held, self._confirmed = look.found, now
            self._due, self._patience = now + self._fresh_for, _PATIENCE
            if self._outage is not None:
                self._outage.end(look.found[0], now)
                self._outage = None
        elif self._held is not None and look.error is not None:
            if self._outage is None:
                self._outage = _Outage(self._confirmed)
            self._due, self._patience = now + _PAUSE, 0.0
            self._outage.go_on(self._held[0], look.error, now)


class _Look:
    """A look at the store, and what came of it."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.over = threading.Event()
        self.found: Served | None = None
        self.error: BaseException | None = None

    def result(self) -> Served:
        """Wait for its end; return what was found, or raise why nothing was."""
        self.over.wait()
        if self.found is None:
            assert self.error is not None
            raise self.error
        return self.found

    def found_by(self, deadline: float) -> Served | None:
        """Return what has been found by then, as time.monotonic has it; None when nothing has."""
        self.over.wait(max(0.0, deadline - time.monotonic()))
        return self.found


class _Outage:
    """A time in which the current weights cannot be read: logged when it begins, changes its cause, and ends."""

    def __init__(self, since: float) -> None:
        """`since` is when they could be read last, as time.monotonic has it."""
        self._since = since
        self._cause: type[BaseException] | None = None

    def go_on(self, version: Version, error: BaseException, now: float) -> None:
        """Tell that another look has failed."""
        metrics.stale(version, now - self._since)
        if type(error) is not self._cause:
            self._cause = type(error)
            level = logging.WARNING if isinstance(error, UnavailableError | ConflictError) else logging.ERROR
            known = self._known(version, now) | {"error": str(error)}
            unforeseen = None if isinstance(error, _FORESEEN) else error
            log.log(level, "predictions go on with the last known weights", extra=known, exc_info=unforeseen)

    def end(self, version: Version, now: float) -> None:
        """Tell that the current weights have been read again."""
        log.warning("predictions have the current weights again", extra=self._known(version, now))

    def _known(self, version: Version, now: float) -> dict[str, object]:
        return {"model": version.model, "version": version.version, "seconds": round(now - self._since, 1)}
