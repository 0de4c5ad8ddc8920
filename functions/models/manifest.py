"""A model's manifest, `models/{model}/manifest.json`. `model_export` writes it; the API and the page read it."""

import re
from collections.abc import Sequence

import msgspec

MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")  # safe in addresses, keys and file names

ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu")  # of hidden layers


class Layer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One layer of an architecture.

    `kind` is dense, conv3x3, relu, tanh, sigmoid, gelu, maxpool2, flatten, dropout or log_softmax.
    """

    kind: str
    name: str = ""  # of its parameters: `{name}.weight`, `{name}.bias`; of a dropout's mask: `{name}.mask`
    inputs: int = 0  # features (dense, dropout) or channels (conv3x3)
    outputs: int = 0
    rate: float = 0.0  # of dropout: the part of the features that a training step leaves out


class Parameter(msgspec.Struct, frozen=True):
    """A float32 tensor, named and laid out as in PyTorch's `state_dict`."""

    name: str
    shape: tuple[int, ...]
    offset: int  # of its bytes in `inference.onnx`, row-major little-endian


class File(msgspec.Struct, frozen=True):
    """A stored file's size and checksum."""

    bytes: int
    sha256: str


class Interface(msgspec.Struct, frozen=True):
    """How to feed a graph that Scrawl did not write, and how to read its answer."""

    input: str
    dtype: str  # of the input, as NumPy calls it
    shape: tuple[int, ...]  # of one image: (784,), (1, 28, 28), (28, 28, 1) or (28, 28)
    batch: int | None  # images in a run; None: as many as one likes
    answers: str  # scores, probabilities, log_probabilities or sigmoids
    mean: float = 0.0  # it is fed (pixels - mean) / std
    std: float = 1.0


class ModelManifest(msgspec.Struct, frozen=True, omit_defaults=True):
    """An architecture, its parameters in order, and the graphs that belong to it.

    Of an imported model only the graph is known, and how to use it: it has neither layers nor parameters here.
    """

    model: str
    title: str
    layers: tuple[Layer, ...]
    parameters: tuple[Parameter, ...]
    parameter_count: int
    files: dict[str, File]  # inference.onnx, train_step.onnx; of an imported model its only graph
    interface: Interface | None = None  # of an imported model

    @property
    def activation(self) -> str:
        """Return the activation of the hidden layers."""
        return activation_of(self.layers)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each parameter, in the manifest's order."""
        return {p.name: p.shape for p in self.parameters}


def activation_of(layers: Sequence[Layer]) -> str:
    """Return the activation of a network's hidden layers, which all have the same; of none, the usual one."""
    return next((layer.kind for layer in layers if layer.kind in ACTIVATIONS), ACTIVATIONS[0])
