"""What the network's picture says of a unit, an answer, a connection or a step, in one or two sentences. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.inspect.descriptions import ORDINALS, number, signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrawl.diagram.columns import Column
    from scrawl.diagram.diagram_state import Choice, DrawnNetwork

INVITATION = "Draw, and see what lights up. Point at a unit or a line to see what it does."
LINES = "Orange lines say yes, blue ones no."


def heading(column: Column, shown: int, wide: bool) -> str:
    """Return what stands above a column."""
    if column.kind == "drawing":
        return "What it sees" if wide else "Input"
    if column.kind == "answers":
        return "Answers" if wide else ""
    count = f"{shown} of {column.count}" if shown < column.count else f"{column.count}"
    return f"{ORDINALS[column.stage].capitalize()} layer, {count} {column.noun()}s" if wide else count


def name(column: Column, unit: int) -> str:
    """Return what a unit or an answer is called."""
    if column.kind == "answers":
        return str(unit)
    return f"{column.noun()} {unit + 1}"


def overview(columns: Sequence[Column], network: DrawnNetwork | None, digit: int | None) -> str:
    """Return what the picture shows while nothing is chosen."""
    if network is None or not network.drawn or digit is None:
        return INVITATION
    if any(len(units) < column.count for units, column in zip(network.units, columns[1:-1], strict=False)):
        return f"The units that count most for this {digit}. {LINES}"
    return LINES


def unit(column: Column, network: DrawnNetwork, unit: int) -> str:
    """Return what a unit does for the drawing."""
    called, layer = name(column, unit).capitalize(), ORDINALS[column.stage]
    if not network.drawn:
        return f"{called} of the {layer} layer {_wants(column)}"
    activation = network.activations[column.stage][network.place_of(column.stage, unit)]
    if not activation:
        return f"{called} of the {layer} layer is silent: it does not find its pattern in your drawing."
    said = f"{called} of the {layer} layer answers with {number(activation)}"
    if len(network.contributions) < 10:
        return f"{said}."
    votes = network.contributions
    most, least = (choose(range(10), key=votes.__getitem__) for choose in (max, min))
    return (
        f"{said}. It speaks most for {most} ({signed(votes[most])}), most against {least} ({signed(votes[least])})."
    )


def _wants(column: Column) -> str:
    if column.kind == "tiles":
        return "looks for ink on the orange and for none on the blue. Draw, and it answers."
    if column.kind == "maps" and column.stage == 0:
        return "shows where its filter of 3×3 weights finds its little pattern. Draw, and it fills."
    return "listens to the layer before: orange lines make it louder, blue ones quieter."


def answer(digit: int, probability: float | None, network: DrawnNetwork, below: Column) -> str:
    """Return how sure the network is of a digit, and why."""
    if not network.drawn or probability is None:
        return f"The answer {digit}: orange lines speak for it, blue ones against it."
    said = f"{digit}: {probability:.0%} sure"
    row = network.links[-1][digit] if network.links else []
    if not any(row):
        return f"{said}."
    most, least = (choose(range(len(row)), key=row.__getitem__) for choose in (max, min))
    parts = [
        f"{name(below, network.unit_at(below.stage, place))} speaks most {word} ({signed(row[place])})"
        for place, word in ((most, "for it"), (least, "against it"))
        if (row[place] > 0) == (word == "for it")
    ]
    return f"{said}. {', '.join(parts).capitalize()}."


def link(columns: Sequence[Column], network: DrawnNetwork, choice: Choice) -> str:
    """Return what a connection does."""
    above, below = columns[choice.column], columns[choice.column - 1]
    target = name(above, choice.unit)
    if below.kind == "drawing":
        return _from_drawing(above, target, network, choice.unit)
    strength = strength_of(network, below, choice)
    source = name(below, choice.source).capitalize()
    to = f"the score of {target}" if above.kind == "answers" else f"{target} of the {ORDINALS[above.stage]} layer"
    if not network.drawn:
        effect = "louder" if strength > 0 else "quieter"
        if above.kind == "answers":
            effect = "likelier" if strength > 0 else "less likely"
        said = f"From {source.lower()} to {target}: a weight of {signed(strength)}"
        return f"{said}. The louder it is, the {effect} is {target}."
    activation = network.activations[below.stage][network.place_of(below.stage, choice.source)]
    verb = "adds" if strength > 0 else "takes"
    direction = "to" if strength > 0 else "from"
    said = f"{source} answers with {number(activation)} and {verb} {number(abs(strength))} {direction} {to}"
    if below.kind == "maps" or not activation:
        return f"{said}."
    return f"{said}: its weight is {signed(strength / activation)}."


def _from_drawing(above: Column, target: str, network: DrawnNetwork, unit: int) -> str:
    if not network.drawn:
        return (
            f"All 784 pixels lead to {target}, each by its own weight."
            if above.kind != "maps"
            else (f"The same nine weights lead from every place of the picture to {target}.")
        )
    activation = network.activations[0][network.place_of(0, unit)]
    if not activation:
        return f"From your drawing to {target}: the ink does not fit its pattern, so it stays silent."
    return (
        f"From your drawing to {target}: the ink, weighed and summed up, makes it answer with {number(activation)}."
    )


def strength_of(network: DrawnNetwork, below: Column, choice: Choice) -> float:
    """Return a connection's strength, 0 if one of its ends is not shown any more."""
    rows = network.links[below.stage]
    source, target = network.place_of(below.stage, choice.source), network.place_of(below.stage + 1, choice.unit)
    return rows[target][source] if source >= 0 and target >= 0 else 0.0


def step(window: int, filter_number: int, value: float, activation: str = "relu") -> str:
    """Return what one step of a convolution finds; the activation makes the map's answer of it."""
    said = f"Row {window // 28 + 1}, column {window % 28 + 1}: nine products and the bias make"
    if value > 0:
        return f"{said} {number(value)}: so clearly filter {filter_number} finds its pattern here."
    counts = ", which counts as 0" if activation == "relu" else ""
    return f"{said} {signed(value)}{counts}: filter {filter_number} does not find its pattern here."
