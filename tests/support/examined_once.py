"""Examines the shipped weights once in a process: nearly every test of seeding or deploying publishes them."""

import hashlib

from functions.models.evaluation import Evaluator, Examination
from functions.weights.versions import Tensors

_known: dict[str, Examination] = {}


class RememberingEvaluator(Evaluator):
    """An evaluator that knows what it has found for the same weights and the same digits."""

    def examine(self, tensors: Tensors) -> Examination:
        """Return how good weights are, as before if they have been examined."""
        digits = self._digits()
        seen = hashlib.blake2b()
        for name, tensor in tensors.items():
            seen.update(f"{name} {tensor.shape}".encode())
            seen.update(tensor.tobytes())
        seen.update(digits.images.tobytes())
        seen.update(digits.labels.tobytes())
        key = seen.hexdigest()
        if key not in _known:
            _known[key] = super().examine(tensors)
        return _known[key]
