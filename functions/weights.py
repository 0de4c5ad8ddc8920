"""The shared weights of a model: immutable versions, and a pointer to the current one, replaced by compare-and-swap.

A version is written before the pointer that names it, so that a crash between the two leaves the old one current.
What a change does to the weights, and whether it is good enough, is left to the callers.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from functions import tensors as tensor_formats
from functions.cache import Cache
from functions.errors import (
    ConflictError,
    CorruptDataError,
    FormatError,
    InvalidValueError,
    NotFoundError,
    StaleVersionError,
)
from functions.manifest import ModelManifest
from functions.store import Store
from functions.versions import Change, Metadata, Tensors, Version, from_strings, iso, new_id, to_strings

_MEDIA_TYPE = "application/vnd.safetensors"
_ATTEMPTS = 12
_PAUSE = 0.02  # seconds, at most, before a second attempt; doubled for each further one up to a second
_HEADER = 4096  # bytes that hold the header of any version


log = logging.getLogger("scrawl")


class Pointer(msgspec.Struct, frozen=True):
    """What `current.json` holds."""

    version: str
    key: str
    updated_at: str


class WeightsRepository:
    """The versions of one model in a store. Safe among threads and among processes."""

    def __init__(self, store: Store, manifest: ModelManifest) -> None:
        self._store = store
        self._model = manifest.model
        self._shapes = manifest.shapes()
        self._prefix = f"weights/{manifest.model}/"
        self._versions: Cache[str, Version] = Cache(8)
        self._updating = threading.Lock()

    def current(self) -> Version:
        """Return the current version, by a fresh look at the pointer.

        Raises:
            NotFoundError: when nothing has been published yet.
        """
        pointer, etag = self._pointer()
        return replace(self.get(pointer.version), etag=etag)

    def get(self, version: str) -> Version:
        """Return a version.

        Raises:
            NotFoundError: when there is none of that id.
            CorruptDataError: when its file is damaged.
        """
        return self._versions.get(version, lambda: self._load(version))

    def publish(
        self,
        tensors: Tensors,
        *,
        source: str,
        loss: float,
        accuracy: float,
        parent: str | None = None,
        samples: int = 0,
        if_match: str | None = None,
    ) -> Version:
        """Write a version and make it current, if the pointer's ETag still is `if_match`; None: if there is none yet.

        Raises:
            ConflictError: when another version became current in between; then nothing of this one is left.
        """
        return self._publish(Change(tensors, source, loss, accuracy, samples), parent, if_match)

    def update(self, change: Callable[[Version], Change], *, if_version: str | None = None) -> Version:
        """Publish what `change` makes of the current version; start over when another update comes first.

        So `change` may be called several times. Updates in one process take turns, and only those of several
        processes compete.

        Raises:
            StaleVersionError: when `if_version` is given and is not the current version.
            ConflictError: when others were faster in every attempt.
        """
        return self._swap(lambda current: change(self.get(current)), if_version)

    def replace(self, new: Change) -> Version:
        """Publish new weights whatever the current ones are, even if these are damaged."""
        return self._swap(lambda _: new, None)

    def history(self, limit: int = 50) -> list[Metadata]:
        """Return the current version and those it came from, newest first; at most `limit`."""
        versions: list[Metadata] = []
        following: str | None = self._pointer()[0].version
        while following is not None and len(versions) < limit:
            try:
                entry = self._read_metadata(following)
            except NotFoundError:
                break  # older ones have been removed
            versions.append(entry)
            following = entry.parent
        return versions

    def _swap(self, make: Callable[[str], Change], if_version: str | None) -> Version:
        """Publish what `make` returns for the current version's id, again and again until no other was faster."""
        with self._updating:
            for attempt in range(_ATTEMPTS):
                pointer, etag = self._pointer()
                if if_version not in (None, pointer.version):
                    raise StaleVersionError(f"expected current version {if_version}, found {pointer.version}")
                new = make(pointer.version)
                try:
                    return self._publish(new, pointer.version, etag)
                except ConflictError:
                    time.sleep(random.uniform(0, min(1.0, _PAUSE * 2**attempt)))
        raise ConflictError(f"{self._model} is being changed by many at once: gave up after {_ATTEMPTS} attempts")

    def _publish(self, new: Change, parent: str | None, if_match: str | None) -> Version:
        """Write a version and make it current; see `publish`."""
        fitted = tensor_formats.fit(new.tensors, self._shapes)
        created = datetime.now(UTC)
        version = Version(
            model=self._model,
            version=new_id(created),
            parent=parent,
            source=new.source,
            samples=new.samples,
            loss=new.loss,
            accuracy=new.accuracy,
            created_at=iso(created),
            tensors=fitted,
        )
        body = tensor_formats.encode(fitted, to_strings(version))
        self._store.put(self._key(version.version), body, content_type=_MEDIA_TYPE, if_absent=True)
        etag = self._point_to(version, if_match)
        self._versions.put(version.version, version)
        log.info("weights published", extra=to_strings(version))
        return replace(version, etag=etag)

    def _point_to(self, version: Version, if_match: str | None) -> str:
        """Make a stored version current; remove it when another one was faster."""
        key = self._key(version.version)
        body = msgspec.json.encode(Pointer(version.version, key, version.created_at))
        try:
            return self._store.put(
                self._prefix + "current.json",
                body,
                content_type="application/json",
                if_match=if_match,
                if_absent=if_match is None,
            )
        except ConflictError:
            # A write that was answered too late is sent again, and then loses against itself.
            pointer, etag = self._pointer()
            if pointer.version == version.version:
                return etag
            self._store.delete(key)
            raise

    def _pointer(self) -> tuple[Pointer, str]:
        key = self._prefix + "current.json"
        try:
            stored = self._store.get(key)
        except NotFoundError as error:
            raise NotFoundError(f"no weights of {self._model!r} have been published yet") from error
        try:
            return msgspec.json.decode(stored.body, type=Pointer), stored.etag
        except msgspec.DecodeError as error:
            raise CorruptDataError(f"{key} is damaged: {error}") from error

    def _load(self, version: str) -> Version:
        key = self._key(version)
        body = self._fetch(version, lambda: self._store.get(key).body)
        try:
            tensors, strings = tensor_formats.decode(body)
            fitted = tensor_formats.fit(tensors, self._shapes)
            return Version(**from_strings(strings), tensors=fitted)
        except (FormatError, InvalidValueError, KeyError, ValueError) as error:
            raise CorruptDataError(f"{key} is damaged: {error}") from error

    def _read_metadata(self, version: str) -> Metadata:
        key = self._key(version)
        start = self._fetch(version, lambda: self._store.start(key, _HEADER))
        try:
            return Metadata(**from_strings(tensor_formats.decode_metadata(start)))
        except (FormatError, KeyError, ValueError) as error:
            raise CorruptDataError(f"{key} is damaged: {error}") from error

    def _fetch(self, version: str, read: Callable[[], bytes]) -> bytes:
        try:
            return read()
        except NotFoundError as error:
            raise NotFoundError(f"{self._model} has no version {version!r}") from error

    def _key(self, version: str) -> str:
        if not version.replace("-", "").isalnum() or not version.isascii():
            raise NotFoundError(f"{self._model} has no version {version!r}")
        return f"{self._prefix}{version}.safetensors"
