"""The files that a model's versions are in: safetensors, written once, whose headers say where they come from.

Which of them is current, and which may go, is left to `weights` and `pruning`.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from functions.errors import CorruptDataError, FormatError, InvalidValueError, NotFoundError
from functions.storage.store import Store
from functions.weights import tensors as tensor_formats
from functions.weights.versions import ID, Metadata, Version, from_strings, to_strings

_MEDIA_TYPE = "application/vnd.safetensors"
_SUFFIX = ".safetensors"
_HEADER = 4096  # bytes that hold the header of any version


class VersionFiles:
    """One model's versions in a store."""

    def __init__(self, store: Store, model: str, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self._store = store
        self._model = model
        self._shapes = shapes
        self._prefix = f"weights/{model}/"

    def load(self, version: str) -> Version:
        """Return a version.

        Raises:
            NotFoundError: when there is none of that id.
            CorruptDataError: when its file is damaged.
        """
        key = self.key(version)
        body = self._fetch(version, lambda: self._store.get(key).body)
        try:
            tensors, strings = tensor_formats.decode(body)
            fitted = tensor_formats.fit(tensors, self._shapes)
            return Version(**from_strings(strings), tensors=fitted)
        except (FormatError, InvalidValueError, KeyError, ValueError) as error:
            raise CorruptDataError(f"{key} is damaged: {error}") from error

    def readable(self, most: int, newest: str | None = None) -> list[Metadata]:
        """Return what the versions' own files say, newest first, from `newest` on if it is given; at most so many.

        What is damaged is left out; the first one is read whole, of the others the beginning. What was written and
        never became current is among them: nothing tells it from what did.
        """
        found: list[Metadata] = []
        for version in reversed(self.ids()):
            if len(found) < most and (newest is None or version <= newest):
                with suppress(NotFoundError, CorruptDataError):
                    found.append(self._read_metadata(version) if found else self.load(version))
        return found

    def write(self, version: Version) -> str:
        """Write a version and return its key."""
        key = self.key(version.version)
        body = tensor_formats.encode(version.tensors, to_strings(version))
        self._store.put(key, body, content_type=_MEDIA_TYPE, if_absent=True)
        return key

    def ids(self) -> list[str]:
        """Return the ids of all stored versions, whether they were ever current or not."""
        keys = [key for key in self._store.keys(self._prefix) if key.endswith(_SUFFIX)]
        return [key.removeprefix(self._prefix).removesuffix(_SUFFIX) for key in keys]

    def remove(self, versions: Sequence[str]) -> None:
        """Remove versions; removing what is not there is no error."""
        self._store.delete(*(self.key(version) for version in versions))

    def key(self, version: str) -> str:
        """Return where a version is; raise `NotFoundError` when it is no version's id."""
        if not ID.fullmatch(version):
            raise NotFoundError(f"{self._model} has no version {version!r}")
        return f"{self._prefix}{version}{_SUFFIX}"

    def _read_metadata(self, version: str) -> Metadata:
        key = self.key(version)
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
