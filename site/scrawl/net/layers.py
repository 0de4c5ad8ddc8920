"""Which layers there are and which may follow which: makes each layer of a network from its description.

What a layer does is in `scrawl.net.dense` and `scrawl.net.convolution`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.activations import Activation, Dropout, Relu
from scrawl.net.convolution import Activated, Convolution, Flattened, ImageConvolution, InnerConvolution, Pooled
from scrawl.net.dense import Dense, Images, LogSoftmax, RowLayer, SparseDense
from scrawl.net.names import ACTIVATIONS

if TYPE_CHECKING:
    from scrawl.net.dense import Layer, Workspace
    from scrawl.net.interfaces import LayerDescription


def make_layer(workspace: Workspace, layer: LayerDescription, below: Layer) -> Layer:
    """Return the layer that is described, on top of the one `below`. ValueError if it does not fit there."""
    if layer["kind"] not in LAYERS:
        raise ValueError(f"layers are {', '.join(LAYERS)}, got {layer['kind']}")
    return LAYERS[layer["kind"]](workspace, layer, below)


def _dense(workspace: Workspace, layer: LayerDescription, below: Layer) -> Layer:
    if isinstance(below, Images):
        return SparseDense(workspace, layer, below)
    return Dense(workspace, layer, _rows(layer["name"], below))


def _activation(workspace: Workspace, layer: LayerDescription, below: Layer) -> Layer:
    kind = layer["kind"]
    if isinstance(below, Convolution):
        return Activated(below, kind)
    return Relu(_rows(kind, below)) if kind == "relu" else Activation(workspace, kind, _rows(kind, below))


def _dropout(workspace: Workspace, layer: LayerDescription, below: Layer) -> Layer:
    return Dropout(workspace, layer, _rows(layer["name"], below))


def _log_softmax(_workspace: Workspace, _layer: LayerDescription, below: Layer) -> Layer:
    return LogSoftmax(_rows("log_softmax", below))


def _conv3x3(workspace: Workspace, layer: LayerDescription, below: Layer) -> Layer:
    if isinstance(below, Images):
        return ImageConvolution(workspace, layer, below)
    if isinstance(below, Pooled):
        return InnerConvolution(workspace, layer, below)
    raise ValueError(f"conv3x3 must come first or follow maxpool2, got {type(below).__name__}")


def _maxpool2(_workspace: Workspace, _layer: LayerDescription, below: Layer) -> Layer:
    if not isinstance(below, Activated):
        raise ValueError(f"maxpool2 must follow conv3x3 and its activation, got {type(below).__name__}")
    return Pooled(below)


def _flatten(_workspace: Workspace, _layer: LayerDescription, below: Layer) -> Layer:
    if not isinstance(below, Pooled):
        raise ValueError(f"flatten must follow maxpool2, got {type(below).__name__}")
    return Flattened(below)


def _rows(name: str, below: Layer) -> RowLayer:
    if not isinstance(below, RowLayer):
        raise ValueError(f"{name} must follow a layer that gives one row per sample, got {type(below).__name__}")
    return below


LAYERS = {
    "dense": _dense,
    **dict.fromkeys(ACTIVATIONS, _activation),
    "dropout": _dropout,
    "log_softmax": _log_softmax,
    "conv3x3": _conv3x3,
    "maxpool2": _maxpool2,
    "flatten": _flatten,
}
