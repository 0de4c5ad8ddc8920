"""How much of a new dataset the shipped weights read, in a line: transposed, inverted and shuffled sets show at once.

The labels are taken at their word; what is wrong with a set that hardly anything is read of is found by reading it in
other ways, too.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from functions.dataset.block import COLUMNS, ROWS, Block
from functions.models.inference import Classifier, evaluate
from infra.dataset.sources import DigitSplits
from model_export import pretrained
from model_export.export import export

MODEL = "mlp-128"
DIGITS = 1000  # of each split, from all over it
GOOD = 0.7  # people's digits in other styles are read better than this

type Images = NDArray[np.float32]

_REPAIRS: dict[str, Callable[[Images], Images]] = {
    "inverted (ink must be 255, paper 0)": lambda images: 1 - images,
    "transposed (rows and columns exchanged, as in EMNIST)": lambda images: _turned(images, lambda i: i.mT),
    "transposed and inverted": lambda images: _turned(1 - images, lambda i: i.mT),
    "upside down": lambda images: _turned(images, lambda i: i[:, ::-1]),
    "mirrored": lambda images: _turned(images, lambda i: i[:, :, ::-1]),
}


def legibility(digits: DigitSplits) -> str:
    """Return a line about how much of the digits the shipped weights read and, if it is little, the likely reason."""
    weights = pretrained.load(MODEL)[0]
    classifier = Classifier(export(MODEL, weights)["inference.onnx"], weights)
    samples = {split: _some(block) for split, block in digits.splits.items()}

    def read(repair: Callable[[Images], Images] = lambda images: images) -> dict[str, float]:
        return {split: evaluate(classifier, repair(s.images()), s.labels)[1] for split, s in samples.items()}

    plain = read()
    said = f"Of these digits the shipped {MODEL} reads {_percentages(plain)}"
    if min(plain.values()) >= GOOD:
        return f"{said}."
    repaired = {name: read(repair) for name, repair in _REPAIRS.items()}
    name, best = max(repaired.items(), key=lambda item: min(item[1].values()))
    if min(best.values()) >= GOOD:
        return f"NOTICE: {said}; it would read {_percentages(best)} if the images were not {name}."
    return f"NOTICE: {said}: the labels may belong to other images, or these are not digits as MNIST's."


def _percentages(read: dict[str, float]) -> str:
    return " and ".join(f"{part:.1%} of the {split} split" for split, part in read.items())


def _some(block: Block) -> Block:
    step = max(1, len(block) // DIGITS)
    return Block(block.labels[::step][:DIGITS], block.pixels[::step][:DIGITS])


def _turned(images: Images, turn: Callable[[Images], Images]) -> Images:
    return np.ascontiguousarray(turn(images.reshape(-1, ROWS, COLUMNS))).reshape(len(images), -1)
