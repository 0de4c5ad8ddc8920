"""The files that the API and the page need for an architecture: its two graphs and its manifest, as bytes.

The same weights give the same bytes. Callers write them.
"""

import hashlib
from collections.abc import Mapping

import msgspec
import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray

from functions.errors import InvalidValueError
from functions.models.manifest import File, ModelManifest, Parameter
from functions.weights import bounds, foreign
from model_export.architectures import Architecture, architecture_named, parameter_table
from model_export.graphs import inference_graph, train_step_graph


def export(model: str, weights: Mapping[str, ArrayLike]) -> dict[str, bytes]:
    """Return `inference.onnx`, `train_step.onnx` and `manifest.json` of an architecture with these weights.

    Raises:
        NotFoundError: when there is no such architecture.
        InvalidValueError: naming the tensors that are missing, extra or misshapen.
    """
    architecture = architecture_named(model)
    files = {
        "inference.onnx": inference_graph(architecture, check_weights(architecture, weights)),
        "train_step.onnx": train_step_graph(architecture),
    }
    return {**files, "manifest.json": msgspec.json.format(msgspec.json.encode(_manifest(architecture, files)))}


def weight_offsets(architecture: Architecture, inference_onnx: bytes) -> dict[str, int]:
    """Return where each weight's bytes lie in `inference.onnx`: right after its name, as ONNX lays tensors out."""
    offsets, end = {}, 0
    for name, shape in parameter_table(architecture.layers):
        length = 4 * int(np.prod(shape))
        front = onnx.TensorProto(name=name, raw_data=bytes(length)).SerializeToString()[:-length]
        offsets[name] = inference_onnx.index(front, end) + len(front)
        end = offsets[name] + length
    return offsets


def check_weights(architecture: Architecture, weights: Mapping[str, ArrayLike]) -> dict[str, NDArray[np.float32]]:
    """Return the weights as float32 in the architecture's order; refuse others, naming every wrong tensor.

    Weights with which some picture's answer could be no number are refused as well.
    """
    table = dict(parameter_table(architecture.layers))
    wrong = [f"{name} is missing" for name in table if name not in weights]
    wrong += [f"{name} does not belong to it" for name in weights if name not in table]
    arrays = {name: np.asarray(weights[name], np.float32) for name in table if name in weights}
    for name, array in arrays.items():
        if array.shape != table[name]:
            hint = foreign.layout_hint(array.shape, table[name])
            wrong.append(f"{name} must be {table[name]}, got {array.shape}{hint}")
        elif not np.isfinite(array).all():
            wrong.append(f"{name} holds NaN or infinity")
    if wrong:
        raise InvalidValueError(f"these are no weights of {architecture.id}: {'; '.join(wrong)}", "weights")
    bounds.check(arrays)
    return arrays


def _manifest(architecture: Architecture, files: Mapping[str, bytes]) -> ModelManifest:
    table = parameter_table(architecture.layers)
    offsets = weight_offsets(architecture, files["inference.onnx"])
    parameters = tuple(Parameter(name, shape, offsets[name]) for name, shape in table)
    return ModelManifest(
        model=architecture.id,
        title=architecture.title,
        layers=architecture.layers,
        parameters=parameters,
        parameter_count=sum(int(np.prod(shape)) for _, shape in table),
        files={name: File(len(body), hashlib.sha256(body).hexdigest()) for name, body in files.items()},
    )
