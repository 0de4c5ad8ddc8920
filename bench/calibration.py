"""How sure the shipped weights are and may be, and which pictures they find unlike any digit: for docs/models.md.

Calibration is measured on 2,000 test digits, as the API does it, and tried on the other 8,000 and on what is not a
digit: letters in Pillow's own font, noise, blots, scribbles, dashes.
"""

import string
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from functions.images.normalise import normalise
from functions.models.calibration import Calibration, calibrate, probabilities, warnings
from functions.models.inference import Classifier, score_all
from functions.service import TEST_DIGITS
from infra.dataset.sources import Sources, load_dataset
from model_export import pretrained
from model_export.architectures import architecture_named
from model_export.graphs import inference_graph
from model_export.pretrained import shipped_architectures

type Images = NDArray[np.float32]  # (N, 784), 0..1

BINS = 15
SIDE, COUNT = 160, 300
LETTERS = sorted(set(string.ascii_letters) - set("bBgIijlOoQqsSzZ"))  # without those that look like digits


def main() -> None:
    """Measure and print."""
    digits = load_dataset(Sources.from_environment(), print).splits["test"]
    order = np.random.default_rng(0).permutation(len(digits))
    images, labels = digits.images()[order], digits.labels[order].astype(np.int64)
    others = {"letters": letters(), "noise": noise(), "blots": blots(), "scribbles": scribbles(), "dashes": dashes()}
    for architecture in shipped_architectures():
        weights, _ = pretrained.load(architecture.id)
        classifier = Classifier(inference_graph(architecture_named(architecture.id), weights), weights, threads=2)
        scores = score_all(classifier, images)
        found = calibrate(scores[:TEST_DIGITS], images[:TEST_DIGITS], labels[:TEST_DIGITS])
        rest, truth = scores[TEST_DIGITS:], labels[TEST_DIGITS:]
        before, after = (calibration_error(probabilities(rest, t), truth) for t in (1.0, found.temperature))
        alarms = called_unlike(rest, images[TEST_DIGITS:], found)
        print(f"{architecture.id}: temperature {found.temperature}, error {before:.2%} before, {after:.2%} after")
        print(f"  unlike any digit: {alarms:.1%} of other test digits", end="")
        for name, pictures in others.items():
            said = called_unlike(score_all(classifier, pictures), pictures, found)
            print(f", {said:.0%} of {name}", end="")
        print()


def called_unlike(scores: Images, pictures: Images, found: Calibration) -> float:
    """Return of which part of the pictures the API says that they are unlike any digit."""
    return float(np.mean([bool(said) for said in warnings(scores, pictures, found)]))


def calibration_error(shares: Images, labels: NDArray[np.int64]) -> float:
    """Return the expected calibration error: how far sureness and accuracy are apart, over 15 bins of sureness."""
    sure, right = shares.max(axis=1), shares.argmax(axis=1) == labels
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    chosen = [bins == number for number in range(BINS) if (bins == number).any()]
    return float(sum(abs(right[part].mean() - sure[part].mean()) * part.mean() for part in chosen))


def letters() -> Images:
    """Return letters, as an image file with them would be read."""
    made = []
    for size in (50, 65, 80):
        font = ImageFont.load_default(size)
        for letter in LETTERS:
            image = Image.new("L", (SIDE, SIDE))
            ImageDraw.Draw(image).text((40, 30), letter, fill=255, font=font)
            made.append(_normalised(image))
    return np.stack(made)


def noise() -> Images:
    """Return pictures of even noise."""
    return np.random.default_rng(0).random((COUNT, 784)).astype(np.float32)


def blots() -> Images:
    """Return pictures of up to four filled ovals, as a fist leaves them."""
    rng = np.random.default_rng(1)
    return np.stack([_normalised(_blot(rng)) for _ in range(COUNT)])


def scribbles() -> Images:
    """Return pictures of lines to and fro."""
    rng = np.random.default_rng(2)
    return np.stack([_normalised(_scribble(rng)) for _ in range(COUNT)])


def dashes() -> Images:
    """Return pictures of lines that lie, or nearly."""
    rng = np.random.default_rng(3)
    return np.stack([_normalised(_dash(rng)) for _ in range(COUNT)])


def _blot(rng: np.random.Generator) -> Image.Image:
    image = Image.new("L", (SIDE, SIDE))
    for _ in range(int(rng.integers(1, 5))):
        (x, y), (width, height) = rng.integers(30, 90, 2).tolist(), rng.integers(25, 65, 2).tolist()
        ImageDraw.Draw(image).ellipse((x, y, x + width, y + height), fill=int(rng.integers(150, 256)))
    return image


def _scribble(rng: np.random.Generator) -> Image.Image:
    image = Image.new("L", (SIDE, SIDE))
    points = list(_points(rng))
    ImageDraw.Draw(image).line(points, fill=255, width=9, joint="curve")
    return image


def _dash(rng: np.random.Generator) -> Image.Image:
    image = Image.new("L", (SIDE, SIDE))
    left, right = rng.integers(-20, 21, 2).tolist()
    ImageDraw.Draw(image).line([(20, 80 + left), (140, 80 + right)], fill=255, width=int(rng.integers(8, 15)))
    return image


def _points(rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    for _ in range(int(rng.integers(8, 20))):
        yield int(rng.integers(15, 145)), int(rng.integers(15, 145))


def _normalised(image: Image.Image) -> NDArray[np.float32]:
    return normalise(np.asarray(image, np.float32) / 255).reshape(784)


if __name__ == "__main__":
    main()
