"""The network's picture fits every box, nothing lies over anything else, and curves are found where they are."""

import itertools

import pytest
from scrawl.diagram.columns import Column, columns_for
from scrawl.diagram.convolution_layout import ConvolutionLayout
from scrawl.diagram.geometry import HEAD, TARGET, Layout, height_at, nearest

from model_export.architectures import LOG_SOFTMAX as TOP
from model_export.architectures import RELU, dense
from tests.support.networks.kernel_networks import NETWORKS, layers_described

DEEP = (
    *itertools.chain(*((dense(f"fc{n}", 784 if n == 1 else 64, 64), RELU) for n in range(1, 7))),
    dense("top", 64, 10),
    TOP,
)
COLUMNS = {name: columns_for(layers_described(layers)) for name, layers in {**NETWORKS, "six layers": DEEP}.items()}
BOXES = [(340, 180), (340, 240), (360, 420), (500, 300), (760, 300), (1100, 200), (1100, 500), (1800, 900)]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("mlp-128", ["drawing", "tiles", "answers"]),
        ("mlp-128-64", ["drawing", "tiles", "units", "answers"]),
        ("conv-32-64", ["drawing", "maps", "maps", "units", "answers"]),
        ("no hidden layer", ["drawing", "answers"]),
    ],
)
def test_columns_follow_the_layers(name: str, kinds: list[str]) -> None:
    assert [column.kind for column in COLUMNS[name]] == kinds
    assert [column.stage for column in COLUMNS[name]] == [*range(-1, len(kinds) - 1)]


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("name", COLUMNS)
def test_everything_is_inside_the_box(name: str, box: tuple[float, float]) -> None:
    layout = Layout(COLUMNS[name], *box)
    for placed in layout.columns:
        assert placed.left() >= 0
        assert placed.right() <= box[0] + 0.01
        for place, top in enumerate(placed.tops):
            assert top >= HEAD - 0.01
            assert top + placed.size <= box[1] + 0.01
            assert placed.left(place) <= placed.picture(place) + 0.01


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("name", COLUMNS)
def test_nothing_lies_over_anything_else(name: str, box: tuple[float, float]) -> None:
    layout = Layout(COLUMNS[name], *box)
    squares = [
        (placed.left(place), placed.picture(place) + placed.size, top, top + placed.size)
        for placed in layout.columns
        for place, top in enumerate(placed.tops)
    ]
    for (left, right, top, bottom), other in itertools.combinations(squares, 2):
        assert (
            right <= other[0] + 0.01 or other[1] <= left + 0.01 or bottom <= other[2] + 0.01 or other[3] <= top + 0.01
        )


def test_larger_type_moves_everything_down() -> None:
    layout = Layout(COLUMNS["mlp-128"], 700, 300, head=34)
    assert min(min(placed.tops) for placed in layout.columns) >= 34
    assert max(placed.tops[-1] + placed.size for placed in layout.columns) <= 300
    assert layout.target(2, 0)[1] == 34


def test_larger_boxes_show_more_units_and_larger_ones() -> None:
    small, large = (Layout(COLUMNS["mlp-128"], *box).columns[1] for box in ((340, 240), (1100, 500)))
    assert len(small.tops) >= 8
    assert len(large.tops) >= 16
    assert large.size >= 1.4 * small.size >= 25


@pytest.mark.parametrize("box", BOXES[1:])
def test_units_can_be_touched(box: tuple[float, float]) -> None:
    layout = Layout(COLUMNS["mlp-128-64"], *box)
    for column in (1, 2):
        for place in range(len(layout.columns[column].tops)):
            assert min(layout.target(column, place)[2:]) >= TARGET


def test_curve_leaves_and_arrives_level() -> None:
    curve = (100.0, 50.0, 300.0, 150.0)
    assert height_at(curve, 100) == pytest.approx(50, abs=0.1)
    assert height_at(curve, 300) == pytest.approx(150, abs=0.1)
    assert height_at(curve, 200) == pytest.approx(100, abs=0.1)
    assert height_at(curve, 110) == pytest.approx(50, abs=2)
    assert height_at(curve, 99) is None


def test_nearest_curve_is_found_and_the_upper_one_of_equals() -> None:
    curves = [(0.0, 0.0, 100.0, 0.0), (0.0, 50.0, 100.0, 50.0), (0.0, 50.0, 100.0, 50.0)]
    assert nearest(curves, (50, 3)) == 0
    assert nearest(curves, (50, 52)) == 2
    assert nearest(curves, (50, 25)) is None


def test_connections_start_and_end_at_their_columns() -> None:
    layout = Layout(COLUMNS["mlp-128"], 700, 300)
    drawing, units, _ = layout.columns
    first = [layout.curve(1, 0, place) for place in range(len(units.tops))]
    assert {curve[0] for curve in first} == {drawing.right()}
    assert all(drawing.tops[0] <= curve[1] <= drawing.tops[0] + drawing.size for curve in first)
    assert layout.curve(2, 3, 9) == (
        units.right(),
        units.middle(3),
        layout.columns[2].left(),
        layout.columns[2].middle(9),
    )


@pytest.mark.parametrize("box", BOXES)
def test_convolution_fits_the_box(box: tuple[float, float]) -> None:
    layout = ConvolutionLayout(*box)
    squares = [layout.drawing, layout.map, layout.pixels, layout.weights, layout.sum]
    for x, y, side in squares:
        assert 0 <= x <= x + side <= box[0] + 0.01
        assert 0 <= y <= y + side <= box[1] + 0.01
    for (x, y, side), (other_x, other_y, other) in itertools.combinations(squares, 2):
        assert x + side <= other_x or other_x + other <= x or y + side <= other_y or other_y + other <= y


def test_six_layers_have_columns_of_units() -> None:
    kinds = [column.kind for column in COLUMNS["six layers"]]
    assert kinds == ["drawing", "tiles", *["units"] * 5, "answers"]
    assert isinstance(COLUMNS["six layers"][0], Column)
