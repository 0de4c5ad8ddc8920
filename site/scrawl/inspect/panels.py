"""Which pictures show the inside of a network: its weights and, for a drawing, its activations, layer by layer. Pure.

Page and worker agree by this: the page makes room for the panels, the worker paints them.
"""

SIDE = 28  # of a digit


class Panel:
    """`count` pictures of `side` × `side` about one layer; `stage` numbers the hidden layers from the bottom.

    kind: `tiles` (weights by pixel), `filters` (3×3 weights), `maps` or `units` (activations).
    """

    def __init__(self, kind: str, layer: str, count: int, side: int, stage: int, inputs: int = 0) -> None:
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


def panels_for(layers: list) -> list:
    """Return the panels of a network, from its manifest's list of layers, in the order of the layers."""
    panels: list = []
    side, stage = SIDE, 0
    for place, layer in enumerate(layers):
        name, inputs, outputs = layer.get("name", ""), layer.get("inputs", 0), layer.get("outputs", 0)
        if layer["kind"] == "conv3x3":
            side //= 2  # by the pooling that follows
            panels.append(Panel("filters", name, inputs if stage else outputs, 3, stage, inputs))
            panels.append(Panel("maps", name, outputs, side, stage))
            stage += 1
        elif layer["kind"] == "dense" and layers[place + 1]["kind"] == "relu":
            if not stage:
                panels.append(Panel("tiles", name, outputs, SIDE, stage))
            panels.append(Panel("units", name, outputs, 1, stage))
            stage += 1
    return panels


def columns_for(panel: object, width: float) -> int:
    """Return how many pictures stand side by side in so many CSS pixels; each has at least 24."""
    most = 8 if panel.count <= 32 else 16
    while most > 4 and width / most < 24:
        most //= 2
    return most
