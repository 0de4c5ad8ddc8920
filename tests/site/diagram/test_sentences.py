"""What the network's picture says of its parts."""

import pytest
from scrawl.diagram import sentences
from scrawl.diagram.columns import columns_for
from scrawl.diagram.diagram_state import Choice, DrawnNetwork

from tests.support.networks.kernel_networks import NETWORKS, layers_described

COLUMNS = columns_for(layers_described(NETWORKS["mlp-128-64"]))
MAPS = columns_for(layers_described(NETWORKS["conv-32-64"]))
VOTES = [0.0, 0, 0, 1.25, 0, 0, 0, 0, -0.5, 0]
LINKS = [[[0.8, -0.4]], [[0.1]] * 3 + [[1.25]] + [[-0.5]] * 6]
DRAWN = DrawnNetwork(True, [[16, 3], [4]], [[2.0, 0.0], [1.5]], LINKS, [], VOTES, {})
BLANK = DrawnNetwork(False, [[16, 3], [4]], [], LINKS, [], [], {})


@pytest.mark.parametrize(
    ("wide", "expected"),
    [
        (True, ["What it sees", "First layer, 2 of 128 units", "Second layer, 64 units", "Answers"]),
        (False, ["Input", "2 of 128", "64", ""]),
    ],
)
def test_columns_have_headings(wide: bool, expected: list[str]) -> None:
    assert [sentences.heading(*pair, wide) for pair in zip(COLUMNS, (1, 2, 64, 10), strict=True)] == expected


def test_unit_says_how_it_answers_and_for_what() -> None:
    said = sentences.unit(COLUMNS[1], DRAWN, 16)
    assert said == (
        "Unit 17 of the first layer answers with 2.00. It speaks most for 3 (+1.25), most against 8 (−0.50)."
    )
    assert "is silent" in sentences.unit(COLUMNS[1], DRAWN, 3)
    assert "looks for ink on the orange" in sentences.unit(COLUMNS[1], BLANK, 3)
    assert "listens to the layer before" in sentences.unit(COLUMNS[2], BLANK, 4)


def test_unit_that_answers_below_zero_is_not_silent() -> None:
    network = DrawnNetwork(True, [[16, 3], [4]], [[-0.75, 0.0], [1.5]], LINKS, [], VOTES, {})
    assert "answers with −0.75" in sentences.unit(COLUMNS[1], network, 16)
    assert "makes it answer with −0.75" in sentences.link(COLUMNS, network, Choice("link", 1, 16, 0))
    assert "counts as 0" not in sentences.step(30, 2, -0.5, "tanh")


def test_answer_says_how_sure_and_why() -> None:
    assert sentences.answer(3, 0.97, DRAWN, COLUMNS[2]) == "3: 97% sure. Unit 5 speaks most for it (+1.25)."
    assert sentences.answer(8, 0.01, DRAWN, COLUMNS[2]) == "8: 1% sure. Unit 5 speaks most against it (−0.50)."
    assert sentences.answer(3, None, BLANK, COLUMNS[2]).startswith("The answer 3: orange lines speak for it")


@pytest.mark.parametrize(
    ("network", "choice", "expected"),
    [
        (
            DRAWN,
            Choice("link", 2, 4, 16),
            "Unit 17 answers with 2.00 and adds 0.80 to unit 5 of the second layer: its weight is +0.40.",
        ),
        (
            DRAWN,
            Choice("link", 3, 8, 4),
            "Unit 5 answers with 1.50 and takes 0.50 from the score of 8: its weight is −0.33.",
        ),
        (
            BLANK,
            Choice("link", 2, 4, 3),
            "From unit 4 to unit 5: a weight of −0.40. The louder it is, the quieter is unit 5.",
        ),
        (
            BLANK,
            Choice("link", 3, 3, 4),
            "From unit 5 to 3: a weight of +1.25. The louder it is, the likelier is 3.",
        ),
        (
            DRAWN,
            Choice("link", 1, 16),
            "From your drawing to unit 17: the ink, weighed and summed up, makes it answer with 2.00.",
        ),
        (
            DRAWN,
            Choice("link", 1, 3),
            "From your drawing to unit 4: the ink does not fit its pattern, so it stays silent.",
        ),
        (BLANK, Choice("link", 1, 3), "All 784 pixels lead to unit 4, each by its own weight."),
    ],
)
def test_connection_says_what_it_does(network: DrawnNetwork, choice: Choice, expected: str) -> None:
    assert sentences.link(COLUMNS, network, choice) == expected


def test_maps_are_called_maps() -> None:
    assert sentences.name(MAPS[1], 4) == "map 5"
    assert sentences.link(MAPS, BLANK, Choice("link", 1, 3)).endswith("every place of the picture to map 4.")


def test_overview_invites_or_says_what_is_shown() -> None:
    assert sentences.overview(COLUMNS, None, None).startswith("Draw, and see")
    assert sentences.overview(COLUMNS, DRAWN, 3).startswith("The units that count most for this 3.")


def test_step_of_a_convolution_says_what_it_finds() -> None:
    assert sentences.step(29, 5, 0.84) == (
        "Row 2, column 2: nine products and the bias make 0.84: so clearly filter 5 finds its pattern here."
    )
    assert "−0.84, which counts as 0: filter 5 does not" in sentences.step(29, 5, -0.84)
