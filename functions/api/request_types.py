"""What clients send as JSON and what they get: types that say its shape, and checks that say what was expected.

The types are what `openapi` documents. Limits that a type cannot tell in a clear message stand in its documentation
only (`extra_json_schema`) and are checked below.
"""

import base64
from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np
from msgspec import UNSET, Meta, UnsetType
from numpy.typing import NDArray

from functions.dataset.block import CLASSES, PIXELS
from functions.dataset.shards import Digits
from functions.errors import FormatError, InvalidValueError
from functions.images import image_files

MOST_IN_JSON = 1000  # samples in one request or answer
MOST_IN_BINARY = 4000
# Of a PATCH that does not say: enough for one drawing to be learned, and little enough for the rest to be kept. (With
# 0.05, one wrong digit that is taught costs mlp-128 ten points of its accuracy.)
LEARNING_RATE = 0.01


type Pixel = Annotated[float, Meta(extra_json_schema={"minimum": 0, "maximum": 1})]
type Pixels = Annotated[
    list[Pixel],
    Meta(
        title="Pixels",
        description="28 rows of 28 pixels, top left first, from 0 (paper) to 1 (ink)",
        extra_json_schema={"minItems": PIXELS, "maxItems": PIXELS},
    ),
]
type Label = Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": CLASSES - 1})]
type Rate = Annotated[float, Meta(extra_json_schema={"exclusiveMinimum": 0, "maximum": 1})]
_ITEMS = {"minItems": 1, "maxItems": MOST_IN_JSON}


class Sample(msgspec.Struct):
    """A labelled digit, as `/data` gives it."""

    target: Label
    image: Pixels


class LessonBody(msgspec.Struct):
    """The body of PATCH /weights: digits to take one training step on."""

    data: Annotated[list[Sample], Meta(extra_json_schema=_ITEMS)]
    learning_rate: Rate = LEARNING_RATE


class BlockBody(msgspec.Struct):
    """The body of POST /datablock: how many digits."""

    block: Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MOST_IN_BINARY})]


class PredictBody(msgspec.Struct):
    """The body of POST /predict: exactly one of the three."""

    tensor: Pixels | UnsetType = UNSET
    tensors: Annotated[list[Pixels], Meta(extra_json_schema=_ITEMS)] | UnsetType = UNSET
    image: (
        Annotated[str, Meta(description="an image file in base64; `data:image/png;base64,` may stand before it")]
        | UnsetType
    ) = UNSET


class Guess(msgspec.Struct):
    """Which digit it is, and how probable each of the ten is."""

    label: Label
    probabilities: Annotated[list[float], Meta(extra_json_schema={"minItems": CLASSES, "maxItems": CLASSES})]


class GuessAnswer(Guess):
    """The answer to one digit, and which weights gave it."""

    model: str
    version: str


class GuessesAnswer(msgspec.Struct):
    """The answer to several digits, in their order."""

    predictions: list[Guess]
    model: str
    version: str


class DataAnswer(msgspec.Struct):
    """Labelled digits."""

    data: list[Sample]


class WeightsBody(msgspec.Struct):
    """The body of POST /weights; what else GET gives is ignored."""

    tensors: dict[str, Annotated[msgspec.Raw, Meta(extra_json_schema={"type": "array"})]]


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


def pictures(body: PredictBody) -> NDArray[np.float32]:
    """Return the (B, 784) pixels that a body asks about.

    Raises:
        InvalidValueError: when it has none or several of the keys, or what it has is wrong.
    """
    given = [name for name in body.__struct_fields__ if getattr(body, name) is not UNSET]
    if len(given) != 1:
        raise InvalidValueError(f"send one of tensor, tensors and image, got {' and '.join(given) or 'none of them'}")
    if body.tensor is not UNSET:
        return image(body.tensor, "tensor")[np.newaxis]
    if body.tensors is not UNSET:
        count("tensors", len(body.tensors), MOST_IN_JSON, "tensors")
        return np.stack([image(tensor, f"tensors[{place}]") for place, tensor in enumerate(body.tensors)])
    assert body.image is not UNSET
    return _picture(body.image)


def _picture(text: str) -> NDArray[np.float32]:
    """Return the (1, 784) pixels of an image file in base64."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        file = base64.b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise InvalidValueError(f"expected an image file in base64: {error}", "image") from error
    try:
        return image_files.read_digit(file).reshape(1, PIXELS)
    except FormatError as error:
        raise InvalidValueError(str(error), "image") from error


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
