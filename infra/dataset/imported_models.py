"""Imported models in a store: written so that the API serves them, and measured on the store's test digits.

`model_export.importing` makes the files.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from functions.dataset.shards import Digits, ShardedDataset
from functions.errors import CorruptDataError, UnavailableError
from functions.models.imported import ImportedModel, run
from functions.models.manifest import Interface, ModelManifest
from functions.service import TEST_DIGITS
from functions.storage.store import Store

# How networks are commonly fed, as (mean, std): 0..1; as PyTorch's example normalises it; -1..1; 0..255; paper is 1.
_PIXELS = ((0.0, 1.0), (0.1307, 0.3081), (0.5, 0.5), (0.0, 1 / 255), (1.0, -1.0))
_CLEARLY_BETTER = 0.01  # so much more of the digits


@dataclass(frozen=True)
class Measured:
    """How much of the stored test digits an imported model recognises, and a better mean and std if there is one."""

    count: int
    accuracy: float
    better: tuple[float, float, float] | None  # mean, std, accuracy


def register(store: Store, name: str, files: Mapping[str, bytes]) -> bool:
    """Store an imported model, its manifest last; return whether it replaced another one of that name.

    The other one's graph stays, for processes that still serve it.
    """
    key = f"models/{name}/manifest.json"
    replaced = key in store.keys(key)
    for file in (name for name in files if name != "manifest.json"):
        store.put(f"models/{name}/{file}", files[file], content_type="application/vnd.onnx")
    store.put(key, files["manifest.json"], content_type="application/json")
    return replaced


def measure(store: Store, name: str) -> Measured | None:
    """Return how good a stored model is; None where there are no digits to measure with."""
    try:
        digits = Digits.of(ShardedDataset(store).first("test", TEST_DIGITS))
    except (UnavailableError, CorruptDataError):
        return None
    manifest = msgspec.json.decode(store.get(f"models/{name}/manifest.json").body, type=ModelManifest)
    interface = manifest.interface
    assert interface is not None  # it was imported
    session = ImportedModel(store, manifest, interface).serving()
    accuracy = _accuracy(session, interface, digits)
    others = [
        (mean, std, _accuracy(session, msgspec.structs.replace(interface, mean=mean, std=std), digits))
        for mean, std in _PIXELS
    ]
    best = max(others, key=lambda other: other[2])
    return Measured(len(digits), accuracy, best if best[2] > accuracy + _CLEARLY_BETTER else None)


def _accuracy(session: object, interface: Interface, digits: Digits) -> float:
    answers: NDArray[np.float32] = run(session, interface, digits.images)
    return float((answers.argmax(1) == digits.labels).mean())
