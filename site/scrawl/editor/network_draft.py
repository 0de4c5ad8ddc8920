"""A network that is being put together: what the fields hold, its name, and how fast it would train. Pure.

The fields' texts are kept as they were typed, so that what cannot be used is shown with the reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net import names
from scrawl.net.names import Architecture, UnknownNetworkError
from scrawl.net.parameters import FLOAT, product

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrawl.net.interfaces import LayerDescription
    from scrawl.state.app_state import State, Transitions

# Nanoseconds that a digit takes in a step, measured as docs/benchmarks.md says, on one core.
FIXED, FIRST_UNIT, DENSE, IMAGE_CONVOLUTION, CONVOLUTION, ACTIVATION = 300.0, 19.5, 0.19, 0.11, 0.029, 6.0
COPIES = 5  # of a parameter while it is trained: itself, as it comes in, its gradient, two averages
BATCH, CONVOLUTION_BATCH = 1024, 256  # the largest, for which there is room


class Draft:
    """What the editor's fields hold. Never changed, only replaced."""

    def __init__(self, channels: Sequence[str], hidden: Sequence[str], activation: str, dropout: str) -> None:
        self.channels = [*channels]
        self.hidden = [*hidden]
        self.activation = activation
        self.dropout = dropout

    def architecture(self) -> Architecture:
        """Return the network; UnknownNetworkError, saying what is allowed, if it is none."""
        hidden = [_number(text, "units") for text in self.hidden]
        channels = [_number(text, "channels") for text in self.channels]
        dropout = _number(self.dropout or "0", "per cent of dropout")
        architecture = Architecture(hidden, channels, self.activation, dropout)
        architecture.check()
        return architecture

    def changed(self, field: str, place: int, text: str) -> Draft:
        """Return the draft with another text in a field."""
        draft = Draft(self.channels, self.hidden, self.activation, self.dropout)
        if field in ("channels", "hidden"):
            getattr(draft, field)[place] = text
        else:
            setattr(draft, field, text)
        return draft

    def added(self, field: str) -> Draft:
        """Return the draft with one layer more, like the one before it or half as large."""
        draft = Draft(self.channels, self.hidden, self.activation, self.dropout)
        if field == "channels":
            draft.channels.append("64" if draft.channels else "32")
        else:
            last = draft.hidden[-1] if draft.hidden else "128"
            draft.hidden.append(str(max(1, int(last) // 2)) if last.isdigit() else "64")
        return draft

    def removed(self, field: str, place: int) -> Draft:
        """Return the draft without a layer."""
        draft = Draft(self.channels, self.hidden, self.activation, self.dropout)
        getattr(draft, field).pop(place)
        return draft


def draft_of(model: str) -> Draft:
    """Return what the fields show of a network."""
    architecture = names.parse(model)
    return Draft(
        [str(size) for size in architecture.channels],
        [str(size) for size in architecture.hidden],
        architecture.activation,
        str(architecture.dropout),
    )


def _number(text: str, of_what: str) -> int:
    if not text.isdigit():
        raise UnknownNetworkError(f"it has {names.shown(text) or 'no number of'} {of_what}: {names.ALLOWED}")
    return int(text[:12])


# What it costs


def seconds_per_digit(layers: Sequence[LayerDescription]) -> float:
    """Return about how long a digit takes in a step on the machine that the figures above were measured on."""
    total, side = FIXED, names.SIDE
    for place, layer in enumerate(layers):
        kind, inputs, outputs = layer["kind"], layer.get("inputs", 0), layer.get("outputs", 0)
        if kind == "conv3x3":
            rate = IMAGE_CONVOLUTION if inputs == 1 else CONVOLUTION
            total += rate * 9 * side * side * inputs * _padded(outputs)
            side //= 2
        elif kind == "dense":
            total += FIRST_UNIT * _padded(outputs) if place == 0 else DENSE * inputs * (outputs + 6)
        elif kind not in ("relu", "maxpool2", "flatten", "log_softmax"):
            total += ACTIVATION * _outputs_before(layers, place)
    return total / 1e9


def samples_per_second(architecture: Architecture, measured_model: str, measured: float) -> float:
    """Return about how many digits a second it would learn from.

    `measured` is how many the network `measured_model` has learned from in this tab, 0 where it has not trained.
    """
    estimate = 1 / seconds_per_digit(architecture.layers())
    if measured and names.is_network(measured_model):
        estimate *= measured * seconds_per_digit(names.parse(measured_model).layers())
    return estimate


def memory(architecture: Architecture) -> int:
    """Return about how many bytes the network takes while it is trained."""
    layers = architecture.layers()
    parameters = sum([product(parameter["shape"]) for parameter in names.parameters_of(layers)])
    batch, side, activations = CONVOLUTION_BATCH if architecture.channels else BATCH, names.SIDE, 0
    for layer in layers:
        if layer["kind"] == "conv3x3":
            activations += 2 * _padded(layer["outputs"]) * (side // 2 + 2) ** 2
            side //= 2
        elif layer["kind"] == "dense":
            activations += 2 * layer["outputs"]
    return FLOAT * (COPIES * parameters + batch * activations)


def _padded(outputs: int) -> int:
    return -(-outputs // 32) * 32


def _outputs_before(layers: Sequence[LayerDescription], place: int) -> int:
    """Return how many numbers a layer without sizes gives: those of the last dense layer, or of a pooled map."""
    for layer in layers[place::-1]:
        if layer["kind"] == "dense":
            return layer["outputs"]
        if layer["kind"] == "conv3x3":
            return layer["outputs"] * (196 if layer["inputs"] == 1 else 49)
    return 0


# Transitions


def _draft_changed(state: State, draft: Draft | None) -> None:
    state.draft = draft


TRANSITIONS: Transitions = {"draft_changed": _draft_changed}
