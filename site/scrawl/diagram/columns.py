"""The columns of the network's picture: the drawing, one for each hidden layer, and the ten answers. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.inspect.panels import SIDE, panels_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from scrawl.net.interfaces import LayerDescription

    type ColumnKind = Literal["drawing", "tiles", "maps", "units", "answers"]

ANSWERS = 10


class Column:
    """One column: `count` units, of which some are shown, each with a picture of `side` × `side` pixels.

    kind: `tiles` (weights by pixel), `maps` (activations), `units` (the ink that each answers to), or an end's.
    `stage` numbers the hidden layers from the bottom; the drawing is -1, the answers come after the last.
    """

    def __init__(self, kind: ColumnKind, stage: int, count: int, side: int) -> None:
        self.kind = kind
        self.stage = stage
        self.count = count
        self.side = side
        self.part = f"{kind}-{stage}"  # the name of its pictures

    def noun(self) -> str:
        """Return what stands in its places."""
        return "map" if self.kind == "maps" else "unit"


def columns_for(layers: Sequence[LayerDescription]) -> list[Column]:
    """Return the columns of a network, from left to right."""
    columns = [Column("drawing", -1, 1, SIDE)]
    for panel in panels_for(layers):
        if panel.kind in ("tiles", "maps"):
            columns.append(Column("tiles" if panel.kind == "tiles" else "maps", panel.stage, panel.count, panel.side))
        elif panel.kind == "units" and panel.stage:
            columns.append(Column("units", panel.stage, panel.count, SIDE))
    return [*columns, Column("answers", len(columns) - 1, ANSWERS, 0)]
