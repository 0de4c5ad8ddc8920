"""Federated averaging: weight differences that clients have learned from digits that stay with them.

A difference starts from a version, its base, and is worth as many samples as it was learned from. Differences from
the same base are averaged by samples, exactly, whatever their order: that is a round of FedAvg. Among others, which
came from other bases meanwhile, one counts by its part of the samples of all that was learned since its base: the
more the others have learned, the less it does. A long one is shortened, and nobody is worth more than `MOST_SAMPLES`.

`model` measures what comes out and publishes it; `weights.contributions` remembers who contributed.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from functions.errors import StaleVersionError
from functions.weights.contributions import REMEMBERED, Contribution, find, participants, since
from functions.weights.pointer import Pointer
from functions.weights.versions import Tensors, Version, new_id, now

MOST_SAMPLES = 1000  # that an update is worth, however many it claims
LONGEST = 0.5  # of a difference, as a part of the current weights' norm
LATELY = timedelta(seconds=60)  # for which a client counts as taking part


class Merged(NamedTuple):
    """An update that has been averaged in, now or by an earlier request."""

    version: Version
    weight: float | None  # with which it was; None: earlier
    participants: int  # clients of late, this one among them


class RepeatedError(RuntimeError):
    """A request has come before."""

    def __init__(self, version: str, participants: int) -> None:
        super().__init__(f"averaged in already, as {version}")
        self.version, self.participants = version, participants


@dataclass(frozen=True)
class Update:
    """A difference of weights, and where it comes from."""

    difference: Tensors
    base: str  # the version that it starts from
    samples: int  # that it was learned from
    participant: str = ""
    key: str = ""  # of the request

    @property
    def counted(self) -> int:
        """How many samples it is worth."""
        return min(self.samples, MOST_SAMPLES)

    @property
    def contribution(self) -> Contribution:
        """What is remembered of it."""
        return Contribution(self.key, self.participant, self.base, self.counted)

    def participants(self, pointer: Pointer) -> int:
        """Return how many clients have contributed of late, with this one."""
        return count_participants((replace(self.contribution, version=new_id(now())), *pointer.contributions))

    def refuse_repeated(self, pointer: Pointer) -> None:
        """Raise `RepeatedError` if the same request has been averaged in already."""
        earlier = find(pointer, self.key)
        if earlier is not None:
            raise RepeatedError(earlier.version, count_participants(pointer.contributions))


def count_participants(contributions: Iterable[Contribution]) -> int:
    """Return how many clients have contributed of late."""
    return participants(contributions, new_id(now() - LATELY))


def merge(
    update: Update,
    current: Tensors,
    pointer: Pointer,
    get: Callable[[str], Version],
    meanwhile: Sequence[Contribution] = (),
) -> tuple[float, dict[str, NDArray[np.float32]]]:
    """Return with which weight an update counts, and the current weights with it. `get` returns a version.

    `meanwhile` is what has been learned since the pointer's version, and is published together with the update.

    Raises:
        StaleVersionError: when its base is too old, or the weights have been replaced since.
    """
    others = [*meanwhile, *learned_since(update, pointer)]
    weight = update.counted / (update.counted + _samples_of(others, update.participant))
    difference = _shortened(update.difference, current)
    drift: Tensors | None = None
    if others and all(one.base == update.base for one in others):  # the same round: the mean so far gives way
        base = get(update.base).tensors
        drift = {name: tensor - base[name] for name, tensor in current.items()}
    merged = {}
    for name, tensor in current.items():
        change = difference[name] if drift is None else difference[name] - drift[name]
        merged[name] = np.asarray(tensor + np.float32(weight) * change, np.float32)
    return weight, merged


def learned_since(update: Update, pointer: Pointer) -> list[Contribution]:
    """Return what was learned since an update's base.

    Raises:
        StaleVersionError: when that is too old, or the weights have been replaced since.
    """
    others = since(pointer, update.base)
    if others is None:
        raise StaleVersionError(
            f"an update starts from one of the last {REMEMBERED} versions, not replaced since; got {update.base!r}. "
            f"The current version is {pointer.version}: take its weights and learn from there"
        )
    return others


def _samples_of(others: Iterable[Contribution], participant: str) -> int:
    """Return what others have learned from: of each client the most, for it sends the same digits again."""
    most: dict[str, int] = {}
    for place, one in enumerate(others):
        if not one.participant or one.participant != participant:
            name = one.participant or str(place)
            most[name] = max(most.get(name, 0), one.samples)
    return sum(most.values())


def _shortened(difference: Tensors, weights: Tensors) -> Tensors:
    longest, length = LONGEST * _norm(weights), _norm(difference)
    if length <= longest:
        return difference
    return {name: (tensor * (longest / length)).astype(np.float32) for name, tensor in difference.items()}


def _norm(tensors: Tensors) -> float:
    return math.sqrt(sum(float(np.square(tensor, dtype=np.float64).sum()) for tensor in tensors.values()))
