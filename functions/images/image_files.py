"""Digits from image files, and as image files: any picture that Pillow reads becomes the networks' (28, 28) pixels.

This module opens files within limits, turns them upright and applies their transparency. `ink` tells ink from paper,
and `normalise` fits the digit into the field. Pillow is imported with the first picture: most requests have none, and
a cold start should not pay for it.
"""

import io
import math
import struct
import warnings
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from functions.dataset.block import COLUMNS, ROWS
from functions.errors import FormatError, InvalidValueError
from functions.images import figure, foreign_files, ink
from functions.images.normalise import INK, BlankError, normalise
from functions.images.stroke_width import evened
from functions.prediction_warnings import FAINT_INK, FIRST_PICTURE, TRUNCATED, PredictionWarning

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 20_000_000  # of a picture; a phone's camera makes 12 million
LONGEST_SIDE = 10_000
# Named, because Pillow hands some others (EPS, WMF) to other programs. AVIF is missing: its library (5 MB) stays out
# of the Lambda's package.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "PPM", "JPEG2000", "ICO", "TGA", "PCX", "SGI", "QOI")

_STROKE = 0.22  # of full ink: in a photo, pieces of the digit are stronger; faint lines and stains join nothing
_WORK_SIDE = 1024  # pixels: larger pictures are averaged down to it, which a 20×20 digit does not notice
_JPEG_END = b"\xff\xd9"
_FILLING = 128  # what libjpeg puts where data are missing
_LEAST_PART = 0.75  # of the rows must be there; with fewer, the digit is cut
type Pixels = NDArray[np.float32]
type Bytes = NDArray[np.uint8]
_WIDE = ("I", "F")  # modes whose values have no fixed range


@dataclass(frozen=True)
class Digit:
    """A digit as the networks get it, and why it may be misread."""

    pixels: NDArray[np.float32]  # (28, 28), 0 for paper to 1 for ink
    warnings: tuple[PredictionWarning, ...] = ()
    from_file: bool = False  # else it was drawn from strokes


def read_digit(body: bytes) -> NDArray[np.float32]:
    """Return the digit in an image file, (28, 28), 0 for paper to 1 for ink; as `read`, without the warnings."""
    return read(body).pixels


def read(body: bytes) -> Digit:
    """Return the digit in an image file.

    Raises:
        FormatError: when it is not an image, or a truncated or damaged one.
        InvalidValueError: when it is too large.
        BlankError: when nothing is drawn on it.
    """
    image, doubts = _load(body)
    alone, more = _figure(*_colours(image))
    return Digit(normalise(evened(alone)), (*doubts, *more), from_file=True)


