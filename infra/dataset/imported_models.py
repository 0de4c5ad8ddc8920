"""Imported models in a store: written so that the API serves them, and measured on the store's test digits.

`model_export.importing` makes the files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import msgspec
import numpy as np
from numpy.typing import NDArray

from functions import structs
from functions.dataset.block import CLASSES
from functions.dataset.shards import Digits, ShardedDataset
from functions.errors import CorruptDataError, UnavailableError
from functions.models.imported import ImportedModel, probabilities, run
from functions.models.manifest import Interface, ModelManifest
from functions.service import TEST_DIGITS
from functions.storage.store import Store

_CLEARLY_BETTER = 0.01  # so much more of the digits …
_SURER = 0.9  # … or about as many, with so much of the loss or less
_CHANCE = 2 / CLASSES  # of the digits: who recognises fewer knows none of them


@dataclass(frozen=True)
class Pixels:
    """How a network is fed: (pixels * scale - mean) / std; pixels are 0 (paper) to 1 (ink), or the other way."""

    mean: float = 0.0
    std: float = 1.0
    scale: float = 1.0
    invert: bool = False

    @property
    def normalisation(self) -> tuple[float, float]:
        """Return the same as mean and std alone: (pixels - mean) / std."""
        mean, std = self.mean / self.scale, self.std / self.scale
        return (1 - mean, -std) if self.invert else (mean, std)

    def __str__(self) -> str:
        """Return the options of `scrawl import-onnx`."""
        parts = [f"--{name} {getattr(self, name):g}" for name in ("mean", "std", "scale") if self._differs(name)]
        return " ".join([*parts, *(["--invert"] if self.invert else [])]) or "no options"

    def _differs(self, name: str) -> bool:
        return bool(getattr(self, name) != getattr(Pixels(), name))


# How networks are commonly fed: 0..1; as PyTorch's example normalises it; -1..1; 0..255; ink dark or light.
COMMON = tuple(
    Pixels(*numbers, invert=invert)
    for invert, numbers in product(
        (False, True), ((0.0, 1.0, 1.0), (0.1307, 0.3081, 1.0), (0.5, 0.5, 1.0), (0.0, 1.0, 255.0))
    )
)


@dataclass(frozen=True)
class Score:
    """How much of the test digits a network recognises, and how sure it is of them: the negative log-likelihood."""

    accuracy: float
    loss: float

    def clearly_beats(self, other: "Score") -> bool:
        """Return whether it is more than luck that this is better."""
        return self.accuracy > other.accuracy + _CLEARLY_BETTER or (
            self.accuracy > other.accuracy - _CLEARLY_BETTER / 2 and self.loss < _SURER * other.loss
        )


@dataclass(frozen=True)
class Measured:
    """How good an imported model is on the stored test digits, and how it should be fed if that is clearly better."""

    count: int
    score: Score
    better: tuple[Pixels, Score] | None
    fed: Pixels | None = None  # how `fit` has decided to feed it

    @property
    def knows_digits(self) -> bool:
        """Return whether it recognises clearly more than chance, fed in any of the common ways."""
        return max(self.score.accuracy, self.better[1].accuracy if self.better else 0.0) >= _CHANCE


def register(store: Store, name: str, files: Mapping[str, bytes]) -> bool:
    """Store an imported model, its manifest last; return whether it replaced another one of that name.

    The other one's graph stays, for processes that still serve it.
    """
    key = f"models/{name}/manifest.json"
    replaced = key in store.keys(key)
    for file in (name for name in files if name != "manifest.json"):
        store.put(f"models/{name}/{file}", files[file], content_type="application/vnd.onnx")
    store.put(key, files["manifest.json"], content_type="application/json")
    return replaced


def fit(store: Store, name: str) -> Measured | None:
    """From now on feed a stored model in the common way that suits it best, and return how good it is."""
    measured = measure(store, name)
    if measured is None or measured.better is None or not measured.knows_digits:
        return measured
    key = f"models/{name}/manifest.json"
    manifest = structs.decode(store.get(key).body, ModelManifest)
    assert manifest.interface is not None  # it was imported
    fitted = msgspec.structs.replace(manifest, interface=_fed(manifest.interface, measured.better[0]))
    body = msgspec.json.format(msgspec.json.encode(fitted))
    store.put(key, body, content_type="application/json")
    return Measured(measured.count, measured.better[1], None, measured.better[0])


def measure(store: Store, name: str, ways: Sequence[Pixels] = COMMON) -> Measured | None:
    """Return how good a stored model is; None where there are no digits to measure with."""
    try:
        digits = Digits.of(ShardedDataset(store).first("test", TEST_DIGITS))
    except (UnavailableError, CorruptDataError):
        return None
    manifest = structs.decode(store.get(f"models/{name}/manifest.json").body, ModelManifest)
    interface = manifest.interface
    assert interface is not None  # it was imported
    session = ImportedModel(store, manifest, interface).serving()
    score = _score(session, interface, digits)
    others = [(pixels, _score(session, _fed(interface, pixels), digits)) for pixels in ways]
    best = max(others, key=lambda other: (round(other[1].accuracy, 2), -other[1].loss))
    return Measured(len(digits), score, best if best[1].clearly_beats(score) else None)


def report(measured: Measured | None) -> list[str]:
    """Return what to tell whoever imported a model."""
    if measured is None:
        return []
    score, better = measured.score, measured.better
    lines = [f"It recognises {score.accuracy:.2%} of {measured.count:,} test digits, loss {score.loss:.3f}"]
    if measured.fed is not None:
        lines.append(f"Found by trying: {measured.fed}")
    if not measured.knows_digits:
        lines.append(
            f"NOTICE: guessing would recognise {1 / CLASSES:.0%}, and no common way of feeding it helps: it may have "
            "other classes, or the digits in another order"
        )
    elif better is not None:
        lines.append(
            f"NOTICE: with {better[0]} it would be {better[1].accuracy:.2%}, loss {better[1].loss:.3f}: it was "
            "trained on other pixels; --fit finds that by itself"
        )
    return lines


def _fed(interface: Interface, pixels: Pixels) -> Interface:
    mean, std = pixels.normalisation
    return msgspec.structs.replace(interface, mean=mean, std=std)


def _score(session: object, interface: Interface, digits: Digits) -> Score:
    answers: NDArray[np.float32] = probabilities(run(session, interface, digits.images), interface.answers)
    likelihoods = np.nan_to_num(answers[np.arange(len(answers)), digits.labels], nan=0.0)
    loss = -np.log(np.maximum(likelihoods, np.finfo(np.float32).tiny)).mean(dtype=np.float64)
    return Score(float((answers.argmax(1) == digits.labels).mean()), float(loss))
