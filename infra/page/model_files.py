"""What the page must know of the models before the API answers: `models.json` and `graphs.json`.

The page puts a tab's weights into an inference graph by itself: a weight's bytes have a fixed place in
`inference.onnx`, so the page gets the rest of the file, a few hundred bytes.
"""

import base64

import msgspec
import numpy as np

from model_export.architectures import Architecture, parameter_table
from model_export.export import weight_offsets
from model_export.graphs import inference_graph
from model_export.pretrained import shipped_architectures


def models() -> bytes:
    """Return JSON of the models' layers and parameters."""
    described = [
        {
            "model": architecture.id,
            "title": architecture.title,
            "layers": architecture.layers,
            "parameters": [{"name": name, "shape": shape} for name, shape in parameter_table(architecture.layers)],
        }
        for architecture in shipped_architectures()
    ]
    return msgspec.json.encode({"models": described})


def graphs() -> bytes:
    """Return JSON of {model: {"bytes": the file's length, "pieces": [[offset, base64], …]}}."""
    return msgspec.json.encode({a.id: _graph(a) for a in shipped_architectures()})


def _graph(architecture: Architecture) -> dict[str, object]:
    shapes = dict(parameter_table(architecture.layers))
    file = inference_graph(architecture, {name: np.zeros(shape, np.float32) for name, shape in shapes.items()})
    pieces, start = [], 0
    for name, offset in weight_offsets(architecture, file).items():
        pieces.append([start, _text(file[start:offset])])
        start = offset + 4 * int(np.prod(shapes[name]))
    pieces.append([start, _text(file[start:])])
    return {"bytes": len(file), "pieces": pieces}


def _text(piece: bytes) -> str:
    return base64.b64encode(piece).decode()
