"""A model's ONNX graphs as they are stored, checked against its manifest."""

import hashlib

from functions.errors import CorruptDataError, NotFoundError
from functions.models.manifest import ModelManifest
from functions.storage.store import Store


def stored_graph(store: Store, manifest: ModelManifest, name: str) -> bytes:
    """Return one of a model's graphs, if it is what the manifest says."""
    key = f"models/{manifest.model}/{name}"
    try:
        body = store.get(key).body
    except NotFoundError as error:
        raise CorruptDataError(f"{key} is missing") from error
    if hashlib.sha256(body).hexdigest() != manifest.files[name].sha256:
        raise CorruptDataError(f"{key} is damaged: its SHA-256 is not the manifest's")
    return body
