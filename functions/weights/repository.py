"""The shared weights of a model: how a change is stored, and how versions are read and removed.

A new version's file (`versions`) is written before the `pointer` that names it moves by compare-and-swap, so that a
crash between the two leaves the old version current. Callers decide what a change does to the weights, and whether it
is good enough.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime

from msgspec.structs import replace

from functions.cache import Cache
from functions.errors import ConflictError, CorruptDataError, NotFoundError, StaleVersionError, UnavailableError
from functions.models.manifest import ModelManifest
from functions.storage.store import Store
from functions.weights.known_logs import KnownLogs
from functions.weights.lesson_log import Learned, LessonLog, LessonLogFiles
from functions.weights.pointer import REPAIR, UNPUBLISHED, Found, Pointer, PointerFile
from functions.weights.pruning import Pruner
from functions.weights.versions import (
    Change,
    History,
    Metadata,
    Version,
    VersionFiles,
    known,
    now,
    version_of,
)

KEEP_VERSIONS = 200  # versions, where the service's settings do not say
_ATTEMPTS = 12
_PAUSE = 0.02  # seconds, at most, before a second attempt; doubled for each further one up to a second
_PATIENCE = 15.0  # seconds that an update waits for those before it in this process; API Gateway gives up after 29

log = logging.getLogger("scrawl")


class WeightsRepository:
    """The versions of one model in a store. Safe to share between threads and between processes."""

    def __init__(
        self,
        store: Store,
        manifest: ModelManifest,
        keep: int = KEEP_VERSIONS,
        needed: Callable[[], Collection[str]] = tuple,
        *,
        clock: Callable[[], datetime] = now,
        sleep: Callable[[float], object] = time.sleep,
        patience: float = _PATIENCE,
        unpublished: str = UNPUBLISHED,
    ) -> None:
        """Keep the newest `keep` versions, and those that `needed` names; `unpublished` says why there is none.

        An update waits `patience` seconds for others in this process, and sleeps between two attempts.
        """
        self._model = manifest.model
        self._shapes = manifest.shapes()
        self._keep = keep
        self._files = VersionFiles(store, manifest.model, self._shapes)
        logs = LessonLogFiles(store, manifest.model)
        self._pruner = Pruner(self._files, logs, keep, needed)
        self._pointer = PointerFile(
            store, manifest.model, lambda since: self._files.readable(keep, since), logs, unpublished
        )
        self.logs = KnownLogs(logs, self._pointer)
        self._versions: Cache[str, Version] = Cache(8)
        self._updating = threading.Lock()
        self._clock = clock
        self._sleep = sleep
        self._patience = patience

    def current(self) -> Version:
        """Return the current version, as the pointer says now.

        Raises:
            NotFoundError: when nothing has been published yet.
            CorruptDataError: when its file is damaged or missing.
        """
        return self._pointer.follow(lambda pointer, etag: self._named(Found(pointer, etag)))

    def get(self, version: str) -> Version:
        """Return a version.

        Raises:
            NotFoundError: when there is none of that id.
            CorruptDataError: when its file is damaged.
        """
        return self._versions.get(version, lambda: self._files.load(version))

    def publish(self, new: Change, if_match: str | None = None) -> Version:
        """Write a version and make it current, if the pointer's ETag still is `if_match`; None: if there is none yet.

        Raises:
            ConflictError: when another version became current in between; then nothing of this one is left.
        """
        before = Found(Pointer("", "", ""), None)
        if if_match is not None:
            before = Found(*self._pointer.read())
            if before.etag != if_match:
                raise ConflictError(f"{self._model} has changed: expected {if_match}, found {before.etag}")
        return self._publish(new, before)

    def update(self, change: Callable[[Version], Change], *, if_version: str | None = None) -> Version:
        """Publish what `change` makes of the current version, as `average` does."""
        return self.average(lambda current, _: change(current), if_version=if_version)

    def average(self, change: Callable[[Version, Pointer], Change], *, if_version: str | None = None) -> Version:
        """Publish what `change` makes of the current version and its pointer; again when another one comes first.

        Raises `StaleVersionError` when `if_version` is given and is not the current version, and `ConflictError` when
        others were faster in every attempt.
        """

        def attempt(found: Found) -> Version:
            return self._publish(change(self._named(found), found.pointer), found)

        return self._swap(attempt, if_version)

    def learn(self, take: Callable[[Version, Pointer, LessonLog], Learned | None]) -> Version | None:
        """Publish what `take` makes of the current version, its pointer and the log; start over as `update` does.

        Where no lesson has changed the weights, only the log is stored. None: the version is the one from before.

        Raises:
            ConflictError: when others were faster in every attempt.
        """

        def attempt(found: Found) -> Version | None:
            learned = take(self._named(found), found.pointer, self.logs.of(found.pointer))
            if learned is None:
                return None
            if learned.change is None:
                self.logs.record(learned.log, found, self._clock())
                return None
            return self._publish(learned.change, found, learned.log)

        return self._swap(attempt)

    def pointer(self) -> Pointer:
        """Return the pointer to the current version."""
        return self._pointer.read()[0]

    def overwrite(
        self, new: Change, check: Callable[[str | None], object] = lambda _: None, if_version: str | None = None
    ) -> Version:
        """Publish new weights whatever the current ones are, even if these or the pointer to them are damaged.

        A damaged or missing pointer is rebuilt, with the history of the versions that can be read. `check` is called
        before each attempt with the current version's id (None: not known), and may refuse by raising.

        Raises:
            StaleVersionError, ConflictError: as `update` does.
            CorruptDataError: when `if_version` is given and the pointer is damaged.
        """

        def attempt(found: Found) -> Version:
            check(None if found.damage else found.pointer.version)
            return self._publish(new, found)

        return self._swap(attempt, if_version, rebuild=if_version is None)

    def restore(self) -> Version | None:
        """Make the newest version that can be read current where there is no pointer; None: no version exists.

        Raises:
            ConflictError: when there is a pointer.
        """
        found = self._pointer.read_or_rebuild()
        if found.etag is not None:
            raise ConflictError(f"{self._model} has a pointer")
        if not found.pointer.history:
            return None
        newest = self.get(found.pointer.version)
        complete = {"key": self._files.key(newest.version), "updated_at": newest.created_at}
        return replace(newest, etag=self._pointer.move(replace(found.pointer, **complete), None))

    def newest_readable(self) -> Metadata | None:
        """Return the newest version that can be read, whether it is current or not."""
        return next(iter(self._files.readable(1)), None)

    def history(self, limit: int = 50, before: str | None = None) -> History:
        """Return the current version and those it came from, at most `limit`; only those older than `before`.

        Where the pointer is damaged: the versions that can be read, none of them current.

        Raises:
            NotFoundError: when nothing has been published yet.
            CorruptDataError: when the pointer is damaged and there is no other version.
        """
        pointer, _, damage = self._pointer.read_or_rebuild()
        if damage and not pointer.history:
            raise damage
        kept = pointer.history[: self._keep]
        found = [entry for entry in kept if before is None or entry.version < before]
        return History(
            "" if damage else pointer.version,
            [entry.metadata(self._model) for entry in found[:limit]],
            len(found) > limit,
        )

    def provenance(self, version: str) -> Metadata:
        """Return what is known of a version.

        Raises:
            NotFoundError: when it is not kept any more.
        """
        entries = self._pointer.read()[0].history
        found = next((entry.metadata(self._model) for entry in entries if entry.version == version), None)
        return found or self.get(version)

    def prune(self) -> list[str]:
        """Remove the versions that nobody needs any longer, and return their ids."""
        return self._dropped(self._pruner.prune(self._pointer.read()[0]))

    def _swap[R](self, attempt: Callable[[Found], R], if_version: str | None = None, *, rebuild: bool = False) -> R:
        """Return what `attempt` makes of the pointer that is found, again and again until no other was faster."""
        if not self._updating.acquire(timeout=self._patience):
            raise ConflictError(
                f"{self._model} is being changed by many at once: waited {self._patience:.0f} s for a turn"
            )
        try:
            for number in range(_ATTEMPTS):
                found = self._pointer.read_or_rebuild() if rebuild else Found(*self._pointer.read())
                if if_version not in (None, found.pointer.version):
                    raise StaleVersionError(f"expected current version {if_version}, found {found.pointer.version}")
                try:
                    return attempt(found)
                except StaleVersionError:
                    raise
                except ConflictError:
                    self._sleep(random.uniform(0, min(1.0, _PAUSE * 2**number)))
        finally:
            self._updating.release()
        raise ConflictError(f"{self._model} is being changed by many at once: gave up after {_ATTEMPTS} attempts")

    def _publish(self, new: Change, before: Found, log: LessonLog | None = None) -> Version:
        """Write a version, or two where it is taken back, and make the last one current; see `publish`."""
        pointer, written = before.pointer, []
        for change in (new, new.taken_back_by):
            if change is not None:
                version = version_of(self._model, change, pointer.version or None, self._shapes, self._clock())
                pointer = pointer.followed_by(version, self._files.write(version), self._keep, change)
                written.append(version)
        if log is not None:
            pointer = self.logs.write(written[-1].version, log.naming(written[-1].version), pointer)
        try:
            etag = self._pointer.move(pointer, before.etag)
        except ConflictError:
            with suppress(UnavailableError):  # then pruning will remove them
                self._files.remove([version.version for version in written])
            self.logs.forget(pointer, before.pointer)
            raise
        self.logs.forget(before.pointer, pointer)
        self._tell(written, before)
        self._dropped(self._pruner.prune_quietly(pointer))
        return replace(written[-1], etag=etag, best=pointer.mark)

    def _tell(self, written: list[Version], before: Found) -> None:
        """Remember versions that have been published, and log them."""
        if before.damage and (before.etag or before.pointer.history):
            log.warning("pointer repaired", extra={"model": self._model, "error": str(before.damage)})
        for version in written:
            self._versions.put(version.version, version)
            log.info("weights published", extra={k: v for k, v in known(version).items() if k != "created_at"})

    def _named(self, found: Found) -> Version:
        """Return the version that a pointer names, with what the pointer knows of it."""
        return replace(self._still_current(found.pointer.version), etag=found.etag, best=found.pointer.mark)

    def _dropped(self, gone: list[str]) -> list[str]:
        """Forget versions that have been removed."""
        for version in gone:
            self._versions.drop(version)
        return gone

    def _still_current(self, version: str) -> Version:
        """Return the version that the pointer has just named.

        Raises `ConflictError` when it has been followed and removed, `CorruptDataError` when it is damaged.
        """
        try:
            return self.get(version)
        except CorruptDataError as error:
            raise CorruptDataError(f"{error}; {REPAIR}") from error
        except NotFoundError as error:
            if self._pointer.read()[0].version == version:
                raise CorruptDataError(f"{self._model}'s current version {version} is missing; {REPAIR}") from error
            raise ConflictError(f"{self._model} has changed since") from error
