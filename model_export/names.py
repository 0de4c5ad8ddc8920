"""Names are networks: `mlp-300-100`, `conv-16-32_64`, `mlp-128.gelu.drop20`. Reads a name, and writes it.

One network has one name; docs/models.md has the grammar, `tests.support.networks.network_names` the cases that
the page's tests read as well. `model_export.architectures` makes the layers.
"""

import re
from dataclasses import dataclass

from functions.errors import InvalidValueError
from functions.models.manifest import ACTIVATIONS

MOST_LAYERS, MOST_UNITS = 6, 1024  # hidden layers, and units in each
MOST_BLOCKS, CHANNELS = 2, (8, 64)  # blocks of a convolution, and channels in each
DROPOUT = (1, 90)  # per cent
USUAL_HIDDEN = (128,)  # behind convolutions, where a name says nothing

ALLOWED = (
    f"a network is called mlp-H1-H2-… (1 to {MOST_LAYERS} hidden layers of 1 to {MOST_UNITS} units) or "
    f"conv-C1[-C2][_H1-H2-…] (1 or {MOST_BLOCKS} blocks of {CHANNELS[0]} to {CHANNELS[1]} channels, then hidden "
    "layers), such as mlp-300-100 or conv-16-32_64; .tanh, .sigmoid or .gelu may follow, then "
    f".drop{DROPOUT[0]} to .drop{DROPOUT[1]}"
)
LONGEST = 64  # characters, which no network's name has
_SHOWN = 80  # characters of a wrong name in a message
# What a name may look like, before its numbers and its spelling are checked.
_FORM = re.compile(
    r"(?P<family>mlp|conv)-(?P<sizes>[0-9]+(?:-[0-9]+)*)(?:_(?P<hidden>[0-9]+(?:-[0-9]+)*))?(?P<ending>(?:\.[a-z]+[0-9]*)*)"
)


@dataclass(frozen=True)
class Network:
    """What a name says: blocks of convolution and pooling, then hidden layers, then ten answers."""

    hidden: tuple[int, ...]  # units
    channels: tuple[int, ...] = ()
    activation: str = "relu"
    dropout: int = 0  # per cent, behind each hidden layer

    @property
    def name(self) -> str:
        """Return the network's only name."""
        body = "-".join(["conv", *map(str, self.channels)] if self.channels else ["mlp", *map(str, self.hidden)])
        if self.channels and self.hidden != USUAL_HIDDEN:
            body += "_" + "-".join(map(str, self.hidden))
        activation = "" if self.activation == "relu" else f".{self.activation}"
        return body + activation + (f".drop{self.dropout}" if self.dropout else "")


def parse(name: str) -> Network:
    """Return the network of a name.

    Raises:
        InvalidValueError: saying what is allowed, and how the network is called if the name is only misspelt.
    """
    network = _read(name)
    if network.name != name:
        raise InvalidValueError(f"{name!r} is called {network.name!r}", "model")
    return network


def is_name(name: str) -> bool:
    """Return whether a name is a network's."""
    try:
        return parse(name).name == name
    except InvalidValueError:
        return False


def _read(name: str) -> Network:
    """Return the network that a name means, however it is spelt."""
    found = _FORM.fullmatch(name.lower()) if len(name) <= LONGEST else None
    if found is None or (found["family"] == "mlp" and found["hidden"]):
        raise _refused(name, "names no network")
    sizes = _numbers(found["sizes"])
    activation, dropout = _ending(name, found["ending"])
    if found["family"] == "mlp":
        network = Network(sizes, (), activation, dropout)
    else:
        hidden = _numbers(found["hidden"]) if found["hidden"] else USUAL_HIDDEN
        network = Network(hidden, sizes, activation, dropout)
    _check(name, network)
    return network


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split("-")))


def _ending(name: str, text: str) -> tuple[str, int]:
    """Return the activation and the dropout that a name ends in."""
    parts = text.split(".")[1:]
    activations = [part for part in parts if part in ACTIVATIONS]
    dropouts = [part.removeprefix("drop") for part in parts if re.fullmatch(r"drop[0-9]+", part)]
    if len(activations) > 1 or len(dropouts) > 1 or len(activations) + len(dropouts) < len(parts):
        raise _refused(name, f"ends in {text!r}")
    return (activations or ["relu"])[0], int((dropouts or ["0"])[0])


def _check(name: str, network: Network) -> None:
    if len(network.channels) > MOST_BLOCKS or len(network.hidden) > MOST_LAYERS:
        raise _refused(name, f"has {len(network.channels)} blocks and {len(network.hidden)} hidden layers")
    for channels in network.channels:
        if not CHANNELS[0] <= channels <= CHANNELS[1]:
            raise _refused(name, f"has {_shown(str(channels))} channels")
    for units in network.hidden:
        if not 1 <= units <= MOST_UNITS:
            raise _refused(name, f"has a hidden layer of {_shown(str(units))} units")
    if network.dropout and not DROPOUT[0] <= network.dropout <= DROPOUT[1]:
        raise _refused(name, f"has a dropout of {_shown(str(network.dropout))} per cent")


def _refused(name: str, why: str) -> InvalidValueError:
    return InvalidValueError(f"{_shown(name)!r} {why}: {ALLOWED}", "model")


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
