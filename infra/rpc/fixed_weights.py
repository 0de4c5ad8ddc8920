"""One network with weights that do not change, behind the interface of the Open Inference Protocol's core.

`model_export.pretrained` reads the weights; `functions.service` has the models in a bucket.
"""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from functions.errors import NotFoundError
from functions.models.calibration import UNMEASURED, Calibration, Reading
from functions.models.inference import INPUT, Classifier, Scorer, finite
from functions.weights.versions import Identity
from model_export.architectures import architecture_named
from model_export.graphs import inference_graph


class FixedWeightsModel:
    """The only model of a server. Its version is a hash of its weights. Safe among threads."""

    def __init__(
        self, model: str, weights: Mapping[str, NDArray[np.float32]], said: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """`said` is what the weights' file says of them: as the API gives it, it has their calibration."""
        content = hashlib.sha256()
        for name in sorted(weights):
            content.update(name.encode() + np.ascontiguousarray(weights[name], "<f4").tobytes())
        self._identity = Identity(model, content.hexdigest()[:16])
        self._classifier = Classifier(inference_graph(architecture_named(model), weights), {})
        self._calibration = _calibration(said)

    def model_names(self) -> list[str]:
        """Return its name."""
        return [self._identity.model]

    def predictor(self, name: str) -> "FixedWeightsModel":
        """Return itself, if that is its name."""
        if name != self._identity.model:
            raise NotFoundError(
                f"there is no model {name!r}; there is: {self._identity.model}. `scrawl grpc` serves another with "
                "--model-architecture, and all that an API shares with --bucket"
            )
        return self

    def predict(self, images: NDArray[np.float32]) -> Reading:
        """Return what the weights read in images (B, 784), as sure as their file says; else as they are."""
        scores = finite(self._classifier.log_probabilities(images), self._identity)
        return Reading.of(scores, images, self._identity, self._calibration)

    def reader(self, version: str | None = None) -> tuple[Identity, Scorer]:
        """Return the identity of the weights, and the function that scores images with them."""
        if version not in (None, self._identity.version):
            raise NotFoundError(
                f"{self._identity.model} has no version {version!r}; there is: {self._identity.version}"
            )
        return self._identity, self._classifier.log_probabilities

    @property
    def input_name(self) -> str:
        """Return what its only input is called."""
        return INPUT

    def versions(self) -> list[str]:
        """Return its version."""
        return [self._identity.version]

    def serving(self) -> None:
        """Do nothing: it can always serve."""


def _calibration(said: Mapping[str, str]) -> Calibration:
    """Return what a file's metadata say of how sure its weights are; other programs' say nothing, or anything."""
    try:
        temperature, least = (float(said[name]) for name in ("temperature", "least_contrast"))
    except (KeyError, ValueError):
        return UNMEASURED
    return Calibration(temperature, least) if 0.1 <= temperature <= 10 else UNMEASURED
