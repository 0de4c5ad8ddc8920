"""The pictures of a network's layers: which there are, in which colours, and how one walks through their cells. Pure.

The page makes room for the panels and the worker paints them; both follow the list made here. Colour-blind eyes can
tell blue and orange apart, too, and zero has the page's own colour, so that a value of zero does not show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from scrawl.net.interfaces import LayerDescription

    type Colour = tuple[int, int, int]  # red, green, blue
    type PanelKind = Literal["tiles", "filters", "maps", "units"]

SIDE = 28  # of a digit
HALF = 127  # colours on each side of zero
OPAQUE = 255
GAMMA = 0.6  # of the opacity, so that small values can be seen, too
STEPS = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, -1), "ArrowDown": (0, 1)}


class Panel:
    """`count` pictures of `side` × `side` about one layer; `stage` numbers the hidden layers from the bottom.

    kind: `tiles` (weights by pixel), `filters` (3×3 weights), `maps` or `units` (activations). `activation` is the
    kind of layer that makes the units' answers of their sums.
    """

    activation = "relu"

    def __init__(self, kind: PanelKind, layer: str, count: int, side: int, stage: int, inputs: int = 0) -> None:
        self.kind = kind
        self.layer = layer
        self.count = count
        self.side = side
        self.stage = stage
        self.inputs = inputs  # channels that a map has filters for
        self.name = f"{layer}-{kind}"

    def is_weights(self) -> bool:
        """Whether it shows weights: then it changes while the network learns, but not with the drawing."""
        return self.kind in ("tiles", "filters")


def panels_for(layers: Sequence[LayerDescription]) -> list[Panel]:
    """Return the panels of a network, in the order of its layers."""
    panels: list[Panel] = []
    side, stage = SIDE, 0
    for index, layer in enumerate(layers):
        name, inputs, outputs = layer.get("name", ""), layer.get("inputs", 0), layer.get("outputs", 0)
        if layer["kind"] == "conv3x3":
            side //= 2  # by the pooling that follows
            panels.append(Panel("filters", name, inputs if stage else outputs, 3, stage, inputs))
            panels.append(Panel("maps", name, outputs, side, stage))
            stage += 1
        elif layer["kind"] == "dense" and layers[index + 1]["kind"] != "log_softmax":
            if not stage:
                panels.append(Panel("tiles", name, outputs, SIDE, stage))
            units = Panel("units", name, outputs, 1, stage)
            units.activation = layers[index + 1]["kind"]
            panels.append(units)
            stage += 1
    return panels


# Cells


def columns_for(panel: Panel, width: float) -> int:
    """Return how many pictures stand side by side in so many CSS pixels; each has at least 24."""
    most = 8 if panel.count <= 32 else 16
    return next((columns for columns in (16, 12, 8) if columns <= most and width / columns >= 24), 4)


def neighbour(key: str, cell: int, count: int, columns: int) -> int | None:
    """Return the cell of a grid that a key leads to, None if the key does not move.

    Home and End lead to the ends of a row. At the edges one stays.
    """
    row, column = cell // columns, cell % columns
    last = min(columns, count - row * columns) - 1
    if key == "Home":
        return row * columns
    if key == "End":
        return row * columns + last
    if key not in STEPS:
        return None
    across, down = STEPS[key]
    target = (row + down) * columns + column + across
    stays = not 0 <= column + across < columns or not 0 <= target < count
    return cell if stays else target


# Colours


def parse_colour(text: str) -> Colour:
    """Return the colour written as #rrggbb, as the page's CSS variables have it."""
    digits = text.strip().lstrip("#")
    if len(digits) != 6:
        raise ValueError(f"a colour is written as #rrggbb, got {text!r}")
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def diverging_palette(negative: Colour, zero: Colour, positive: Colour) -> list[int]:
    """Return the RGBA bytes of 255 colours, from `negative` through `zero` to `positive`."""
    palette: list[int] = []
    for step in range(-HALF, HALF + 1):
        end, share = (positive, step / HALF) if step > 0 else (negative, -step / HALF)
        palette += [round(a + (b - a) * share) for a, b in zip(zero, end, strict=True)]
        palette.append(OPAQUE)
    return palette


def fading_palette(negative: Colour, positive: Colour) -> list[int]:
    """Return the RGBA bytes of 255 colours: opaque at both ends, and more transparent the nearer to zero."""
    opacities = [round(OPAQUE * (step / HALF) ** GAMMA) for step in range(HALF + 1)]
    palette: list[int] = []
    for opacity in opacities[:0:-1]:
        palette += [*negative, opacity]
    for opacity in opacities:
        palette += [*positive, opacity]
    return palette
