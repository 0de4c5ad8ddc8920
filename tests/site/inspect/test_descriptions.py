"""The texts about layers, units and mistakes."""

from typing import Any

from scrawl.inspect import descriptions
from scrawl.inspect.inspect_state import ConfusionMatrix
from scrawl.inspect.panels import panels_for
from scrawl.net import names


def network(*kinds: tuple[str, str, int, int]) -> list[Any]:
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
    assert [descriptions.noun(panel) for panel in panels] == ["map", "map", "map", "map", "unit"]
    assert "±0.25" in descriptions.scale(panels[0], 0.25)
    assert descriptions.scale(panels[1], 0.0) == "None of them answers."


def test_units_that_do_not_find_their_pattern_are_told_of_by_activation() -> None:
    layers = names.parse("mlp-20-10.tanh.drop20").layers()
    said = [descriptions.sentence(panel) for panel in panels_for(layers) if panel.kind == "units"]
    assert len(said) == 2
    assert all("below zero" in text and "silent" not in text for text in said)
    assert "silent" in descriptions.sentence(panels_for(CONV)[-1])
    assert descriptions.chosen_unit("unit", 4, -0.8, [0.0] * 10).startswith("Unit 5 answers with −0.80.")


def test_chosen_unit_is_explained() -> None:
    contributions = [0.0] * 10
    contributions[3], contributions[8] = 1.234, -0.5
    assert descriptions.chosen_unit("unit", 4, 2.0, contributions) == (
        "Unit 5 answers with 2.00. It speaks most for 3 (+1.23) and most against 8 (−0.50)."
    )
    assert "silent" in descriptions.chosen_unit("map", 4, 0.0, contributions)
    assert "Draw a digit" in descriptions.chosen_unit("map", 4, None, contributions)
    assert [descriptions.contribution(value) for value in (0.04, 1.26, -0.31)] == ["0.0", "+1.3", "−0.3"]


def test_confusion_matrix_is_described() -> None:
    counts = [0] * 100
    counts[0], counts[49], counts[44] = 5, 2, 8
    confusion = ConfusionMatrix(7, counts)
    assert (
        descriptions.confusion_summary(confusion) == "At iteration 7: of 15 test digits 13 are read right, 2 are not."
    )
    assert descriptions.cell(4, 9, 2, 10) == "Of 10 digits meant as 4, 2 are read as 9: 20.0%."
    assert descriptions.cell(4, 4, 8, 10) == "Of 10 digits meant as 4, 8 are read right: 80.0%."


def test_timeline_position_is_described() -> None:
    assert (
        descriptions.timeline_position((3, 400, 0.9612), 5) == "Iteration 400: 96.12% of the test digits read right."
    )
    assert "Live" in descriptions.timeline_position(None, 5)
    assert "1 moment " in descriptions.timeline_position(None, 1)
