"""The drawing: strokes, undo, sheets, and the smooth curve through points."""

from itertools import pairwise

import pytest
from scrawl.state.drawing import PEN, SIDE, Drawing, smooth, to_surface


@pytest.fixture
def drawing() -> Drawing:
    return Drawing()


def lines(drawing: Drawing) -> list[list[tuple[float, float]]]:
    return [points for _kind, points, _width, _erases in drawing.strokes()]


def test_new_drawing_is_blank(drawing: Drawing) -> None:
    assert drawing.is_blank()
    assert drawing.strokes() == []


def test_stroke_collects_points(drawing: Drawing) -> None:
    drawing.start_stroke(10, 20)
    drawing.extend_stroke([(11, 21), (12, 22)])
    assert lines(drawing) == [[(10, 20), (11, 21), (12, 22)]]


def test_repeated_points_are_left_out(drawing: Drawing) -> None:
    drawing.start_stroke(10, 20)
    before = drawing.revision
    drawing.extend_stroke([(10, 20)])
    assert lines(drawing) == [[(10, 20)]]
    assert drawing.revision == before


def test_points_outside_are_moved_to_the_edge(drawing: Drawing) -> None:
    drawing.start_stroke(-5, 20)
    drawing.extend_stroke([(SIDE + 40, SIDE + 1)])
    assert lines(drawing) == [[(0, 20), (SIDE, SIDE)]]


def test_stroke_does_not_grow_once_something_else_is_newest(drawing: Drawing) -> None:
    drawing.start_stroke(10, 20)
    drawing.undo()
    drawing.extend_stroke([(11, 21)])
    assert drawing.is_blank()
    drawing.start_stroke(10, 20)
    drawing.show_sample(b"picture", 4)
    drawing.extend_stroke([(11, 21)])
    drawing.drop_stroke()
    assert drawing.sample() == (b"picture", 4)
    assert drawing.strokes() == []


def test_dropped_stroke_leaves_the_others_and_no_redo_brings_it_back(drawing: Drawing) -> None:
    drawing.start_stroke(1, 1)
    drawing.start_stroke(2, 2)
    drawing.drop_stroke()
    drawing.drop_stroke()  # nothing more to drop: the first stroke was lifted long ago
    drawing.redo()
    assert lines(drawing) == [[(1, 1)]]


def test_undo_takes_back_the_last_stroke(drawing: Drawing) -> None:
    drawing.start_stroke(1, 1)
    drawing.start_stroke(2, 2)
    drawing.undo()
    assert lines(drawing) == [[(1, 1)]]
    drawing.undo()
    drawing.undo()  # nothing left: nothing happens
    assert drawing.is_blank()


def test_redo_brings_back_what_undo_took(drawing: Drawing) -> None:
    drawing.start_stroke(1, 1)
    drawing.clear()
    drawing.start_stroke(2, 2)
    for _ in range(4):  # one more than there is
        drawing.undo()
    assert drawing.is_blank()
    drawing.redo()
    assert lines(drawing) == [[(1, 1)]]
    drawing.redo()
    assert drawing.is_blank()
    drawing.redo()
    drawing.redo()
    assert lines(drawing) == [[(2, 2)]]


def test_drawing_on_forgets_what_was_undone(drawing: Drawing) -> None:
    drawing.start_stroke(1, 1)
    drawing.undo()
    drawing.start_stroke(2, 2)
    assert drawing.undone == []


def test_stroke_keeps_the_pen_it_was_drawn_with(drawing: Drawing) -> None:
    drawing.start_stroke(1, 1)
    drawing.pen, drawing.erasing = 34.0, True
    drawing.start_stroke(2, 2)
    assert [stroke[2:] for stroke in drawing.strokes()] == [(PEN, False), (34.0, True)]


def test_eraser_alone_leaves_the_sheet_blank(drawing: Drawing) -> None:
    drawing.erasing = True
    drawing.start_stroke(1, 1)
    assert drawing.is_blank()
    drawing.erasing = False
    drawing.start_stroke(1, 1)
    assert not drawing.is_blank()


def test_image_starts_a_sheet(drawing: Drawing) -> None:
    drawing.start_stroke(1, 1)
    drawing.show_image(b"image", [])
    assert drawing.ground() == ("image", b"image", [])
    assert drawing.sample() is None
    assert not drawing.is_blank()
    drawing.undo()
    assert lines(drawing) == [[(1, 1)]]


def test_clear_can_be_undone(drawing: Drawing) -> None:
    drawing.start_stroke(1, 1)
    drawing.clear()
    assert drawing.is_blank()
    drawing.undo()
    assert lines(drawing) == [[(1, 1)]]


def test_clearing_a_blank_sheet_is_no_action(drawing: Drawing) -> None:
    drawing.clear()
    assert drawing.actions == []


def test_sample_starts_a_sheet_that_can_be_drawn_over(drawing: Drawing) -> None:
    drawing.start_stroke(1, 1)
    drawing.show_sample(b"picture", 4)
    assert drawing.sample() == (b"picture", 4)
    assert drawing.strokes() == []
    drawing.start_stroke(2, 2)
    assert lines(drawing) == [[(2, 2)]]
    assert drawing.sample() == (b"picture", 4)
    drawing.undo()
    drawing.undo()
    assert drawing.sample() is None
    assert lines(drawing) == [[(1, 1)]]


def test_growth_is_no_rewrite_but_undo_is(drawing: Drawing) -> None:
    drawing.start_stroke(1, 1)
    drawing.extend_stroke([(5, 5)])
    assert drawing.rewrites == 0
    drawing.undo()
    assert drawing.rewrites == 1


def test_screen_points_become_surface_units() -> None:
    assert to_surface(150, 75, (100, 50, 140, 140)) == (100, 50)


def test_single_point_is_a_dot() -> None:
    assert smooth([(3, 4)], 0) == [(3, 4, 3, 4, 3, 4)]


def test_curve_runs_from_first_to_last_point_without_gaps() -> None:
    points = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (20.0, 10.0)]
    pieces = smooth(points, 0)
    assert pieces[0][:2] == points[0]
    assert pieces[-1][4:] == points[-1]
    for before, after in pairwise(pieces):
        assert before[4:] == after[:2]


def test_curve_painted_in_parts_is_the_whole_curve() -> None:
    points = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (20.0, 10.0), (25.0, 30.0)]
    whole = smooth(points, 0)
    parts = smooth(points[:3], 0) + smooth(points, 3)
    assert [piece for piece in whole if piece not in parts] == []
