"""Answers requests for the network as a picture: which units to show, how they answer, how they are connected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from javascript import JSON

from scrawl.diagram.selection import choose_units
from scrawl.diagram.strengths import Strengths
from scrawl.inspect.panels import panels_for
from scrawl.worker.training_handlers import now

if TYPE_CHECKING:
    from scrawl.inspect.attribution import Attribution
    from scrawl.inspect.panels import Panel
    from scrawl.inspect.tile_painter import Painted
    from scrawl.net.network import Network
    from scrawl.worker.inspection_handlers import InspectionHandlers
    from scrawl.worker.main import Worker

    type Chosen = tuple[int, int] | None  # stage and unit; the stage after the last is the answers'

RENEW = 1.0  # seconds for which the choice of units holds while nothing is drawn


class Shown:
    """What is shown of one network: its connections, and which units stand in the places."""

    def __init__(self, strengths: Strengths) -> None:
        self.strengths = strengths
        self.units: list[list[int]] = []
        self.weighed = -RENEW  # when they were last chosen by weight

    def choose(self, sizes: list[int], digit: int | None, chosen: Chosen) -> None:
        """Choose the units that matter most for a digit, or by their weights."""
        same = [len(units) for units in self.units] == sizes
        if digit is None and same and now() - self.weighed < RENEW:
            return
        if digit is None:
            self.weighed = now()
        importance = self.strengths.importance_by_weight() if digit is None else self.strengths.importance_for(digit)
        before = self.units if same else [[] for _ in sizes]
        self.units = [
            choose_units(values, size, old, chosen[1] if chosen and chosen[0] == stage else -1)
            for stage, (values, size, old) in enumerate(zip(importance, sizes, before, strict=True))
        ]


class DiagramHandlers:
    """Draws the network that predicts."""

    def __init__(self, worker: Worker, inspection: InspectionHandlers) -> None:
        self.worker = worker
        self.inspection = inspection
        self.kernel = worker.kernel
        self._shown: list[Shown] = []  # one for each network that has been drawn

    def forget(self, _model: str, networks: list[Network]) -> None:
        """Forget what is known of these networks: their memory is given back."""
        self._shown = [known for known in self._shown if known.strengths.attribution.network not in networks]

    def draw_network(self, model: str, sizes: str, chosen: str) -> None:
        """Paint the pictures of the units that are shown, and report their numbers."""
        described, pair = JSON.parse(model), JSON.parse(chosen)
        unit: Chosen = (int(pair[0]), int(pair[1])) if pair else None
        predictor, shown = self.worker.predictor, self._of(self.inspection.attribution())
        attribution, digit = shown.strengths.attribution, None
        if predictor.picture is not None:
            probabilities = [float(p) for p in attribution.predict(predictor.image)]
            digit = probabilities.index(max(probabilities))
        shown.choose([int(size) for size in JSON.parse(sizes)], digit, unit)
        drawn = digit is not None
        links = shown.strengths.links(shown.units, drawn)  # before painting, which goes backwards further
        for panel in panels_for(described["layers"]):
            self._paint(described["model"], panel, shown, drawn)
        contributions = self._explain(described["model"], attribution, unit) if unit and drawn else []
        self.worker.report(
            "network_drawn",
            model=described["model"],
            drawn=drawn,
            sizes=[len(units) for units in shown.units],
            units=[number for units in shown.units for number in units],
            activations=_activations(attribution, shown.units) if drawn else [],
            links=[strength for rows in links for row in rows for strength in row],
            filters=shown.strengths.filters(shown.units[0]) if shown.units else [],
            contributions=contributions,
        )

    def _of(self, attribution: Attribution) -> Shown:
        for shown in self._shown:
            if shown.strengths.attribution is attribution:
                return shown
        self._shown.append(Shown(Strengths(attribution.kernel, attribution)))
        return self._shown[-1]

    def _paint(self, model: str, panel: Panel, shown: Shown, drawn: bool) -> None:
        """Paint what a panel shows, for some of its units."""
        painter, attribution, units = self.inspection.painter, shown.strengths.attribution, shown.units[panel.stage]
        if panel.is_weights() and panel.stage == 0:
            self._send(model, f"{panel.kind}-0", painter.weights(panel, attribution, 0, 1, units))
        elif panel.kind == "maps" and drawn:
            self._send(model, f"maps-{panel.stage}", painter.activations(panel, attribution, 1, units))
        elif panel.kind == "units" and panel.stage and drawn:
            self._send(model, f"units-{panel.stage}", painter.unit_saliencies(attribution, panel.stage, units))

    def _explain(self, model: str, attribution: Attribution, chosen: tuple[int, int]) -> list[float]:
        """Paint the ink that a unit or an answer depends on. Return what a unit contributes to the ten scores."""
        stage, unit = chosen
        is_answer = stage == len(attribution.stages)
        if is_answer:
            attribution.saliency(unit)
        else:
            attribution.unit_saliency(stage, unit)
        painted = self.inspection.painter.saliency(attribution.saliency_address(), self.worker.predictor.image)
        self._send(model, "chosen", painted)
        return [] if is_answer else attribution.contributions(stage, unit)

    def _send(self, model: str, part: str, painted: Painted) -> None:
        address, width, height, _ = painted
        buffer = self.kernel.read_bytes(address, 4 * width * height).buffer
        self.worker.hand_over("network_part_painted", buffer, model=model, part=part, width=width, height=height)


def _activations(attribution: Attribution, units: list[list[int]]) -> list[float]:
    """Return how loud the units are that are shown, of a map the greatest place."""
    found: list[float] = []
    for number, shown in enumerate(units):
        values = attribution.activations(number)
        indices = attribution.stages[number].indices
        found += [max([float(values[index]) for index in indices(unit)]) for unit in shown]
    return found
