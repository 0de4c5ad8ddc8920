"""The pure parts of the page's half of looking inside: colours, keys, words, and what events make of the state."""

from typing import Any

import pytest
from scrawl.inspect import color_scale, descriptions, grid_navigation
from scrawl.inspect.inspect_state import TRANSITIONS, Confusion, Inside
from scrawl.inspect.panels import panels_for
from scrawl.state import transitions
from scrawl.state.app_state import State

BLUE, PAPER, ORANGE = (0, 0, 255), (245, 242, 235), (200, 80, 0)


def test_scale_goes_from_blue_by_way_of_paper_to_orange() -> None:
    colours = color_scale.diverging(BLUE, PAPER, ORANGE)
    pixels = [tuple(colours[at : at + 4]) for at in range(0, len(colours), 4)]
    assert len(pixels) == 255
    assert (pixels[0], pixels[127], pixels[254]) == ((*BLUE, 255), (*PAPER, 255), (*ORANGE, 255))
    assert all(0 <= value <= 255 for value in colours)
    assert pixels[191][2] < pixels[127][2]  # from paper towards orange


def test_overlay_lets_what_says_nothing_through() -> None:
    colours = color_scale.fading(BLUE, ORANGE)
    opacity = colours[3::4]
    assert (opacity[0], opacity[127], opacity[254]) == (255, 0, 255)
    assert opacity[127:] == sorted(opacity[127:])
    assert tuple(colours[:3]) == BLUE
    assert tuple(colours[-4:-1]) == ORANGE


@pytest.mark.parametrize(("text", "expected"), [(" #2a5bd0", (42, 91, 208)), ("#ffffff", (255, 255, 255))])
def test_token_is_read(text: str, expected: tuple) -> None:
    assert color_scale.parse(text) == expected


@pytest.mark.parametrize("text", ["", "rgb(1, 2, 3)", "#fff"])
def test_token_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="#rrggbb"):
        color_scale.parse(text)


@pytest.mark.parametrize(
    ("key", "place", "expected"),
    [
        ("ArrowRight", 3, 4), ("ArrowRight", 7, 7), ("ArrowLeft", 8, 8), ("ArrowLeft", 9, 8), ("ArrowDown", 5, 13),
        ("ArrowDown", 14, 14), ("ArrowUp", 5, 5), ("ArrowUp", 13, 5), ("Home", 13, 8), ("End", 3, 7), ("End", 17, 18),
        ("Tab", 3, None), ("Enter", 3, None),
    ],
)  # fmt: skip
def test_keys_move_through_a_grid_and_stop_at_its_edges(key: str, place: int, expected: int | None) -> None:
    assert grid_navigation.move(key, place, 19, 8) == expected  # rows of 8, 8 and 3


def network(*kinds: tuple) -> list[dict]:
    return [{"kind": kind, "name": name, "inputs": i, "outputs": o} for kind, name, i, o in kinds]


CONV = network(
    ("conv3x3", "conv1", 1, 32), ("relu", "", 0, 0), ("maxpool2", "", 0, 0),
    ("conv3x3", "conv2", 32, 64), ("relu", "", 0, 0), ("maxpool2", "", 0, 0), ("flatten", "", 0, 0),
    ("dense", "fc1", 3136, 128), ("relu", "", 0, 0), ("dense", "fc2", 128, 10), ("log_softmax", "", 0, 0),
)  # fmt: skip


def test_every_panel_is_explained() -> None:
    panels = panels_for(CONV)
    assert len({descriptions.title(panel) for panel in panels}) == len(panels)
    assert all(descriptions.sentence(panel).endswith(".") for panel in panels)
    assert [descriptions.kind(panel) for panel in panels] == ["map", "map", "map", "map", "unit"]
    assert "±0.25" in descriptions.scale(panels[0], 0.25)
    assert descriptions.scale(panels[1], 0.0) == "None of them answers."


def test_chosen_unit_says_for_what_it_speaks() -> None:
    votes = [0.0] * 10
    votes[3], votes[8] = 1.234, -0.5
    assert descriptions.chosen("unit", 4, 2.0, votes) == (
        "Unit 5 answers with 2.00. It speaks most for 3 (+1.23) and most against 8 (−0.50)."
    )
    assert "silent" in descriptions.chosen("map", 4, 0.0, votes)
    assert "Draw a digit" in descriptions.chosen("map", 4, None, votes)
    assert [descriptions.vote(value) for value in (0.04, 1.26, -0.31)] == ["0.0", "+1.3", "−0.3"]


@pytest.fixture
def state() -> State:
    transitions.register(TRANSITIONS)
    state: Any = State()
    state.inside = Inside()
    return state


def happen(state: State, *events: tuple[str, dict]) -> Any:
    for event, fields in events:
        transitions.apply(state, event, **fields)
    return state.inside


