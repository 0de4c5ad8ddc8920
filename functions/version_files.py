"""The files that a model's versions are in: safetensors, written once, whose headers say where they come from.

Which of them is current, and which may go, is left to `weights` and `pruning`.
"""

from collections.abc import Callable, Mapping, Sequence

from functions import tensors as tensor_formats
from functions.errors import CorruptDataError, FormatError, InvalidValueError, NotFoundError
from functions.store import Store
from functions.versions import ID, Metadata, Version, from_strings, to_strings

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
        key = self._key(version)
        body = self._fetch(version, lambda: self._store.get(key).body)
        try:
            tensors, strings = tensor_formats.decode(body)
            fitted = tensor_formats.fit(tensors, self._shapes)
            return Version(**from_strings(strings), tensors=fitted)
        except (FormatError, InvalidValueError, KeyError, ValueError) as error:
            raise CorruptDataError(f"{key} is damaged: {error}") from error

    def walk(self, version: str, most: int) -> list[Metadata]:
        """Return a version and those it came from, as their own files say, newest first; at most so many."""
        found: list[Metadata] = []
        following: str | None = version
        while following is not None and len(found) < most:
            try:
                found.append(self._read_metadata(following))
            except (NotFoundError, CorruptDataError):
                break  # older ones have been removed, or cannot be reached any more
            following = found[-1].parent
        return found

    def write(self, version: Version) -> str:
        """Write a version and return its key."""
        key = self._key(version.version)
        body = tensor_formats.encode(version.tensors, to_strings(version))
        self._store.put(key, body, content_type=_MEDIA_TYPE, if_absent=True)
        return key

    def ids(self) -> list[str]:
        """Return the ids of all stored versions, whether they were ever current or not."""
        keys = [key for key in self._store.keys(self._prefix) if key.endswith(_SUFFIX)]
        return [key.removeprefix(self._prefix).removesuffix(_SUFFIX) for key in keys]

    def remove(self, versions: Sequence[str]) -> None:
        """Remove versions; removing what is not there is no error."""
        self._store.delete(*(self._key(version) for version in versions))

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
        if not ID.fullmatch(version):
            raise NotFoundError(f"{self._model} has no version {version!r}")
        return f"{self._prefix}{version}{_SUFFIX}"