def _figure(colours: Bytes, opacity: Bytes | None, sheets: int = 2) -> tuple[Pixels, list[PredictionWarning]]:
    """Return the ink of the digit alone; a sheet of paper that lies in the picture is looked at alone."""
    found = ink.ink(colours, opacity)
    faintest = INK if found.standing is None else _STROKE
    grid = figure.Grid.of(found.strength >= math.ceil(faintest * found.full))
    standing = grid if found.standing is None else figure.Grid.of(found.standing)
    box = figure.sheet(standing) if sheets else None
    if box is not None:
        size = max(1, colours.shape[0] // found.strength.shape[0])
        part = slice(size * box[0], size * box[1]), slice(size * box[2], size * box[3])
        with suppress(BlankError):
            return _figure(colours[part], None if opacity is None else opacity[part], sheets - 1)
    alone, doubts = figure.figure(found.strength, found.full, grid)
    return alone, [*doubts, FAINT_INK] if found.contrast < ink.FAINT else doubts


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """Return 784 pixels as a PNG file, white ink on black as in MNIST. It is small enough to write without Pillow."""
    rows = pixels.reshape(ROWS, COLUMNS)
    unfiltered = np.pad(rows, ((0, 0), (1, 0)))  # each row starts with its filter type, 0: none
    header = struct.pack(">IIBBBBB", COLUMNS, ROWS, 8, 0, 0, 0, 0)  # 8 bits, greyscale
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(unfiltered.tobytes())), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _load(body: bytes) -> tuple["Image.Image", list[PredictionWarning]]:
    """Return the picture in a file, upright and not much larger than useful."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS  # beyond twice that, Pillow refuses pictures within pictures, too
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # `_check_size` refuses, which is clearer
    try:
        image, doubts = _decoded(body)
        with suppress(Exception):  # a camera's damaged notes do not make the picture unreadable
            ImageOps.exif_transpose(image, in_place=True)
        return _smaller(_plain(image)), doubts
    except (InvalidValueError, FormatError):
        raise
    except Image.DecompressionBombError as error:
        raise InvalidValueError(f"{_LIMITS}, this one has more", "image") from error
    except UnidentifiedImageError as error:
        found = foreign_files.explained(body) or "something else"
        raise FormatError(f"expected an image ({', '.join(FORMATS)}), got {len(body)} bytes of {found}") from error
    except Exception as error:  # Pillow's readers raise all kinds of errors for damaged files
        raise FormatError(f"the image is truncated or damaged: {error}") from error


def _decoded(body: bytes) -> tuple["Image.Image", list[PredictionWarning]]:
    from PIL import Image

    image = Image.open(io.BytesIO(body), formats=FORMATS)
    _check_size(image)
    image.draft(None, (_WORK_SIDE, _WORK_SIDE))  # a JPEG need not be decoded in full
    # Many phones put a second picture (depth, a preview) behind the first: that is an MPO, and no animation.
    several = image.format != "MPO" and getattr(image, "is_animated", False)
    try:
        image.load()
    except OSError:  # the file has no end
        if image.format not in ("JPEG", "MPO") or body.endswith(_JPEG_END):
            raise
        return _whole_rows(_decoded(body + _JPEG_END)[0]), [TRUNCATED]
    return image, [FIRST_PICTURE] if several else []


def _whole_rows(image: "Image.Image") -> "Image.Image":
    """Return the rows that a JPEG without its end has; the reader fills the others with grey, from the right on."""
    last_column = np.asarray(image.convert("L"))[:, -1]
    present = np.flatnonzero(last_column != _FILLING)
    rows = int(present[-1]) + 1 if len(present) else 0
    if rows < _LEAST_PART * image.height:
        raise FormatError(f"the image is truncated: only {rows / image.height:.0%} of its rows are there")
    return image.crop((0, 0, image.width, rows)) if rows < image.height else image


_LIMITS = f"an image may have {MOST_PIXELS // 1_000_000} million pixels and {LONGEST_SIDE:,} on a side"


def _check_size(image: "Image.Image") -> None:
    width, height = image.size
    if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
        raise InvalidValueError(f"{_LIMITS}, got {width}×{height}", "image")


def _plain(image: "Image.Image") -> "Image.Image":
    """Return the picture in one of the modes L, RGB, RGBA and F."""
    if image.mode in _WIDE or image.mode.startswith("I;16"):
        return image.convert("I").convert("F") if image.mode != "F" else image
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _smaller(image: "Image.Image") -> "Image.Image":
    factor = -(-max(image.size) // _WORK_SIDE)
    return image.reduce(factor) if factor > 1 else image


def _colours(image: "Image.Image") -> tuple[Bytes, Bytes | None]:
    """Return (rows, columns, channels) in 0..255, and each pixel's opacity if the file has one."""
    values = np.asarray(image)
    if image.mode == "F":
        return _into_range(values)[:, :, np.newaxis], None
    values = values.reshape(*values.shape[:2], -1)
    return (values[:, :, :3], values[:, :, 3]) if image.mode == "RGBA" else (values, None)


def _into_range(values: Pixels) -> Bytes:
    """Return values in 0..255, from the smallest usual range that holds them, else from their own."""
    if not np.isfinite(values).all():
        raise InvalidValueError("an image's values must be finite numbers", "image")
    low = min(float(values.min()), 0.0)
    high = float(values.max()) - low
    top = next((top for top in (1.0, 255.0) if high <= top), high)  # 16 bits may hold 10 or 12 that count
    return np.asarray((values - low) * (255 / top) + 0.5, np.uint8)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
