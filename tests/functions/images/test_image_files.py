"""Digits out of image files: every format, mode, size and polarity is read as well as the bare digit, or refused."""

import io
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from functions.errors import FormatError, InvalidValueError
from functions.images.image_files import read, read_digit
from functions.images.normalise import BlankError, normalise
from functions.jobs.launchers import ThreadLauncher
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from infra.dataset.sources import DigitSplits

# How many digits are read in each rendering, and what part of them scaling up and down, or JPEG, may change.
COUNT, MARGIN = (100, 0.03) if os.environ.get("CI") else (40, 0.05)

type Rendering = Callable[[np.ndarray], bytes]


def encoded(pixels: NDArray[Any] | Image.Image, kind: str = "PNG", mode: str | None = None, **options: Any) -> bytes:
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    (picture.convert(mode) if mode else picture).save(file, kind, **options)
    return file.getvalue()


def grown(digit: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.asarray(Image.fromarray(digit).resize((width, height), Image.Resampling.BICUBIC))


def see_through(digit: np.ndarray, ink: int) -> bytes:
    return encoded(Image.merge("LA", [Image.new("L", (28, 28), ink), Image.fromarray(digit)]), mode="RGBA")


def tight(digit: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(digit > 25)
    return digit[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def coloured(digit: np.ndarray) -> bytes:
    """Yellow on a blue of the same lightness: grey alone would not tell them apart."""
    part = digit[:, :, np.newaxis] / 255
    return encoded((part * (140, 140, 0) + (1 - part) * (90, 90, 250)).astype(np.uint8))


def photo(digit: np.ndarray) -> bytes:
    """A pencil on paper in falling light, with grain, somewhere in the picture."""
    random = np.random.default_rng(int(digit.sum()))
    ink = np.zeros((300, 360))
    top, left = random.integers(0, 160), random.integers(0, 220)
    ink[top : top + 140, left : left + 140] = grown(digit, 140, 140) / 255
    y, x = np.mgrid[:300, :360]
    paper = 150 + x / 6 + y / 12
    return encoded(
        np.clip(paper * (1 - ink) + 60 * ink + random.normal(0, 8, ink.shape), 0, 255).astype(np.uint8), "JPEG"
    )


RENDERINGS: dict[str, Rendering] = {
    "PNG as MNIST has it": lambda d: encoded(d),
    "PNG, black on white": lambda d: encoded(255 - d),
    "PNG, one bit": lambda d: encoded(grown(d, 140, 140), mode="1"),
    "PNG, palette": lambda d: encoded(255 - d, mode="P"),
    "PNG, 16 bits": lambda d: encoded(d.astype(np.uint16) * 257),
    "PNG, 10 of 16 bits": lambda d: encoded(d.astype(np.uint16) * 4),
    "PNG, black on nothing": lambda d: see_through(d, 0),
    "PNG, white on nothing": lambda d: see_through(d, 255),
    "PNG, large": lambda d: encoded(255 - grown(d, 280, 280), mode="RGB"),
    "PNG, wide margins": lambda d: encoded(np.pad(255 - d, ((40, 90), (300, 10)), constant_values=255)),
    "PNG, cut out tightly": lambda d: encoded(tight(d)),
    "PNG, cut out tightly, black on white": lambda d: encoded(255 - tight(d)),
    "PNG, pale on grey": lambda d: encoded((120 + 0.25 * d).astype(np.uint8)),
    "PNG, coloured": coloured,
    "JPEG": lambda d: encoded(d, "JPEG"),
    "JPEG, poor, large": lambda d: encoded(255 - grown(d, 200, 200), "JPEG", quality=20),
    "JPEG, CMYK": lambda d: encoded(255 - grown(d, 84, 84), "JPEG", mode="CMYK"),
    "JPEG, a photo": photo,
    "GIF": lambda d: encoded(255 - d, "GIF"),
    "BMP": lambda d: encoded(d, "BMP", mode="RGB"),
    "TIFF, floats": lambda d: encoded(d.astype(np.float32) / 255, "TIFF"),
    "TIFF, whole numbers": lambda d: encoded(d.astype(np.int32), "TIFF"),
    "WebP": lambda d: encoded(255 - grown(d, 112, 112), "WEBP", mode="RGB"),
    "WebP, see-through": lambda d: encoded(Image.open(io.BytesIO(see_through(d, 0))), "WEBP", lossless=True),
    "PPM": lambda d: encoded(d, "PPM"),
    "TGA": lambda d: encoded(255 - d, "TGA"),
}


@pytest.fixture(scope="module")
def recognised(seeded: MemoryStore, digits: DigitSplits) -> Callable[[Rendering], float]:
    """Return what part of the test digits is recognised from files of a kind."""
    predictor = Service(Settings("none"), seeded, ThreadLauncher()).predictor("mlp-128")
    some = digits.splits["test"]

    def part(rendering: Rendering) -> float:
        read = [rendering(picture) for picture in some.pixels[:COUNT].reshape(COUNT, 28, 28)]
        pixels = np.stack([read_digit(file) if isinstance(file, bytes) else file for file in read])
        return float((predictor.predict(pixels.reshape(COUNT, 784))[0].argmax(1) == some.labels[:COUNT]).mean())

    return part


@pytest.fixture(scope="module")
def bare(recognised: Callable[..., float]) -> float:
    """Return what part of the digits is recognised when their pixels are normalised as they are."""
    return recognised(lambda digit: normalise(digit / 255))


@pytest.mark.usefixtures("mnist")
@pytest.mark.parametrize("name", RENDERINGS)
def test_digits_in_files_are_recognised_as_well_as_the_bare_ones(
    recognised: Callable[..., float], bare: float, name: str
) -> None:
    assert recognised(RENDERINGS[name]) >= bare - MARGIN


@pytest.fixture
def seven() -> np.ndarray:
    digit = np.zeros((28, 28), np.uint8)
    digit[5:8, 6:21] = 255
    digit[8:23, 17:20] = 255
    return digit


def test_clean_picture_is_normalised_as_the_page_does_it(seven: np.ndarray) -> None:
    soft = np.asarray(Image.fromarray(seven).resize((200, 200), Image.Resampling.BICUBIC))
    for pixels in (soft, 255 - soft):
        np.testing.assert_allclose(read_digit(encoded(pixels)), normalise(soft / 255), atol=1e-6)


def test_camera_held_sideways_is_turned_upright(seven: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera says: turn it clockwise by a quarter to see it upright
    lying = Image.fromarray(np.rot90(255 - grown(seven, 112, 112)))
    for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
        turned = read_digit(encoded(lying, kind, exif=exif))
        assert np.abs(turned - normalise(seven / 255)).mean() < 0.05, kind


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_does_not_matter(seven: np.ndarray) -> None:
    file = encoded(255 - grown(seven, 112, 112), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12")
    assert np.abs(read_digit(file) - normalise(seven / 255)).mean() < 0.05


@pytest.mark.parametrize("sigma", [0, 3, 12])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_paper_alone_is_blank(kind: str, sigma: float) -> None:
    y, x = np.mgrid[:300, :400]
    grain = np.random.default_rng(1).normal(0, 1, (300, 400)) * sigma
    for light in (0.0, 0.02, 0.1):
        with pytest.raises(BlankError, match="draw something"):
            read_digit(encoded(np.clip(170 + light * (x + y) + grain, 0, 255).astype(np.uint8), kind))


@pytest.mark.parametrize("colour", [(0, 0, 0, 0), (255, 255, 255, 255), (0, 0, 0, 255), (9, 99, 199, 128)])
def test_one_colour_is_blank(colour: tuple[int, ...]) -> None:
    with pytest.raises(BlankError, match="draw something"):
        read_digit(encoded(Image.new("RGBA", (50, 40), colour)))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_truncated_file_is_refused(seven: np.ndarray, kind: str) -> None:
    file = encoded(grown(seven, 120, 120), kind)
    for part in (0.2, 0.5, 0.8) if kind != "JPEG" else (0.2,):
        with pytest.raises(FormatError):
            read_digit(file[: int(len(file) * part)])


@pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=["baseline", "progressive"])
@pytest.mark.parametrize("part", [0.9, 0.95, 0.999])
def test_jpeg_without_its_last_bytes_is_read(seven: np.ndarray, part: float, options: dict[str, Any]) -> None:
    picture = np.pad(255 - grown(seven, 200, 200), ((30, 60), (40, 20)), constant_values=255)
    grain = np.random.default_rng(2).normal(0, 5, picture.shape)  # so that every row takes its part of the file
    file = encoded(np.clip(picture - 20.0 + grain, 0, 255).astype(np.uint8), "JPEG", quality=90, **options)
    digit = read(file[: int(len(file) * part)])
    assert np.abs(digit.pixels - normalise(seven / 255)).mean() < 0.05
    assert [warning.code for warning in digit.warnings] == ["truncated"]


def test_jpeg_that_lacks_much_of_its_rows_is_refused() -> None:
    grain = np.random.default_rng(2).normal(200, 5, (200, 200)).astype(np.uint8)
    file = encoded(grain, "JPEG", quality=90)
    with pytest.raises(FormatError, match=r"truncated: only \d\d% of its rows"):
        read_digit(file[: len(file) // 2])


HEIC = b"\0\0\0\x24ftypheic\0\0\0\0mif1heic"
AVIF = b"\0\0\0\x20ftypavif\0\0\0\0avifmif1"
SVG = b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a digit -->\n<svg xmlns='http://www.w3.org/2000/svg'></svg>"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (HEIC, "HEIC .*iPhone.*JPEG"),
        (AVIF, "AVIF .*export the picture as PNG or JPEG"),
        (SVG, "SVG .*export it as PNG"),
        (b"<svg/>", "SVG"),
        (b"%PDF-1.7", "PDF .*export"),
        (b"SCRB" * 99, "396 bytes of something else"),
    ],
)
def test_other_kinds_of_files_are_named_with_what_to_do(body: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_digit(body)


@pytest.mark.parametrize(
    "body", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"<svg/>", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"SCRB" * 99]
)
def test_what_is_no_image_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        read_digit(body)


def bomb(width: int, height: int) -> bytes:
    """Return a small PNG that claims to be large."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(10**6)))]
    chunks = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("size", [(5000, 5000), (50_000, 50_000), (10_001, 1), (1, 20_000)])
def test_decompression_bomb_is_refused_before_it_unpacks(size: tuple[int, int]) -> None:
    with pytest.raises(InvalidValueError, match="an image may have 20 million pixels and 10,000 on a side"):
        read_digit(bomb(*size))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_several_pictures_the_first_is_read(seven: np.ndarray, kind: str) -> None:
    pictures = [Image.fromarray(seven), Image.fromarray(seven.T)]
    digit = read(encoded(pictures[0], kind, save_all=True, append_images=pictures[1:]))
    assert np.abs(digit.pixels - normalise(seven / 255)).mean() < 0.05
    assert [warning.code for warning in digit.warnings] == ["first_picture"]


def test_preview_behind_a_photo_is_no_animation(seven: np.ndarray) -> None:
    pictures = [Image.fromarray(grown(seven, 100, 100)), Image.new("L", (20, 20))]
    file = encoded(pictures[0], "MPO", save_all=True, append_images=pictures[1:])
    assert np.abs(read_digit(file) - normalise(seven / 255)).mean() < 0.05


def test_values_that_are_no_numbers_are_refused(seven: np.ndarray) -> None:
    pixels = seven.astype(np.float32)
    pixels[3, 3] = np.nan
    with pytest.raises(InvalidValueError, match="finite"):
        read_digit(encoded(pixels, "TIFF"))


def test_pillow_waits_for_the_first_picture() -> None:
    """A cold start should not pay for what most requests never use."""
    program = "import sys, functions.app; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
