"""A drawing's path is one array of numbers: for each stroke how many points, the pen, and the points."""

import pytest
from scrawl.drawing.ink_path import PEN_SHARES, InkPath
from scrawl.drawing.tool_state import PENS
from scrawl.state.drawing import Drawing


def numbers(path: InkPath, drawing: Drawing) -> list[float] | None:
    found = path.of(drawing)
    return None if found is None else [round(float(number), 4) for number in found]


def test_path_grows_with_the_drawing() -> None:
    drawing, path = Drawing(), InkPath()
    assert numbers(path, drawing) == []
    drawing.start_stroke(1, 2)
    assert numbers(path, drawing) == [1, 0.1, 1, 2]
    drawing.extend_stroke([(3, 4), (5, 6)])
    assert numbers(path, drawing) == [3, 0.1, 1, 2, 3, 4, 5, 6]
    drawing.extend_stroke([(7, 8)])
    drawing.pen = PENS["broad"]
    drawing.start_stroke(9, 9)
    assert numbers(path, drawing) == [4, 0.1, 1, 2, 3, 4, 5, 6, 7, 8, 1, 0.13, 9, 9]


def test_path_follows_undo_redo_and_clear() -> None:
    drawing, path = Drawing(), InkPath()
    drawing.start_stroke(1, 2)
    drawing.start_stroke(3, 4)
    both = numbers(path, drawing)
    drawing.undo()
    assert numbers(path, drawing) == [1, 0.1, 1, 2]
    drawing.redo()
    assert numbers(path, drawing) == both
    drawing.clear()
    assert numbers(path, drawing) == []


def test_path_that_is_longer_than_the_array_is_whole() -> None:
    drawing, path = Drawing(), InkPath()
    drawing.start_stroke(0, 0)
    for turn in range(40):
        drawing.extend_stroke([(turn, place) for place in range(1, 100)])
        path.of(drawing)
    found = numbers(path, drawing)
    assert found is not None
    assert found == numbers(InkPath(), drawing)
    assert found[0] == 1 + 40 * 99
    assert len(found) == 2 + 2 * found[0]


def test_drawing_with_other_ink_is_no_path() -> None:
    drawing, path = Drawing(), InkPath()
    drawing.start_stroke(1, 2)
    drawing.erasing = True
    drawing.start_stroke(1, 2)
    assert path.of(drawing) is None
    drawing.undo()
    assert path.of(drawing) is not None
    drawing.show_sample(bytes(784), 3)
    assert path.of(drawing) is None
    drawing.show_image(bytes(280 * 280), [])
    assert path.of(drawing) is None


@pytest.mark.parametrize("width", PENS.values())
def test_each_pen_has_a_width_in_the_field(width: float) -> None:
    assert width in PEN_SHARES
