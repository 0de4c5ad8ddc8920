"""Examines and exports the shipped weights once in a process: most tests of seeding or deploying publish them."""

import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from functions.models.evaluation import Evaluator, Examination
from functions.weights.versions import Tensors
from model_export.export import export

_known: dict[str, Examination] = {}
_exported: dict[str, dict[str, bytes]] = {}


class RememberingEvaluator(Evaluator):
    """An evaluator that knows what it has found for the same weights and the same digits."""

    def examine(self, tensors: Tensors) -> Examination:
        """Return how good weights are, as before if they have been examined."""
        digits = self._digits()
        seen = _hash(tensors)
        seen.update(digits.images.tobytes())
        seen.update(digits.labels.tobytes())
        key = seen.hexdigest()
        if key not in _known:
            _known[key] = super().examine(tensors)
        return _known[key]


def remembering_export(model: str, weights: Mapping[str, ArrayLike]) -> dict[str, bytes]:
    """Return a model's files, as before if the same weights have been exported."""
    key = f"{model} {_hash(weights).hexdigest()}"
    if key not in _exported:
        _exported[key] = export(model, weights)
    return dict(_exported[key])


def _hash(tensors: Mapping[str, ArrayLike]) -> "hashlib.blake2b":
    seen = hashlib.blake2b()
    for name, tensor in tensors.items():
        array = np.asarray(tensor)
        seen.update(f"{name} {array.shape} {array.dtype}".encode())
        seen.update(array.tobytes())
    return seen
