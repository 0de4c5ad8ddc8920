"""What clients send, as JSON or in the query: types for its shape, and checks whose messages say what was expected.

`openapi` documents the types. Limits for which msgspec has no clear message are only documented in the types
(`extra_json_schema`), and checked by the functions below.
"""

import base64
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from functions.api.strokes import Strokes, written
from functions.dataset.block import CLASSES, PIXELS
from functions.dataset.shards import Digits
from functions.errors import FormatError, InvalidValueError
from functions.images import image_files, writing
from functions.rooms.rooms import HOURS, MOST_HOURS
from functions.weights.versions import ID

MOST_IN_JSON = 1000  # samples in one request or answer
MOST_IN_BINARY = 4000
LISTED, MOST_LISTED = 50, 1000  # versions in a history that does not say how many, and in any
# Of a PATCH that does not say: enough to learn one drawing, and little enough to keep the rest. (With 0.05, one digit
# with a wrong label costs mlp-128 ten points of its accuracy.)
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
    learning_rate: Rate | None = LEARNING_RATE


class BlockBody(msgspec.Struct):
    """The body of POST /datablock: how many digits."""

    block: Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MOST_IN_BINARY})]


type Pen = Annotated[
    float,
    Meta(
        title="Pen",
        description="how wide the pen draws the strokes, as a part of the digit's longer side",
        extra_json_schema={"minimum": writing.THINNEST, "maximum": writing.WIDEST, "default": writing.USUAL},
    ),
]


class PredictBody(msgspec.Struct):
    """The body of POST /predict: exactly one of `tensor`, `tensors`, `image` and `strokes`; null is as missing."""

    tensor: Pixels | None = None
    tensors: Annotated[list[Pixels], Meta(extra_json_schema=_ITEMS)] | None = None
    image: (
        Annotated[str, Meta(description="an image file in base64; `data:image/png;base64,` may stand before it")]
        | None
    ) = None
    strokes: Strokes | None = None
    pen: Pen | None = None  # of the strokes


PREDICTABLE = ("tensor", "tensors", "image", "strokes")  # keys of such a body, of which it has one


class WeightsBody(msgspec.Struct):
    """The body of POST /weights; what else GET gives is ignored."""

    tensors: dict[str, Annotated[msgspec.Raw, Meta(extra_json_schema={"type": "array"})]]


class RollbackBody(msgspec.Struct):
    """The body of POST /weights/rollback."""

    version: str


class ResetBody(msgspec.Struct):
    """The body of POST /rooms/{code}/reset."""

    start: Annotated[Literal["first", "new"], Meta(description="the room's first weights, or new, random ones")] = (
        "first"
    )


class RoomBody(msgspec.Struct):
    """The body of POST /rooms."""

    model: str = "mlp-128"
    hours: Annotated[
        int, Meta(description="until it ends", extra_json_schema={"minimum": 1, "maximum": MOST_HOURS})
    ] = HOURS
    start: Annotated[
        Literal["shared", "new"], Meta(description="with the shared weights, or with new, random ones")
    ] = "shared"


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
    """Return the (B, 784) pixels that a body asks about, where it has tensors.

    Raises:
        InvalidValueError: when what it has is wrong.
    """
    if body.tensor is not None:
        return image(body.tensor, "tensor")[np.newaxis]
    assert body.tensors is not None
    check_count("tensors", len(body.tensors), MOST_IN_JSON, "tensors")
    return np.stack([image(tensor, f"tensors[{place}]") for place, tensor in enumerate(body.tensors)])


def digit(body: PredictBody) -> image_files.Digit | None:
    """Return the digit that a body has as an image file in base64, or as strokes; None where it has tensors.

    Raises:
        InvalidValueError: when it has none or several of the keys, or what it has is wrong.
    """
    given = [name for name in PREDICTABLE if getattr(body, name) is not None]
    if len(given) != 1:
        expected = f"{', '.join(PREDICTABLE[:-1])} and {PREDICTABLE[-1]}"
        raise InvalidValueError(f"send one of {expected}, got {' and '.join(given) or 'none of them'}")
    if body.strokes is not None:
        return writing.read(written(body.strokes), writing.USUAL if body.pen is None else body.pen)
    if body.pen is not None:
        raise InvalidValueError(f"a pen draws strokes, got {given[0]}", "pen")
    return None if body.image is None else _in_base64(body.image)


def _in_base64(said: str) -> image_files.Digit:
    text = "".join((said.partition(",")[2] if said.startswith("data:") else said).split())
    text = text.replace("-", "+").replace("_", "/").rstrip("=")  # base64url, and what leaves out the filling, as well
    try:
        file = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise InvalidValueError(f"expected an image file in base64: {error}", "image") from error
    try:
        return image_files.read(file)
    except FormatError as error:
        raise InvalidValueError(str(error), "image") from error


def digits(samples: Sequence[Sample], most: int = MOST_IN_JSON) -> Digits:
    """Return labelled digits.

    Raises:
        InvalidValueError: naming the first place that is wrong.
    """
    check_count("samples", len(samples), most, "data")
    for place, sample in enumerate(samples):
        if not 0 <= sample.target < CLASSES:
            raise InvalidValueError(f"a target is 0 to {CLASSES - 1}, got {sample.target}", f"data[{place}].target")
    images = [image(sample.image, f"data[{place}].image") for place, sample in enumerate(samples)]
    return Digits(np.stack(images), np.array([sample.target for sample in samples], np.int64))


def check_count(what: str, number: int, most: int, field: str) -> int:
    """Return a number of samples; refuse it unless it is from 1 to `most`."""
    if not 1 <= number <= most:
        raise InvalidValueError(f"{what} must be 1 to {most}, got {number}", field)
    return number


def check_hours(value: int) -> int:
    """Return how many hours a room is to be open; refuse it unless it is from 1 to two weeks."""
    if not 1 <= value <= MOST_HOURS:
        raise InvalidValueError(f"hours must be 1 to {MOST_HOURS}, got {value}", "hours")
    return value


def check_learning_rate(value: float) -> float:
    """Return a learning rate; refuse it unless it is above 0 and at most 1."""
    if not 0 < value <= 1:
        raise InvalidValueError(f"the learning rate must be above 0 and at most 1, got {value}", "learning_rate")
    return value


def flag(name: str, text: str | None) -> bool:
    """Return whether a query asks for something; `?name` alone does."""
    if text is not None and text not in ("", "true", "false"):
        raise InvalidValueError(f"{name} is true or false, got {text!r}", name)
    return text in ("", "true")


def learning_rate(text: str) -> float:
    """Return the learning rate that a query asks for."""
    try:
        value = float(text)
    except ValueError as error:
        message = f"the learning rate must be a number above 0 and at most 1, got {text[:40]!r}"
        raise InvalidValueError(message, "learning_rate") from error
    return check_learning_rate(value)


def history_limit(text: str | None) -> int:
    """Return how many versions a query asks for."""
    if text is None:
        return LISTED
    if not (text.isdecimal() and text.isascii() and len(text) < 9 and 1 <= int(text) <= MOST_LISTED):
        raise InvalidValueError(f"limit is a whole number from 1 to {MOST_LISTED}, got {text!r}", "limit")
    return int(text)


def history_before(text: str | None) -> str | None:
    """Return the version whose predecessors a query asks for; None: start with the current one."""
    if text is not None and not ID.fullmatch(text):
        raise InvalidValueError(f"before is a version, like 20260131T235959999-0123abcd, got {text!r}", "before")
    return text
