"""The inference graphs without their weights, a few hundred bytes each: the page puts a tab's weights into them.

A weight's bytes have a fixed place in `inference.onnx`, so that the rest of the file is the same whatever they are.
"""

import base64

import msgspec
import numpy as np

from functions.models.manifest import ModelManifest
from infra.shipped import shipped
from model_export.architectures import Architecture, parameter_table
from model_export.export import export


def graphs() -> bytes:
    """Return JSON of {model: {"bytes": the file's length, "pieces": [[offset, base64], …]}}."""
    return msgspec.json.encode({a.id: _graph(a) for a in shipped()})


def _graph(architecture: Architecture) -> dict[str, object]:
    shapes = dict(parameter_table(architecture.layers))
    files = export(architecture.id, {name: np.zeros(shape, np.float32) for name, shape in shapes.items()})
    file = files["inference.onnx"]
    manifest = msgspec.json.decode(files["manifest.json"], type=ModelManifest)
    pieces, begin = [], 0
    for parameter in sorted(manifest.parameters, key=lambda parameter: parameter.offset):
        pieces.append([begin, _text(file[begin : parameter.offset])])
        begin = parameter.offset + 4 * int(np.prod(parameter.shape))
    pieces.append([begin, _text(file[begin:])])
    return {"bytes": len(file), "pieces": pieces}


def _text(piece: bytes) -> str:
    return base64.b64encode(piece).decode()
