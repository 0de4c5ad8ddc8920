"""The panels of a network, the colours they are painted with, and walking through their cells."""

import pytest
from scrawl.inspect.panels import columns_for, diverging_palette, fading_palette, neighbour, panels_for, parse_colour

from tests.support.networks.kernel_networks import NETWORKS, layers_described

BLUE, PAPER, ORANGE = (0, 0, 255), (245, 242, 235), (200, 80, 0)


def test_panels_follow_the_layers() -> None:
    found = {name: [panel.name for panel in panels_for(layers_described(NETWORKS[name]))] for name in NETWORKS}
    assert found["mlp-128"] == ["fc1-tiles", "fc1-units"]
    assert found["mlp-128-64"] == ["fc1-tiles", "fc1-units", "fc2-units"]
    assert found["conv-32-64"] == ["conv1-filters", "conv1-maps", "conv2-filters", "conv2-maps", "fc1-units"]
    assert found["no hidden layer"] == []
    sizes = [(panel.count, panel.side, panel.stage) for panel in panels_for(layers_described(NETWORKS["conv-32-64"]))]
    assert sizes == [(32, 3, 0), (32, 14, 0), (32, 3, 1), (64, 7, 1), (128, 1, 2)]


@pytest.mark.parametrize(("width", "columns"), [(300, [12, 8]), (800, [16, 8]), (100, [4, 4])])
def test_pictures_are_wide_enough_to_be_touched(width: float, columns: list[int]) -> None:
    panels = [panels_for(layers_described(NETWORKS[name]))[0] for name in ("mlp-128", "conv-32-64")]
    assert [columns_for(panel, width) for panel in panels] == columns
    assert all(width / count >= 24 for count in columns)


def test_palette_goes_from_blue_through_paper_to_orange() -> None:
    colours = diverging_palette(BLUE, PAPER, ORANGE)
    pixels = [tuple(colours[at : at + 4]) for at in range(0, len(colours), 4)]
    assert len(pixels) == 255
    assert (pixels[0], pixels[127], pixels[254]) == ((*BLUE, 255), (*PAPER, 255), (*ORANGE, 255))
    assert all(0 <= value <= 255 for value in colours)
    assert pixels[191][2] < pixels[127][2]  # from paper towards orange


def test_overlay_is_transparent_at_zero() -> None:
    colours = fading_palette(BLUE, ORANGE)
    opacity = colours[3::4]
    assert (opacity[0], opacity[127], opacity[254]) == (255, 0, 255)
    assert opacity[127:] == sorted(opacity[127:])
    assert tuple(colours[:3]) == BLUE
    assert tuple(colours[-4:-1]) == ORANGE


@pytest.mark.parametrize(("text", "expected"), [(" #2a5bd0", (42, 91, 208)), ("#ffffff", (255, 255, 255))])
def test_colour_is_parsed(text: str, expected: tuple[int, int, int]) -> None:
    assert parse_colour(text) == expected


@pytest.mark.parametrize("text", ["", "rgb(1, 2, 3)", "#fff"])
def test_colour_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="#rrggbb"):
        parse_colour(text)


@pytest.mark.parametrize(
    ("key", "place", "expected"),
    [
        ("ArrowRight", 3, 4), ("ArrowRight", 7, 7), ("ArrowLeft", 8, 8), ("ArrowLeft", 9, 8), ("ArrowDown", 5, 13),
        ("ArrowDown", 14, 14), ("ArrowUp", 5, 5), ("ArrowUp", 13, 5), ("Home", 13, 8), ("End", 3, 7), ("End", 17, 18),
        ("Tab", 3, None), ("Enter", 3, None),
    ],
)  # fmt: skip
def test_keys_move_through_a_grid_and_stop_at_its_edges(key: str, place: int, expected: int | None) -> None:
    assert neighbour(key, place, 19, 8) == expected  # rows of 8, 8 and 3
