"""Which units and connections are shown, and that units keep their places under the pen."""

import pytest
from scrawl.diagram.diagram_state import Choice, DrawnNetwork
from scrawl.diagram.selection import choose_units, is_chosen, is_part_of, links_to_show, strongest

NAN = float("nan")


def test_most_important_units_stand_in_their_own_order() -> None:
    assert choose_units([0.1, 5, 0.2, 3, 4], 3, []) == [1, 3, 4]
    assert choose_units([0.1, 5], 3, []) == [0, 1]


def test_units_that_stay_keep_their_places() -> None:
    assert choose_units([0, 5, 9, 3, 4], 3, [1, 3, 4]) == [1, 2, 4]


def test_a_unit_stays_until_another_is_clearly_more_important() -> None:
    assert choose_units([3.0, 5, 4, 3.5], 3, [0, 1, 2]) == [0, 1, 2]
    assert choose_units([1.0, 5, 4, 3.5], 3, [0, 1, 2]) == [3, 1, 2]


def test_the_chosen_unit_is_shown_anyway() -> None:
    assert choose_units([9, 8, 7, 0.0], 2, [0, 1], pinned=3) == [0, 3]
    assert 3 in choose_units([9, 8, 7, 0.0], 2, [], pinned=3)


def test_units_of_a_training_that_went_wrong_can_be_chosen() -> None:
    assert len(choose_units([NAN] * 5, 3, [0, 1, 2])) == 3


def test_strongest_connections_come_last() -> None:
    assert strongest([[1.0, -3.0, 0.0], [NAN, 2.0, 0.5]], most=3) == [(0, 0, 1.0), (1, 1, 2.0), (1, 0, -3.0)]


def drawn_network() -> DrawnNetwork:
    links = [[[2.0, -4.0]], [[1.0]] * 10]
    return DrawnNetwork(True, [[7, 3], [5]], [[0.5, 1.0], [2.0]], links, [], [], {})


def test_connections_are_shares_of_the_strongest_between_two_columns() -> None:
    shown = links_to_show(drawn_network())
    assert shown[:4] == [(1, 0, 0, 0.5), (1, 0, 1, 1.0), (2, 0, 0, 0.5), (2, 1, 0, -1.0)]
    assert len(shown) == 14
    assert links_to_show(None) == []


@pytest.mark.parametrize(
    ("choice", "parts"),
    [
        (Choice("unit", 1, 3), [(1, 0, 1), (2, 1, 0)]),
        (Choice("unit", 2, 5), [(2, 0, 0), (2, 1, 0), (3, 0, 0), (3, 0, 1)]),
        (Choice("unit", 3, 1), [(3, 0, 1)]),
        (Choice("link", 2, 5, 7), [(2, 0, 0)]),
        (Choice("link", 1, 7), [(1, 0, 0)]),
    ],
)
def test_choice_means_its_connections(choice: Choice, parts: list[tuple[int, int, int]]) -> None:
    everything = [(1, 0, 0), (1, 0, 1), (2, 0, 0), (2, 1, 0), (3, 0, 0), (3, 0, 1)]
    assert [link for link in everything if is_part_of(drawn_network(), choice, *link)] == parts


def test_chosen_unit_is_found_in_its_place() -> None:
    network = drawn_network()
    assert is_chosen(network, Choice("unit", 1, 3), 1, 1)
    assert not is_chosen(network, Choice("unit", 1, 3), 2, 1)
    assert not is_chosen(network, Choice("link", 1, 3), 1, 1)
