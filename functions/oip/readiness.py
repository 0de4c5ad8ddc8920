"""Whether a server can serve: every model is looked at once, and then a few at each question.

Orchestrators ask every few seconds, and a model's weights are four objects in the store: with a hundred models,
reading all of them each time would cost seconds. `model_server` has everything else of the protocol.
"""

import threading

from functions.errors import NotFoundError, UnavailableError
from functions.oip.model_server import Models

_AT_ONCE = 4  # models that are looked at again in one question


class Readiness:
    """Which models of a server could serve when they were last looked at. Safe to share between threads."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._seen: dict[str, None] = {}  # those that could serve, longest ago first
        self._lock = threading.Lock()

    def check(self) -> None:
        """Make sure that every model can serve: look at those that are not known to, and again at some that are.

        Raises:
            UnavailableError: when one has no weights yet, or there is none, or the store is unavailable.
            CorruptDataError: when what is stored of one is damaged.
        """
        names = self._models.model_names()
        if not names:
            raise UnavailableError("not ready: there is no model yet; run `scrawl seed`")
        with self._lock:
            known = [name for name in self._seen if name in set(names)]
        unknown = [name for name in names if name not in set(known)]
        for name in [*unknown, *known[:_AT_ONCE]]:
            self.check_model(name)

    def check_model(self, name: str, version: str | None = None) -> None:
        """Make sure that a model can serve; see `check`.

        Raises:
            NotFoundError: when there is no such model or version.
        """
        if version is not None:
            self._models.predictor(name).reader(version)
            return
        with self._lock:
            self._seen.pop(name, None)
        predictor = self._models.predictor(name)
        try:
            predictor.serving()
        except NotFoundError as error:
            raise UnavailableError(f"not ready: {error}") from error
        with self._lock:
            self._seen[name] = None
