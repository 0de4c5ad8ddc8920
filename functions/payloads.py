"""What clients send as JSON: types that say its shape, and checks that say what was expected and what came."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from functions.block import CLASSES, PIXELS
from functions.dataset import Digits
from functions.errors import InvalidValueError

MOST_IN_JSON = 1000  # samples in one request or answer
MOST_IN_BINARY = 4000
# Of a PATCH that does not say: enough for one drawing to be learned, and little enough for the rest to be kept. (With
# 0.05, one wrong digit that is taught costs mlp-128 ten points of its accuracy.)
LEARNING_RATE = 0.01


class Sample(msgspec.Struct):
    """A labelled digit, as `/data` gives it."""

    target: int
    image: list[float]


class LessonBody(msgspec.Struct):
    """The body of PATCH /weights."""

    data: list[Sample]
    learning_rate: float = LEARNING_RATE


class BlockBody(msgspec.Struct):
    """The body of POST /datablock."""

    block: int


class PredictBody(msgspec.Struct):
    """The body of POST /predict."""

    tensor: list[float]


class WeightsBody(msgspec.Struct):
    """The body of POST /weights; what else GET gives is ignored."""

    tensors: dict[str, msgspec.Raw]


def image(values: Sequence[float], field: str) -> NDArray[np.float32]:
    """Return (784,) pixels in 0..1.

    Raises:
        InvalidValueError: when there are more or fewer, or one is out of range.
    """
    if len(values) != PIXELS:
        raise InvalidValueError(f"an image has {PIXELS} numbers, got {len(values)}", field)
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is out of range
        pixels = np.array(values, np.float32)
    if not (pixels.min() >= 0 and pixels.max() <= 1):
        place = int(np.argmax(~((pixels >= 0) & (pixels <= 1))))
        raise InvalidValueError(f"pixels are 0 to 1, got {values[place]}", f"{field}[{place}]")
    return pixels


def digits(samples: Sequence[Sample], most: int = MOST_IN_JSON) -> Digits:
    """Return labelled digits.

    Raises:
        InvalidValueError: naming the first place that is wrong.
    """
    count("samples", len(samples), most, "data")
    for place, sample in enumerate(samples):
        if not 0 <= sample.target < CLASSES:
            raise InvalidValueError(f"a target is 0 to {CLASSES - 1}, got {sample.target}", f"data[{place}].target")
    images = [image(sample.image, f"data[{place}].image") for place, sample in enumerate(samples)]
    return Digits(np.stack(images), np.array([sample.target for sample in samples], np.int64))


def count(what: str, number: int, most: int, field: str) -> int:
    """Return a number of samples, if it is from 1 to `most`."""
    if not 1 <= number <= most:
        raise InvalidValueError(f"{what} must be 1 to {most}, got {number}", field)
    return number


def learning_rate(value: float) -> float:
    """Return a learning rate, if it is above 0 and at most 1."""
    if not 0 < value <= 1:
        raise InvalidValueError(f"the learning rate must be above 0 and at most 1, got {value}", "learning_rate")
    return value
