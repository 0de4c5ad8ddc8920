"""Training: first weights, and steps of SGD through an ONNX train-step graph.

The graph holds all the arithmetic (`model_export.graphs` writes it); callers decide which batches to train
on, for how long, and where the weights go.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import ArrayLike, NDArray

from functions.dataset.block import CLASSES, PIXELS
from functions.errors import InvalidValueError
from functions.models.inference import create_session, session_options
from functions.models.manifest import Layer

Weights = dict[str, NDArray[np.float32]]
Shapes = Mapping[str, tuple[int, ...]]


def initial_weights(shapes: Shapes, seed: int, activation: str = "relu") -> Weights:
    """Draw first weights: He for layers before ReLU or GELU, Glorot for others and the last one; biases are zero."""
    random = np.random.default_rng(seed)
    matrices = [name for name, shape in shapes.items() if len(shape) > 1]
    weights: Weights = {}
    for name, shape in shapes.items():
        if name not in matrices:
            weights[name] = np.zeros(shape, np.float32)
            continue
        fan_in, fan_out = math.prod(shape[1:]), shape[0] * math.prod(shape[2:])
        he = activation in ("relu", "gelu") and name != matrices[-1]
        variance = 2 / fan_in if he else 2 / (fan_in + fan_out)
        weights[name] = (random.standard_normal(shape) * math.sqrt(variance)).astype(np.float32)
    return weights


class TrainState:
    """Parameters and their momentum. Never changed: a step returns a new one."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values  # OrtValues by the train-step graph's input names

    @classmethod
    def fresh(cls, weights: Mapping[str, ArrayLike]) -> "TrainState":
        """Start with these weights and no momentum."""
        values = {}
        for name, weight in weights.items():
            array = np.array(weight, np.float32, order="C")  # a copy: the caller may change its own
            values[name] = _ort_value(array)
            values[f"momentum.{name}"] = _ort_value(np.zeros_like(array))
        return cls(values)

    @property
    def weights(self) -> Weights:
        """Return a copy of the parameters."""
        return {name: value.numpy().copy() for name, value in self.values.items() if not name.startswith("momentum.")}

    @property
    def momentum(self) -> Weights:
        """Return a copy of each parameter's momentum, by the parameter's name."""
        prefix = "momentum."
        items = ((name, value) for name, value in self.values.items() if name.startswith(prefix))
        return {name.removeprefix(prefix): value.numpy().copy() for name, value in items}


@dataclass(frozen=True)
class Step:
    """What one step gives: the new state, and the batch's mean loss and number correct before the update."""

    state: TrainState
    loss: float
    correct: int


class Trainer:
    """A train-step graph, ready to run. Safe to share between threads: it keeps no state of its own."""

    def __init__(
        self, train_step_onnx: bytes, shapes: Shapes, threads: int = 1, *, layers: Iterable[Layer] = ()
    ) -> None:
        """`layers` are the network's; only dropout matters."""
        self._session = create_session(train_step_onnx, session_options(threads))
        self._shapes = dict(shapes)
        self._dropouts = {f"{layer.name}.mask": layer for layer in layers if layer.kind == "dropout"}
        self._state_names = [*shapes, *(f"momentum.{name}" for name in shapes)]
        self._outputs = [*(f"new.{name}" for name in self._state_names), "loss", "correct"]

    def step(
        self,
        state: TrainState,
        images: NDArray[np.float32],
        labels: ArrayLike,
        *,
        learning_rate: float,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        masks: Mapping[str, NDArray[np.float32]] | None = None,
    ) -> Step:
        """Train on one batch: images (B, 784) in 0..1, labels (B,). B may differ from step to step.

        `masks` of dropout are as `draw_masks` makes them; None: others for each step.

        Raises:
            InvalidValueError: when a setting, a shape or a label is out of range, or a mask has another.
        """
        check_settings(learning_rate, momentum, weight_decay)
        images, targets = _check_batch(images, labels)
        if state.values.keys() != set(self._state_names):
            raise InvalidValueError(f"this model has the tensors {', '.join(self._shapes)}", "weights")
        if masks is None:
            masks = self.draw_masks(len(images), np.random.default_rng())
        feeds = dict(state.values) | self._checked_masks(masks, len(images))
        feeds["images"], feeds["labels"] = _ort_value(images), _ort_value(targets)
        for name, setting in (
            ("learning_rate", learning_rate),
            ("momentum", momentum),
            ("weight_decay", weight_decay),
        ):
            feeds[name] = _ort_value(np.array(setting, np.float32))
        *values, loss, correct = self._session.run_with_ort_values(self._outputs, feeds)
        after = TrainState(dict(zip(self._state_names, values, strict=True)))
        return Step(after, float(loss.numpy()), int(correct.numpy()))

    def draw_masks(self, count: int, random: "np.random.Generator") -> dict[str, NDArray[np.float32]]:
        """Return for each layer of dropout which units (count, units) stay, 1, and which are left out, 0."""
        return {
            name: (random.random((count, layer.outputs), np.float32) >= layer.rate).astype(np.float32)
            for name, layer in self._dropouts.items()
        }

    def _checked_masks(self, masks: Mapping[str, NDArray[np.float32]], count: int) -> dict[str, Any]:
        shapes = {name: (count, layer.outputs) for name, layer in self._dropouts.items()}
        found = {name: mask.shape for name, mask in masks.items()}
        if found != shapes:
            raise InvalidValueError(f"dropout needs the masks {shapes}, got {found}", "masks")
        return {name: _ort_value(np.ascontiguousarray(mask, np.float32)) for name, mask in masks.items()}


def check_settings(learning_rate: float, momentum: float = 0.0, weight_decay: float = 0.0) -> None:
    """Refuse settings that no step of SGD can use, naming the setting and what came."""
    if not (math.isfinite(learning_rate) and learning_rate > 0):
        raise InvalidValueError(f"the learning rate must be a number above 0, got {learning_rate}", "learning_rate")
    if not 0 <= momentum < 1:
        raise InvalidValueError(f"momentum must be at least 0 and below 1, got {momentum}", "momentum")
    if not (math.isfinite(weight_decay) and weight_decay >= 0):
        raise InvalidValueError(f"weight decay must be a number of at least 0, got {weight_decay}", "weight_decay")


def _check_batch(images: NDArray[np.float32], labels: ArrayLike) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the batch as the graph takes it; refuse what does not fit together."""
    images = np.ascontiguousarray(images, np.float32)
    targets = np.ascontiguousarray(labels, np.int64)
    if images.ndim != 2 or images.shape[1] != PIXELS or not len(images):
        raise InvalidValueError(f"images must be (B, {PIXELS}) with B at least 1, got {images.shape}", "images")
    if targets.shape != (len(images),):
        raise InvalidValueError(f"{len(images)} images need labels ({len(images)},), got {targets.shape}", "labels")
    if targets.min() < 0 or targets.max() >= CLASSES:
        wrong = targets[(targets < 0) | (targets >= CLASSES)][0]
        raise InvalidValueError(f"labels are 0 to {CLASSES - 1}, got {wrong}", "labels")
    return images, targets


def _ort_value(array: NDArray[Any]) -> Any:
    return onnxruntime.OrtValue.ortvalue_from_numpy(array)
