"""Which units and which connections of a network are shown. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrawl.diagram.diagram_state import Choice, DrawnNetwork

    type Link = tuple[int, int, float]  # source's place, target's place, strength
    type ShownLink = tuple[int, int, int, float]  # column it leads to, source's and target's places, share

STAYS = 0.6  # of a newcomer's importance lets a unit stay: so places seldom change under the pen
LINKS_PER_TARGET = 3  # on average
MOST_LINKS = 48  # between two columns


def choose_units(importance: Sequence[float], count: int, before: Sequence[int], pinned: int = -1) -> list[int]:
    """Return which units stand in `count` places: the most important ones.

    Those that were there before keep their places while they matter enough; the `pinned` one is shown anyway. Where
    nothing was before, they stand in their own order.
    """
    count = min(count, len(importance))
    if count == len(importance):
        return list(range(count))
    values = [value if value == value else 0.0 for value in importance]  # NaN, of a training that has gone wrong
    if pinned >= 0:
        values[pinned] = 2 * max(values) + 1
    ranked = sorted(range(len(values)), key=lambda unit: -values[unit])
    if len(before) != count:
        return sorted(ranked[:count])
    places = [*before]
    for unit in ranked:
        if unit not in places:
            weakest = min(range(count), key=lambda place: values[places[place]])
            if STAYS * values[unit] <= values[places[weakest]]:
                break
            places[weakest] = unit
    return places


def strongest(rows: Sequence[Sequence[float]], most: int = MOST_LINKS) -> list[Link]:
    """Return the strongest connections, weakest first; a row has what leads to one target from each source."""
    links = [
        (source, target, strength)
        for target, row in enumerate(rows)
        for source, strength in enumerate(row)
        if abs(strength) > 0  # which NaN is not
    ]
    links.sort(key=lambda link: abs(link[2]))
    wanted = min(most, LINKS_PER_TARGET * max(len(rows), 1))
    return links[-wanted:]


def links_to_show(network: DrawnNetwork | None) -> list[ShownLink]:
    """Return the strongest connections between each two columns, as shares of the strongest one, which comes last."""
    if network is None or not network.units:
        return []
    shown: list[ShownLink] = [(1, 0, place, network.loudness(0, place)) for place in range(len(network.units[0]))]
    for column, rows in enumerate(network.links, 2):
        found = strongest(rows)
        most = abs(found[-1][2]) if found else 1.0
        shown += [(column, source, target, strength / most) for source, target, strength in found]
    return shown


def is_part_of(network: DrawnNetwork, choice: Choice, column: int, source: int, target: int) -> bool:
    """Return whether a connection is the chosen one, or leads to or from the chosen unit."""
    goal = network.place_of(choice.column - 1, choice.unit)
    if choice.kind == "link":
        start = network.place_of(choice.column - 2, choice.source)
        return column == choice.column and target == goal and (column == 1 or source == start)
    return (column == choice.column and target == goal) or (column == choice.column + 1 and source == goal)


def is_chosen(network: DrawnNetwork, choice: Choice | None, column: int, place: int) -> bool:
    """Return whether the chosen unit stands in a place."""
    if choice is None or choice.kind != "unit" or choice.column != column:
        return False
    return network.place_of(column - 1, choice.unit) == place
