"""A model that Scrawl did not make: an ONNX classifier of 28×28 images, whose manifest says how to use it.

It can only recognise digits: it has no weights to read, replace or train. `model_export.importing` finds out which
input a file expects.
"""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from functions.dataset.block import CLASSES, PIXELS
from functions.errors import CorruptDataError, NotFoundError
from functions.models.calibration import Reading
from functions.models.graphs import stored_graph
from functions.models.inference import Scorer, create_session, finite, session_options
from functions.models.manifest import Interface, ModelManifest
from functions.storage.store import Store
from functions.weights.versions import Identity


class ImportedModel:
    """An imported model in a store. Safe to share between threads."""

    def __init__(self, store: Store, manifest: ModelManifest, interface: Interface) -> None:
        self.manifest = manifest
        self._interface = interface
        self._store = store
        ((self._file, content),) = manifest.files.items()
        self._identity = Identity(manifest.model, content.sha256[:16])

    @property
    def input_name(self) -> str:
        """Return what its only input is called in the file that was imported."""
        return self._interface.input

    def predict(self, images: NDArray[np.float32]) -> Reading:
        """Return what the file reads in images (B, 784), as sure as it says."""
        answers = run(self.serving(), self._interface, images)
        found = finite(probabilities(answers, self._interface.answers), self._identity)
        return Reading(found, self._identity, [[] for _ in images])

    def reader(self, version: str | None = None) -> tuple[Identity, Scorer]:
        """Return which file this is and what reads images with it; see `service.Predictor`.

        Raises:
            NotFoundError: when another version is asked for.
        """
        if version not in (None, self._identity.version):
            raise NotFoundError(
                f"{self._identity.model} has no version {version!r}: it was imported, and has only "
                f"{self._identity.version}"
            )
        return self._identity, self._log_probabilities

    def versions(self) -> list[str]:
        """Return the only version."""
        return [self._identity.version]

    def serving(self) -> Any:
        """Return the session, made once.

        Raises:
            CorruptDataError: when the stored graph is missing, damaged, or too new for this ONNX Runtime.
        """
        return self._session

    def _log_probabilities(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        smallest = np.finfo(np.float32).tiny  # of a probability, so that its logarithm is a number
        return np.log(np.maximum(self.predict(images)[0], smallest))

    @cached_property
    def _session(self) -> Any:
        graph = stored_graph(self._store, self.manifest, self._file)
        try:
            return create_session(graph, session_options(1))
        except Exception as error:  # ONNX Runtime's errors have no common base
            raise CorruptDataError(f"models/{self.manifest.model}/{self._file} cannot be loaded: {error}") from error


def run(onnx: Any, interface: Interface, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what a session answers, (B, 10), for images (B, 784) in 0..1; a last batch is filled up with zeros."""
    pixels = (images - np.float32(interface.mean)) / np.float32(interface.std)
    dtype = np.dtype(interface.dtype)
    pixels = (np.rint(pixels) if dtype.kind == "u" else pixels).astype(dtype)
    size = interface.batch or len(pixels)
    parts = []
    for start in range(0, len(pixels), size):
        chunk = pixels[start : start + size]
        batch = np.zeros((size, PIXELS), dtype)
        batch[: len(chunk)] = chunk
        result = onnx.run(None, {interface.input: batch.reshape(size, *interface.shape)})[0]
        parts.append(result.reshape(size, CLASSES)[: len(chunk)])
    return np.concatenate(parts).astype(np.float32)


def probabilities(answers: NDArray[np.float32], kind: str) -> NDArray[np.float32]:
    """Return (B, 10) probabilities from scores, probabilities, log-probabilities or one sigmoid for each digit."""
    if kind == "probabilities":
        return answers
    if kind == "sigmoids":  # softmax would make 1 and 0 into 23 % and 9 %
        smallest = np.finfo(np.float32).tiny
        return np.asarray(answers / np.maximum(answers.sum(1, keepdims=True), smallest), np.float32)
    shifted = answers - answers.max(1, keepdims=True)  # of log-probabilities, too: softmax changes nothing else
    exponentials = np.exp(shifted)
    return np.asarray(exponentials / exponentials.sum(1, keepdims=True), np.float32)