def test_votes_of_a_unit_chosen_before_are_not_shown(state: State) -> None:
    late = {"model": "mlp-128", "stage": 0, "unit": 3, "activation": 1.0, "votes": [0.0] * 10}
    choose = ("unit_chosen", {"stage": 0, "unit": 4})
    assert happen(state, choose, ("unit_explained", late)).votes is None
    assert happen(state, ("unit_explained", {**late, "unit": 4})).votes["activation"] == 1.0


def test_answers_about_another_network_are_not_shown(state: State) -> None:
    picture = {"panel": "fc1-tiles", "width": 1, "height": 1, "limit": 1.0, "buffer": b""}
    digits = {"label": 4, "reading": 9, "count": 0, "shares": [], "buffer": b""}
    salient = {"digit": 3, "speaks_for": 1.0, "against": 0.0, "buffer": b""}
    inside = happen(
        state,
        ("cell_opened", {"label": 4, "reading": 9}),
        ("panel_painted", {"model": "conv-32-64", **picture}),
        ("misread_digits", {"model": "conv-32-64", **digits}),
        ("saliency_painted", {"model": "conv-32-64", **salient}),
    )
    assert (inside.pictures, inside.misread, inside.salient) == ({}, None, None)


def test_another_network_begins_with_nothing_chosen(state: State) -> None:
    inside = happen(
        state,
        ("unit_chosen", {"stage": 0, "unit": 4}),
        ("cell_opened", {"label": 4, "reading": 9}),
        ("network_left", {}),
    )
    assert (inside.chosen, inside.cell, inside.pictures) == (None, None, {})


def test_counts_are_kept_for_each_network(state: State) -> None:
    counts = [0] * 100
    counts[0], counts[49], counts[44] = 5, 2, 8
    inside = happen(
        state, ("counting", {}), ("confusion_counted", {"model": "mlp-128", "iteration": 7, "counts": counts})
    )
    confusion: Confusion = inside.confusions["mlp-128"]
    assert not inside.counting
    assert (confusion.correct, confusion.total, confusion.worst, confusion.row_total(4)) == (13, 15, 2, 10)
    assert descriptions.counted(confusion) == "At iteration 7: of 15 test digits 13 are read right, 2 are not."
    assert descriptions.cell(4, 9, 2, 10) == "Of 10 digits meant as 4, 2 are read as 9: 20.0%."
    assert descriptions.cell(4, 4, 8, 10) == "Of 10 digits meant as 4, 8 are read right: 80.0%."


def test_counts_of_other_weights_are_forgotten(state: State) -> None:
    counted = {"iteration": 7, "counts": [1] * 100}
    inside = happen(
        state,
        ("confusion_counted", {"model": "mlp-128", **counted}),
        ("confusion_counted", {"model": "conv-32-64", **counted}),
        ("counts_stale", {"model": "mlp-128"}),
        ("counts_stale", {"model": "mlp-128-64"}),
    )
    assert list(inside.confusions) == ["conv-32-64"]


@pytest.mark.parametrize(("steps", "tone"), [(3, "good"), (0, "warning")])
def test_what_learning_has_changed_is_told_and_counts_as_a_change(state: State, steps: int, tone: str) -> None:
    learned = {"label": 4, "reading": 9, "count": 5, "right": 5, "steps": steps, "rate": 0.3}
    inside = happen(state, ("learn_wanted", {}), ("trained_on_misread", {"model": "mlp-128", **learned}))
    assert inside.notice.tone == tone
    assert not inside.learning
    assert state.record.modified == (steps > 0)


def test_others_read_along(state: State) -> None:
    shares = [0.0] * 9 + [1.0] + [0.1] * 10
    inside = happen(
        state,
        ("along", {"model": "conv-32-64", "stage": "loading"}),
        ("comparison_added", {"model": "conv-32-64"}),
        ("comparison_failed", {"model": "mlp-128-64", "message": "fc1.weight is missing"}),
        ("all_predicted", {"models": ["conv-32-64", "mlp-128"], "probabilities": shares}),
    )
    assert inside.along == {"conv-32-64": "there", "mlp-128-64": "fc1.weight is missing"}
    assert inside.readings == {"conv-32-64": shares[:10], "mlp-128": shares[10:]}
    assert happen(state, ("all_predicted", {"models": ["mlp-128"], "probabilities": []})).readings == {}


def test_another_worker_knows_nothing_of_what_the_last_one_counted(state: State) -> None:
    inside = happen(
        state,
        ("counting", {}),
        ("confusion_counted", {"model": "mlp-128", "iteration": 7, "counts": [1] * 100}),
        ("cell_opened", {"label": 4, "reading": 9}),
        ("learn_wanted", {}),
        ("comparison_added", {"model": "conv-32-64"}),
        ("worker_anew", {}),
    )
    assert (inside.confusions, inside.cell, inside.along, inside.learning) == ({}, None, {}, False)


def test_moment_of_the_timeline() -> None:
    assert descriptions.moment((3, 400, 0.9612), 5) == "Iteration 400: 96.12% of the test digits read right."
    assert "Live" in descriptions.moment(None, 5)
    assert "1 moment " in descriptions.moment(None, 1)
