"""Inference with ONNX Runtime: its sessions, a graph with any weights of its architecture, and how good they are.

Weights replace the graph's initializers by name when a session is made, or its bytes when a file is wanted. Callers
decide where weights come from.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import ArrayLike, NDArray

from functions.dataset.block import CLASSES, PIXELS
from functions.errors import CorruptDataError, FormatError, InvalidValueError
from functions.models.manifest import ModelManifest
from functions.weights.versions import Identified

type Scorer = Callable[[NDArray[np.float32]], NDArray[np.float32]]  # (B, 784) in 0..1 → (B, 10) log-probabilities

INPUT = "images"  # of the graphs that `model_export` writes
_CHUNK = 1000  # images per run while evaluating: large enough to be fast, small enough for a Lambda's memory


def session_options(threads: int) -> Any:
    """Return options for sessions with so many threads, which do not use the processor while they wait."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Waiting threads otherwise spin, which on a shared or partial processor takes the time from the working ones.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def create_session(onnx: bytes, options: Any) -> Any:
    """Return a session on the processor."""
    return onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])


class Classifier:
    """An inference graph with given weights. Safe to share between threads."""

    def __init__(self, inference_onnx: bytes, weights: Mapping[str, ArrayLike], threads: int = 1) -> None:
        options = session_options(threads)
        # One level below all: ONNX Runtime's layout optimisation rewrites convolutions from the file's own weights
        # and ignores replaced ones (seen in 1.31: silently wrong answers).
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        # The session refers to these values without copying them: they must live as long as it does.
        self._values = []
        for name, weight in weights.items():
            array = np.array(weight, np.float32, order="C")
            value = onnxruntime.OrtValue.ortvalue_from_numpy(array)
            self._values.append((array, value))
            options.add_initializer(name, value)
        self._session = create_session(inference_onnx, options)

    def log_probabilities(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (B, 10) log-probabilities of images (B, 784) in 0..1."""
        images = np.ascontiguousarray(images, np.float32)
        if images.ndim != 2 or images.shape[1] != PIXELS:
            raise InvalidValueError(f"images must be (B, {PIXELS}), got {images.shape}", "images")
        result: NDArray[np.float32] = self._session.run(None, {INPUT: images})[0]
        return result

    def probabilities(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (B, 10) probabilities of images (B, 784) in 0..1."""
        return np.exp(self.log_probabilities(images))


def finite(scores: NDArray[np.float32], weights: Identified) -> NDArray[np.float32]:
    """Return a network's answers, if they are numbers: others must never be sent as an answer.

    Raises:
        CorruptDataError: saying whose weights they are.
    """
    if not np.isfinite(scores).all():
        raise CorruptDataError(
            f"version {weights.version} of {weights.model} answers this with infinity or NaN, so its weights cannot "
            "be used; a rollback to another version, or a retraining, repairs that"
        )
    return scores


def evaluate(classifier: Classifier, images: NDArray[np.float32], labels: ArrayLike) -> tuple[float, float]:
    """Return the mean negative log-likelihood and the part recognised (0..1) over labelled images (N, 784)."""
    return judge(score_all(classifier, images), labels)


def score_all(classifier: Classifier, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (N, 10) log-probabilities of any number of images (N, 784), a part at a time."""
    parts = [classifier.log_probabilities(images[at : at + _CHUNK]) for at in range(0, len(images), _CHUNK)]
    return np.concatenate(parts) if parts else np.zeros((0, CLASSES), np.float32)


def judge(scores: NDArray[np.float32], labels: ArrayLike) -> tuple[float, float]:
    """Return the mean negative log-likelihood and the part recognised (0..1) of log-probabilities (N, 10)."""
    losses, right = judge_each(scores, labels)
    return float(losses.mean(dtype=np.float64)), float(right.mean())


def judge_each(scores: NDArray[np.float32], labels: ArrayLike) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return each digit's negative log-likelihood, and whether it is recognised, (N,) each."""
    targets = np.asarray(labels, np.int64)
    if targets.shape != (len(scores),) or not len(scores):
        raise InvalidValueError(f"{len(scores)} images need as many labels and at least one, got {targets.shape}")
    return -scores[np.arange(len(scores)), targets], scores.argmax(1) == targets


def patch_onnx(inference_onnx: bytes, manifest: ModelManifest, weights: Mapping[str, ArrayLike]) -> bytes:
    """Return the same ONNX file with other weights: each tensor's bytes replaced where the manifest says they are.

    Raises:
        InvalidValueError: when a tensor is missing or misshapen.
        FormatError: when the file is not the one the manifest describes.
    """
    expected = manifest.files["inference.onnx"].bytes
    if len(inference_onnx) != expected:
        raise FormatError(f"inference.onnx of {manifest.model} is {expected} bytes long, got {len(inference_onnx)}")
    patched = bytearray(inference_onnx)
    for parameter in manifest.parameters:
        if parameter.name not in weights:
            raise InvalidValueError(f"tensor {parameter.name} is missing", parameter.name)
        raw = np.ascontiguousarray(weights[parameter.name], "<f4")
        if raw.shape != parameter.shape:
            raise InvalidValueError(f"{parameter.name} must be {parameter.shape}, got {raw.shape}", parameter.name)
        patched[parameter.offset : parameter.offset + raw.nbytes] = raw.tobytes()
    return bytes(patched)
