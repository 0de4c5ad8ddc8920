"""Which network the tensors of a file make, whatever they are called and however they are laid out. Pure.

PyTorch keeps a dense layer's weights (O, I) and a convolution's (O, I, 3, 3); Keras and TF.js keep (I, O) and
(3, 3, I, O), and flatten pictures by position first. Layers are found by their shapes: each takes as many numbers as
the one below gives. A file that says nothing of activations is a network with ReLU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net import names
from scrawl.net.names import Architecture, UnknownNetworkError
from scrawl.net.parameters import FLOAT
from scrawl.net.safetensors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scrawl.net.interfaces import Floats, GrowingKernel
    from scrawl.net.safetensors import Tensor

    type Shapes = Mapping[str, Sequence[int]]  # by tensor
    type Sizes = tuple[int, int]  # what goes into a layer and what comes out

MOST_LAYERS = names.MOST_BLOCKS + names.MOST_LAYERS + 1
PIXELS = names.SIDE**2


def rearranged(kernel: GrowingKernel, floats: Floats, source: Source) -> Floats:
    """Return a tensor's numbers as they are laid out here."""
    if not source.outputs:
        return floats
    count, outputs, positions = kernel.size(floats), source.outputs, source.positions
    inputs, before = count // outputs, kernel.end
    theirs, ours = kernel.alloc(FLOAT * count), kernel.alloc(FLOAT * count)
    kernel.write_floats(theirs, floats)
    kernel.function("unpack_weights")(ours, theirs, outputs, inputs, outputs, positions, inputs // positions)
    result = kernel.read_floats(ours, count)
    kernel.release(before)
    return result


class Source:
    """Where a tensor of the network comes from: a file's tensor, and how it is laid out there.

    `outputs` is 0 where it is laid out as here; else it is (position, channel, output), with so many outputs and
    positions.
    """

    def __init__(self, name: str, outputs: int = 0, positions: int = 1) -> None:
        self.name = name
        self.outputs = outputs
        self.positions = positions


class Found:
    """A network, and where each of its tensors comes from."""

    def __init__(self, architecture: Architecture, sources: dict[str, Source]) -> None:
        self.architecture = architecture
        self.sources = sources


def recognised(
    tensors: Mapping[str, Tensor], metadata: Mapping[str, str], networks: Mapping[str, Shapes]
) -> tuple[str, dict[str, Source]]:
    """Return the name of a file's network, and where each of its tensors comes from.

    That is the network that the file names, else the first of `networks` that they fit, else the one they make.
    """
    named = metadata.get("model", "")
    if names.is_network(named):
        networks = {named: names.parse(named).shapes(), **networks}
    for model, shapes in networks.items():
        if all(name in tensors and [*tensors[name].shape] == [*shape] for name, shape in shapes.items()):
            return model, {name: Source(name) for name in shapes}
    # Scales belong to eight-bit weights, and numbers alone to the graph around them.
    shapes = {name: tensor.shape for name, tensor in tensors.items() if not name.endswith(".scale") and tensor.shape}
    found = network_of(shapes)
    return found.architecture.name(), found.sources


def network_of(shapes: Shapes) -> Found:
    """Return the network that a file's tensors make.

    Raises FormatError, saying what they are and what would make a network.
    """
    weights = sorted([name for name in shapes if len(shapes[name]) in (2, 4)], key=_in_order)
    for keras in (False, True) if len(weights) <= MOST_LAYERS else ():
        found = _network(weights, shapes, keras)
        if found is not None:
            return found
    raise FormatError(
        f"its tensors make no network: {_listed(shapes)}. Expected layers that lead from {PIXELS} pixels to "
        f"{names.CLASSES} digits, each with a weight and a bias: {names.ALLOWED}"
    )


def _network(weights: Sequence[str], shapes: Shapes, keras: bool) -> Found | None:
    """Return the network of these weights in PyTorch's layout or in Keras'; None if they make none."""
    maps = [name for name in weights if len(shapes[name]) == 4]
    dense = [name for name in weights if len(shapes[name]) == 2]
    sizes = {name: _sizes(shapes[name], keras) for name in weights}
    filters = _chain(maps, 1, sizes)
    if filters is None or not _are_filters(filters, shapes, keras):
        return None
    channels = [sizes[name][1] for name in filters]
    chain = _chain(dense, (channels[-1] if channels else 1) * (names.SIDE >> len(channels)) ** 2, sizes)
    if not chain or sizes[chain[-1]][1] != names.CLASSES:
        return None
    return _assembled([*filters, *chain], Architecture([sizes[n][1] for n in chain[:-1]], channels), shapes, keras)


def _chain(weights: Sequence[str], inputs: int, sizes: Mapping[str, Sizes]) -> list[str] | None:
    """Return an order in which all weights follow each other from so many inputs on, the file's own if it is one."""
    if not weights:
        return []
    for name in weights:
        if sizes[name][0] == inputs:
            rest = _chain([other for other in weights if other != name], sizes[name][1], sizes)
            if rest is not None:
                return [name, *rest]
    return None


def _sizes(shape: Sequence[int], keras: bool) -> Sizes:
    """Return how many inputs and outputs a weight has."""
    if keras:
        return shape[-2], shape[-1]
    return shape[1], shape[0]


def _are_filters(filters: Sequence[str], shapes: Shapes, keras: bool) -> bool:
    return all(list(shapes[name][:2] if keras else shapes[name][2:]) == [3, 3] for name in filters)


def _assembled(weights: Sequence[str], architecture: Architecture, shapes: Shapes, keras: bool) -> Found | None:
    """Return the network with the bias of each weight; None if one is missing, or one too many is there."""
    try:
        architecture.check()
    except UnknownNetworkError as error:
        raise FormatError(f"its tensors make a network that is not allowed here: {error}") from error
    sources: dict[str, Source] = {}
    biases = sorted([name for name in shapes if len(shapes[name]) == 1], key=_in_order)
    ours = [p["name"] for p in names.parameters_of(architecture.layers()) if p["name"].endswith(".weight")]
    for place, (name, target) in enumerate(zip(weights, ours, strict=True)):
        outputs = _sizes(shapes[name], keras)[1]
        bias = _bias(name, outputs, biases, shapes)
        if bias is None:
            return None
        biases.remove(bias)
        positions = 9 if len(shapes[name]) == 4 else _positions(place, architecture)
        sources[target] = Source(name, outputs if keras else 0, positions)
        sources[target.replace(".weight", ".bias")] = Source(bias)
    return Found(architecture, sources) if len(sources) == len(shapes) else None


def _positions(place: int, architecture: Architecture) -> int:
    """Return at how many positions each channel stands that a dense layer reads."""
    blocks = len(architecture.channels)
    return (names.SIDE >> blocks) ** 2 if blocks and place == blocks else 1


def _bias(weight: str, outputs: int, biases: Sequence[str], shapes: Shapes) -> str | None:
    """Return the bias beside a weight: of the same layer by its name, else the first of that size."""
    fitting = [name for name in biases if [*shapes[name]] == [outputs]]
    beside = [name for name in fitting if _layer(name) == _layer(weight)]
    return next(iter(beside or fitting), None)


def _layer(name: str) -> str:
    """Return a tensor's name without its last part: `dense_1` of `dense_1/kernel:0`."""
    cut = max(name.rfind("."), name.rfind("/"))
    return name[:cut] if cut > 0 else name


def _in_order(name: str) -> list[tuple[int, str]]:
    """Sort dense_10 after dense_9, and dense before dense_1: numbers by their value."""
    parts: list[tuple[int, str]] = []
    digits = text = ""
    for character in f"{name}/":
        if character in "0123456789":
            digits += character
            continue
        if digits:
            parts.append((int(digits), text))
            digits = text = ""
        text += character
    return [*parts, (0, text)] if parts else [(-1, text)]


def _listed(shapes: Shapes) -> str:
    shown = [f"{names.shown(name)} {'×'.join([str(size) for size in shapes[name]])}" for name in [*shapes][:6]]
    more = len(shapes) - len(shown)
    return (", ".join(shown) + (f" and {more} more" if more > 0 else "")) or "there are none"
