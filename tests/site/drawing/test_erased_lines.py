"""What an eraser leaves of a drawing: lines, as thin for the network as any others."""

from scrawl.drawing.erased_lines import ErasedLines
from scrawl.drawing.ink_path import InkPath
from scrawl.state.drawing import Drawing


def drawn(*strokes: list[tuple[float, float]], erased: list[tuple[float, float]]) -> Drawing:
    drawing = Drawing()
    for line in strokes:
        drawing.start_stroke(*line[0])
        drawing.extend_stroke(line[1:])
    drawing.erasing = True
    drawing.start_stroke(*erased[0])
    drawing.extend_stroke(erased[1:])
    return drawing


def spans(drawing: Drawing, lines: ErasedLines | None = None) -> list[tuple[int, int]]:
    """Return from where to where each line goes, along x."""
    return [(round(points[0][0]), round(points[-1][0])) for _width, points in (lines or ErasedLines()).of(drawing)]


def test_line_falls_into_two_where_the_eraser_crosses_it() -> None:
    (start, left), (right, end) = spans(drawn([(20, 100), (220, 100)], erased=[(120, 40), (120, 160)]))
    assert (start, end) == (20, 220)
    assert (120 - left, right - 120) == (11, 11)  # half the eraser's width, and up to a point's distance


def test_line_that_the_eraser_does_not_touch_stays() -> None:
    assert spans(drawn([(20, 100), (220, 100)], [(50, 20), (90, 20)], erased=[(120, 200)])) == [(20, 220), (50, 90)]


def test_line_that_is_covered_is_gone() -> None:
    assert spans(drawn([(20, 100), (60, 100)], [(100, 100)], erased=[(10, 100), (120, 100)])) == []


def test_eraser_that_grows_leaves_what_it_leaves_at_once_and_undo_brings_the_rest_back() -> None:
    line, path = [(20.0, 100.0), (220.0, 100.0)], [(40.0, 100.0), (90.0, 100.0), (130.0, 160.0)]
    growing, drawing = ErasedLines(), drawn(line, erased=path[:1])
    growing.of(drawing)
    for point in path[1:]:
        drawing.extend_stroke([point])
        growing.of(drawing)
    assert growing.of(drawing) == ErasedLines().of(drawn(line, erased=path))
    drawing.undo()
    assert spans(drawing, growing) == [(20, 220)]


def test_stroke_after_the_eraser_is_whole_and_grows() -> None:
    drawing, lines = drawn([(20, 100), (220, 100)], erased=[(120, 100)]), ErasedLines()
    lines.of(drawing)
    drawing.erasing = False
    drawing.start_stroke(100, 100)
    lines.of(drawing)
    drawing.extend_stroke([(140, 100)])
    assert spans(drawing, lines)[-1] == (100, 140)


def test_path_has_the_lines_that_are_left_and_the_pad_s_ink_stands_in_for_none() -> None:
    path = InkPath()
    path.erased = ErasedLines().of
    left = path.of(drawn([(20, 100), (60, 100)], [(100, 30), (100, 60)], erased=[(20, 100), (60, 100)]))
    assert left is not None
    numbers = [round(float(number), 4) for number in left]
    assert (numbers[0], numbers[1]) == ((len(numbers) - 2) / 2, 0.1)
    assert (numbers[2:4], numbers[-2:]) == ([100, 30], [100, 60])
    path.erased = ErasedLines().of
    assert path.of(drawn([(20, 100)], erased=[(20, 100)])) is None
