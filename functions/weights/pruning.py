"""Removes what nobody needs any longer: versions beyond those that are kept, and what crashes and lost races left.

`repository` calls it after a publication, now and then.
"""

import logging
from collections.abc import Callable, Collection, Iterable

from functions.weights.lesson_log import LessonLogFiles
from functions.weights.pointer import Pointer
from functions.weights.versions import VersionFiles

_EVERY = 16  # publications, at most

log = logging.getLogger("scrawl")


class Pruner:
    """Removes old versions of one model."""

    def __init__(
        self, files: VersionFiles, logs: LessonLogFiles, keep: int, needed: Callable[[], Collection[str]]
    ) -> None:
        """Keep the newest `keep` versions, and those whose ids `needed` returns."""
        self._files = files
        self._logs = logs
        self._keep = keep
        self._needed = needed

    def prune(self, pointer: Pointer) -> list[str]:
        """Remove the versions that nobody needs any longer, and return their ids."""
        if pointer.log is not None:
            left = [name for name in self._logs.names() if name < pointer.version and name != pointer.log]
            self._logs.remove_quietly(*left)
        gone = superfluous(self._files.ids(), pointer, self._keep, self._needed())
        if gone:
            self._files.remove(gone)
            log.info("old versions removed", extra={"model": self._files.model, "versions": len(gone)})
        return gone

    def prune_quietly(self, pointer: Pointer) -> list[str]:
        """Remove them if that is due. The publication has already succeeded, so a failure is only logged."""
        if not prune_is_due(pointer, self._keep):
            return []
        try:
            return self.prune(pointer)
        except Exception as error:  # the next one will try again
            log.warning("old versions not removed", extra={"model": self._files.model, "error": str(error)})
            return []


def prune_is_due(pointer: Pointer, keep: int) -> bool:
    """Return whether to prune after this publication: now and then, and more often where few versions are kept."""
    return pointer.count % max(1, min(_EVERY, keep // 4)) == 0


def superfluous(stored: Iterable[str], pointer: Pointer, keep: int, needed: Collection[str]) -> list[str]:
    """Return which stored versions may be removed: those beyond `keep`, and what crashes and lost races left behind.

    No clock decides. A version's id is greater than its parent's, so whoever publishes after the current version
    writes a greater id; and whoever read an older pointer can no longer win. So a smaller id that is not in the
    history will never be current. `needed` names versions that somebody still refers to.
    """
    kept = {entry.version for entry in pointer.history[:keep]} | set(needed)
    return [version for version in stored if version < pointer.version and version not in kept]
