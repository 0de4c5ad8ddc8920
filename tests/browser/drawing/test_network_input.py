"""What the network sees of pen strokes: in a real browser what the API makes of the same strokes."""

import numpy as np
import pytest
from numpy.typing import NDArray

from functions.images.pen import draw_digit
from tests.support.digits.handwriting import DIGITS, Strokes
from tests.support.lab import Lab

SEEN = """[...document.querySelector('#seen').getContext('2d').getImageData(0, 0, 28, 28).data]
    .filter((_, i) => i % 4 === 3)"""


def written(lab: Lab, strokes: Strokes, size: float = 1.0) -> Strokes:
    """Write strokes on the pad, around its middle, and return where the pen was on the screen, in whole pixels."""
    box = lab.page.locator("#pad").bounding_box()
    assert box
    scale = size * box["width"] / 280
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse, places = lab.page.mouse, []
    for stroke in strokes:
        first, *rest = [
            (round(middle[0] + scale * (x - 140)), round(middle[1] + scale * (y - 140))) for x, y in stroke
        ]
        mouse.move(*first)
        mouse.down()
        for place in rest:
            mouse.move(*place)
        mouse.up()
        places.append([(float(x), float(y)) for x, y in (first, *rest)])
    return places


def wait_seen(lab: Lab, picture: NDArray[np.float32]) -> None:
    """Wait until the page shows that picture as what the network sees."""
    expected = (255 * picture).round(2).ravel().tolist()
    # Canvas and picture have whole numbers in the kernel, and the page's canvas may round again.
    lab.wait(f"{SEEN}.every((ink, i) => Math.abs(ink - {expected}[i]) <= 2)")


@pytest.mark.parametrize("size", [1.0, 0.5, 0.2])
@pytest.mark.parametrize(("pen", "share"), [("fine", 0.07), ("medium", 0.1), ("broad", 0.13)])
def test_page_sees_what_the_api_makes_of_the_same_strokes(same_lab: Lab, pen: str, share: float, size: float) -> None:
    same_lab.complete().page.check(f"#pen-{pen}")
    wait_seen(same_lab, draw_digit(written(same_lab, DIGITS[4], size), share))


def test_tap_is_a_dot(same_lab: Lab) -> None:
    dot = draw_digit(written(same_lab, [[(70, 200)]]))
    assert (dot > 0.2).sum() <= 9
    wait_seen(same_lab, dot)
