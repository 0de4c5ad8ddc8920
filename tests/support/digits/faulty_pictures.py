"""Pictures of a digit with what goes wrong on real paper: light, shadows, frames, lines, dots, other figures, blur.

Each rendering takes a digit as MNIST has it, (28, 28) u8, and returns a picture of some 160 pixels' side.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

type Digit = NDArray[np.uint8]
type Rendering = Callable[[Digit], Image.Image]

_SIDE, _SIZE = 180, 112  # of the picture, and of the 28×28 field within


def _ink(digit: Digit) -> NDArray[np.float64]:
    """Return the digit's ink in the middle of a picture, 0..1."""
    grown = Image.fromarray(digit).resize((_SIZE, _SIZE), Image.Resampling.BICUBIC)
    margin = (_SIDE - _SIZE) // 2
    return np.pad(np.asarray(grown) / 255, margin)


def _picture(values: NDArray[np.floating]) -> Image.Image:
    return Image.fromarray(np.clip(values * 255, 0, 255).astype(np.uint8))


def _drawing(digit: Digit) -> Image.Image:
    return _picture(1 - _ink(digit))


def _grain(digit: Digit, strength: float = 0.02) -> NDArray[np.float64]:
    return np.random.default_rng(int(digit.sum())).normal(0, strength, (_SIDE, _SIDE))


def _photo(digit: Digit, light: NDArray[np.floating] | float) -> NDArray[np.floating]:
    return np.asarray((light + _grain(digit)) * (1 - 0.85 * _ink(digit)))


_Y, _X = np.mgrid[0 : 1 : _SIDE * 1j, 0 : 1 : _SIDE * 1j]


def falling_light(digit: Digit) -> Image.Image:
    return _picture(_photo(digit, 0.9 - 0.5 * _X))


def vignette(digit: Digit) -> Image.Image:
    return _picture(_photo(digit, 0.9 - ((_X - 0.5) ** 2 + (_Y - 0.5) ** 2)))


def hard_shadow(digit: Digit) -> Image.Image:
    return _picture(_photo(digit, np.where(_X + 0.8 * _Y < 0.85, 0.45, 0.85)))


def yellow_paper(digit: Digit) -> Image.Image:
    paper, pen = np.array((0.85, 0.8, 0.4)), np.array((0.15, 0.2, 0.45))
    part = _ink(digit)[:, :, None]
    return _picture(paper * (1 - part) + pen * part + _grain(digit)[:, :, None])


def out_of_focus(digit: Digit) -> Image.Image:
    blurred = _picture(_photo(digit, 0.7)).filter(ImageFilter.GaussianBlur(4))
    return _picture(np.asarray(blurred) / 255 + _grain(digit, 0.01))


def faint(digit: Digit) -> Image.Image:
    return _picture(1 - 0.08 * _ink(digit))


def boxed(digit: Digit) -> Image.Image:
    picture = _drawing(digit)
    ImageDraw.Draw(picture).rectangle((22, 18, 160, 161), outline=0, width=3)
    return picture


def framed(digit: Digit) -> Image.Image:
    picture = _drawing(digit)
    ImageDraw.Draw(picture).rectangle((0, 0, _SIDE - 1, _SIDE - 1), outline=0, width=5)
    return picture


def black_corners(digit: Digit) -> Image.Image:
    picture, last = _drawing(digit), _SIDE - 1
    draw = ImageDraw.Draw(picture)
    for x, y in ((0, 0), (last, 0), (0, last), (last, last)):
        draw.polygon([(x, y), (abs(x - 34), y), (x, abs(y - 20))], fill=0)
    return picture


def rim(digit: Digit) -> Image.Image:
    picture = _drawing(digit)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((_SIDE - 2, 0, _SIDE, _SIDE), fill=0)
    draw.rectangle((0, _SIDE - 3, _SIDE, _SIDE), fill=40)
    return picture


def ruled(digit: Digit) -> Image.Image:
    lines = np.where((np.arange(_SIDE) % 23 < 1)[:, None], 0.12, 0)
    return _picture(_photo(digit, 0.85) - lines * (1 - _ink(digit)))


def squared(digit: Digit) -> Image.Image:
    lines = np.where((np.arange(_SIDE) % 15 < 1)[:, None] | (np.arange(_SIDE) % 15 < 1), 0.1, 0)
    return _picture(_photo(digit, 0.85) - lines * (1 - _ink(digit)))


def _lines(places: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return how much of each pixel is covered by lines 1.5 wide, 23 apart."""
    return np.clip(1.25 - np.abs(places % 23 - 11.5), 0, 1)


def crossed_by_lines(digit: Digit) -> Image.Image:
    """Dark lines, not quite level, that the digit is written over."""
    down, across = np.mgrid[0:_SIDE, 0:_SIDE]
    part = np.maximum(0.85 * _ink(digit), 0.6 * _lines(down + 0.05 * across))
    return _picture((0.85 + _grain(digit)) * (1 - part))


def crossed_by_squares(digit: Digit) -> Image.Image:
    down, across = np.mgrid[0:_SIDE, 0:_SIDE]
    lines = np.maximum(_lines(down + 0.03 * across), _lines(across - 0.03 * down))
    return _picture((0.85 + _grain(digit)) * (1 - np.maximum(0.85 * _ink(digit), 0.4 * lines)))


def stray_dots(digit: Digit) -> Image.Image:
    picture = _drawing(digit)
    for x, y in ((9, 12), (170, 20), (12, 168)):
        ImageDraw.Draw(picture).ellipse((x, y, x + 3, y + 3), fill=0)
    return picture


def piece_of_another(digit: Digit) -> Image.Image:
    picture = _drawing(digit)
    ImageDraw.Draw(picture).arc((165, 50, 215, 120), 90, 270, fill=0, width=7)
    return picture


def on_a_table(digit: Digit) -> Image.Image:
    """A white sheet that does not fill the photo."""
    table = np.full((260, 280), 0.25)
    table[40 : 40 + _SIDE, 50 : 50 + _SIDE] = _photo(digit, 0.85)
    return _picture(table + np.random.default_rng(1).normal(0, 0.01, table.shape))


def thin(digit: Digit) -> Image.Image:
    """A hair line: what is left of the digit when the pen is taken away from inside."""
    picture = _drawing(digit)
    for _ in range(2):
        picture = picture.filter(ImageFilter.MaxFilter(3))
    return picture


_ALL: tuple[Rendering, ...] = (
    *(falling_light, vignette, hard_shadow, yellow_paper, out_of_focus, faint, boxed, framed, black_corners, rim),
    *(ruled, squared, crossed_by_lines, crossed_by_squares, stray_dots, piece_of_another, on_a_table, thin),
)
RENDERINGS = {rendering.__name__: rendering for rendering in _ALL}
