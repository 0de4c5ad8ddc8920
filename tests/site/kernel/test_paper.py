"""Image files on the page: telling ink from paper in the kernel, as the API does it in NumPy."""

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from scrawl.net.picture_reader import WARNINGS, PictureReader

from functions.images import image_files
from functions.images import ink as paper
from functions.images.image_files import Digit
from functions.images.normalise import BlankError, normalise
from tests.support.digits.faulty_pictures import RENDERINGS
from tests.support.networks.kernel_host import WasmtimeKernel

if TYPE_CHECKING:
    from scrawl.net.picture_reader import FoundInk

SEVEN = [(70, 60), (200, 62), (130, 240)]


@pytest.fixture(scope="module")
def kernel() -> WasmtimeKernel:
    return WasmtimeKernel(pictures=True)


def found_in_kernel(kernel: WasmtimeKernel, picture: Image.Image) -> "FoundInk":
    return PictureReader(kernel).read(picture.convert("RGBA").tobytes(), picture.width, picture.height)


def in_kernel(kernel: WasmtimeKernel, picture: Image.Image) -> np.ndarray | None:
    """Return the ink of a picture as the page gets it: (rows, columns) u8, None where there is none."""
    found = found_in_kernel(kernel, picture)
    if found["ink"] is None:
        return None
    ink = np.frombuffer(bytes(found["ink"]), np.uint8).reshape(found["height"], found["width"])
    return np.asarray(Image.fromarray(ink).rotate(-found["angle"], Image.Resampling.BILINEAR, expand=True))


def drawn(
    paper_colour: object, ink_colour: object, mode: str = "RGB", size: tuple[int, int] = (280, 300)
) -> Image.Image:
    picture = Image.new(mode, size, paper_colour)  # type: ignore[arg-type]
    ImageDraw.Draw(picture).line(SEVEN, fill=ink_colour, width=18, joint="curve")  # type: ignore[arg-type]
    return picture


def photographed(light: float = 0.4) -> Image.Image:
    """A grainy photograph: the light falls from one side, the ink is blue."""
    colours = np.asarray(drawn((235, 230, 215), (40, 50, 120)).filter(ImageFilter.GaussianBlur(1.5)), np.float64)
    across = np.linspace(1 - light, 1, colours.shape[1])[None, :, None]
    noise = np.random.default_rng(3).normal(0, 4, colours.shape)
    return Image.fromarray(np.clip(colours * across + noise, 0, 255).astype(np.uint8))


def specked() -> Image.Image:
    colours = np.array(photographed(0.1))
    colours[[10, 150, 280], [20, 250, 30]] = 0
    return Image.fromarray(colours)


PICTURES = {
    "black on white": drawn("white", "black"),
    "white on black": drawn("black", "white"),
    "pale on grey": drawn((128, 128, 128), (170, 170, 170)),
    "hardly visible": drawn("white", (248, 248, 248)),
    "blue on red": drawn((180, 20, 20), (20, 20, 180)),
    "black on nothing": drawn((0, 0, 0, 0), (0, 0, 0, 255), "RGBA"),
    "white on nothing": drawn((255, 255, 255, 0), (255, 255, 255, 255), "RGBA"),
    "soft edges": drawn("white", "black").filter(ImageFilter.GaussianBlur(3)),
    "photographed": photographed(),
    "in uneven light": photographed(0.7),
    "cut out tightly": drawn("white", "black").crop((60, 40, 210, 90)),
    "specks of dust": specked(),
}
# Its strokes' width is far from where strokes are changed: the two measure it a little differently.
BROAD = drawn("black", "white", "L").filter(ImageFilter.MaxFilter(9))
DIGIT = np.asarray(BROAD.resize((28, 28), Image.Resampling.BOX))
FAULTY = {name: rendering(DIGIT) for name, rendering in RENDERINGS.items()}


def warned_of(digit: Digit) -> list[str]:
    return sorted([warning.code for warning in digit.warnings], key=[*WARNINGS].index)


@pytest.mark.parametrize("picture", [*PICTURES.values(), *FAULTY.values()], ids=[*PICTURES, *FAULTY])
def test_page_and_api_find_the_same_ink(kernel: WasmtimeKernel, picture: Image.Image) -> None:
    body = io.BytesIO()
    picture.save(body, "PNG")
    digit = image_files.read(body.getvalue())
    expected = digit.pixels
    assert found_in_kernel(kernel, picture)["warnings"] == warned_of(digit)
    ink = in_kernel(kernel, picture)
    assert ink is not None
    read = normalise(ink / 255)
    # Grain is judged by samples and bins here, by sorted values there: an edge may move by a tenth of a pixel.
    assert np.abs(read - expected).mean() < 0.01
    assert np.abs(read - expected).max() < 0.15


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("RGB", (90, 60), "white"),
        Image.new("RGBA", (90, 60), (0, 0, 0, 0)),
        Image.new("RGB", (1, 1), "red"),
        drawn((128, 128, 128), (134, 134, 134)),
        Image.fromarray(np.random.default_rng(5).normal(200, 4, (120, 90, 3)).astype(np.uint8)),
    ],
    ids=["white", "transparent", "one pixel", "hardly any contrast", "grain alone"],
)
def test_picture_without_ink_is_blank(kernel: WasmtimeKernel, picture: Image.Image) -> None:
    colours = np.asarray(picture.convert("RGBA"))
    with pytest.raises(BlankError):
        paper.ink(colours[:, :, :3], colours[:, :, 3])
    assert in_kernel(kernel, picture) is None


def test_narrow_pictures_have_a_paper_too(kernel: WasmtimeKernel) -> None:
    column = np.random.default_rng(1).normal(220, 3, (200, 1, 3)).astype(np.uint8)
    column[60:90] = 20
    ink = in_kernel(kernel, Image.fromarray(column))
    assert ink is not None
    for found in (ink, paper.ink(column).strength):  # the kernel has changed the stroke's width, too
        assert found[63:87].min() > 200
        assert max(found[:58].max(), found[92:].max()) == 0
