"""Answers requests about inspecting a network: paints panels, counts what is misread, predicts with other networks.

What is shown always belongs to the network that predicts, `worker.predictor.network`. The page asks again when
something may have changed and it has shown the last answer, so that nothing piles up here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window
from javascript import JSON

from scrawl.inspect.attribution import Attribution
from scrawl.inspect.confusion_counter import ConfusionCounter
from scrawl.inspect.fine_tuning import FineTuner
from scrawl.inspect.panels import panels_for
from scrawl.inspect.tile_painter import TilePainter
from scrawl.net import calibration
from scrawl.net.network import PIXELS, Network
from scrawl.worker import safetensors_codec
from scrawl.worker.training_handlers import now

if TYPE_CHECKING:
    from typing import Any

    from browser.arrays import ArrayBuffer, Uint8Array

    from scrawl.inspect.panels import Panel
    from scrawl.inspect.tile_painter import Painted
    from scrawl.worker.main import Worker
    from scrawl.worker.training_handlers import TrainingHandlers

SLICE = 0.004  # seconds of counting between which others have their turn
SHOWN = 48  # misread digits that are sent at most
AGAIN = 250  # milliseconds between two looks whether the test digits have come


class InspectionHandlers:
    """Inspects the network that predicts."""

    def __init__(self, worker: Worker, training: TrainingHandlers) -> None:
        self.worker = worker
        self.training = training
        self.kernel = worker.kernel
        self.report = worker.report
        self.painter = TilePainter(worker.kernel)
        self.fine_tuner = FineTuner(worker.kernel)
        self._attributions: list[Attribution] = []  # one for each network that has been inspected
        self._counters: dict[str, ConfusionCounter] = {}
        self._counting: tuple[str, int, bool] | None = None  # under way: model, iteration, whether it has started
        self._others: dict[str, Network] = {}  # networks that are only compared

    def attribution(self) -> Attribution:
        """Return what explains the network that predicts."""
        network = self.worker.predictor.network
        for attribution in self._attributions:
            if attribution.network is network:
                return attribution
        self._attributions.append(Attribution(network.kernel, network))
        return self._attributions[-1]

    def forget(self, model: str, networks: list[Network]) -> None:
        """Forget what is known of these networks, of one model: their memory is given back."""
        self._attributions = [known for known in self._attributions if known.network not in networks]
        self._counters.pop(model, None)
        if self._counting is not None and self._counting[0] == model:
            self._counting = None

    # Pictures

    def set_palette(self, colours: Uint8Array, overlay: Uint8Array, ink: Uint8Array) -> None:
        """Take the theme's colours, RGBA bytes."""
        self.kernel.write(self.painter.palette, colours)
        self.kernel.write(self.painter.overlay, overlay)
        self.kernel.write(self.painter.ink, ink)

    def inspect_layers(self, model: str, panels: str, chosen: str) -> None:
        """Paint panels, JSON [[name, columns], …], and explain the chosen unit, JSON [stage, unit] or null."""
        predictor, attribution = self.worker.predictor, self.attribution()
        described, unit = JSON.parse(model), JSON.parse(chosen)
        known = {panel.name: panel for panel in panels_for(described["layers"])}
        drawn = predictor.picture is not None
        if drawn:
            attribution.predict(predictor.image)
        for name, columns in JSON.parse(panels):
            self._paint(described["model"], known[name], attribution, columns, unit, drawn)
        if unit and drawn:
            self._explain_unit(described["model"], attribution, *unit)
        self.report("layers_inspected", model=described["model"])

    def _paint(
        self, model: str, panel: Panel, attribution: Attribution, columns: int, chosen: list[int] | None, drawn: bool
    ) -> None:
        if panel.is_weights():
            unit = chosen[1] if chosen and chosen[0] == panel.stage else 0
            painted = self.painter.weights(panel, attribution, unit, columns)
        elif drawn:
            painted = self.painter.activations(panel, attribution, columns)
        else:
            return
        _, width, height, limit = painted
        picture = {"panel": panel.name, "width": width, "height": height, "limit": limit}
        self.worker.hand_over("panel_painted", self._pixels(painted), model=model, **picture)

    def _explain_unit(self, model: str, attribution: Attribution, stage: int, unit: int) -> None:
        activation = attribution.unit_activation(stage, unit)
        contributions = attribution.contributions(stage, unit)
        self.report(
            "unit_explained", model=model, stage=stage, unit=unit, activation=activation, contributions=contributions
        )

    def saliency(self, model: str, digit: int) -> None:
        """Paint what each pixel has contributed to a digit's score; -1 is the digit that is read."""
        predictor, attribution = self.worker.predictor, self.attribution()
        if predictor.picture is None:
            self.report("saliency_painted", model=model, digit=-1, speaks_for=0.0, against=0.0, buffer=None)
            return
        probabilities = [float(p) for p in attribution.predict(predictor.image)]
        if digit < 0:
            digit = probabilities.index(max(probabilities))
        contributions: Any = attribution.saliency(digit)
        parts = [float(part) for part in contributions]
        sums = {"speaks_for": sum([p for p in parts if p > 0]), "against": sum([p for p in parts if p < 0])}
        painted = self.painter.saliency(attribution.saliency_address(), predictor.image)
        self.worker.hand_over("saliency_painted", self._pixels(painted), model=model, digit=digit, **sums)

    def _pixels(self, painted: Painted) -> ArrayBuffer:
        address, width, height, _ = painted
        return self.kernel.read_bytes(address, 4 * width * height).buffer

    # What is misread

    def count_confusion(self, model: str, iteration: int) -> None:
        """Count what the test digits are read as, once they are there. The iteration comes back in the report."""
        described = JSON.parse(model)
        name = described["model"]
        if name not in self._counters:
            self._counters[name] = ConfusionCounter(self.worker.opened[name].kernel, described, now)
        was_counting = self._counting is not None
        self._counting = (name, iteration, False)
        if not was_counting:
            self._count()

    def _count(self) -> None:
        """Count for a slice, or wait for the digits, until all are counted."""
        try:
            pause = self._count_slice()
        except Exception as error:
            self._counting = None
            self.report("failed", message=f"{type(error).__name__}: {error}")
            return
        if self._counting is not None:
            window.setTimeout(self._count, pause)

    def _count_slice(self) -> int:
        """Return how many milliseconds to wait before the next slice."""
        if self._counting is None:
            return 0
        name, iteration, started = self._counting
        counter, trainer = self._counters[name], self.training.trainer
        if not started:
            ranges = trainer.cache.test_ranges() if trainer.cache else None
            if ranges is None:
                self._want_digits()
                return AGAIN
            counter.start(self.worker.predictor.network.export(), trainer.samples, ranges)
            self._counting = (name, iteration, True)
        elif counter.run(now() + SLICE):
            self._counting = None
            self.report("confusion_counted", model=name, iteration=iteration, counts=counter.counts)
        return 0

    def _want_digits(self) -> None:
        source = self.training.source
        if source is not None and not source.active:
            source.start()

    def find_misread(self, model: str, label: int, prediction: int) -> None:
        """Send the digits with that label that were predicted so, the surest first."""
        if model not in self._counters:
            return  # an earlier worker has counted them
        found = self._counters[model].digits(label, prediction)
        shown = found[:SHOWN]
        images = self.training.trainer.samples.images
        painted = self.painter.digits([images + PIXELS * row for row, _ in shown])
        fields = {
            "label": label,
            "prediction": prediction,
            "count": len(found),
            "shares": [share for _, share in shown],
        }
        self.worker.hand_over("misread_digits", self._pixels(painted), model=model, **fields)

    def train_on_misread(self, model: str, label: int, prediction: int) -> None:
        """Train on those digits, with the settings' learning rate, until they are read right."""
        trainer, network = self.training.trainer, self.worker.opened[model].network
        if model not in self._counters:
            raise ValueError("the digits have to be counted first: look at the table of what is misread again")
        rows = [row for row, _ in self._counters[model].digits(label, prediction)]
        rate = trainer.settings["learning_rate"]
        self.training.teacher.forget(network)
        right, steps = self.fine_tuner.train(
            network, trainer.samples, rows, trainer.cache.ranges() if trainer.cache else [], rate
        )
        fields = {"label": label, "prediction": prediction, "count": len(rows), "right": right, "steps": steps}
        self.report("trained_on_misread", model=model, rate=rate, **fields)
        trainer.training_run.ask_evaluation()
        self.worker.predict_again()

    # Other networks

    def compare_network(self, model: str, buffer: ArrayBuffer) -> None:
        """Load a network that predicts what the selected one predicts, from a safetensors file's bytes."""
        described = JSON.parse(model)
        name = described["model"]
        try:
            shapes = {parameter["name"]: parameter["shape"] for parameter in described["parameters"]}
            floats, metadata = safetensors_codec.decode(self.kernel, shapes, buffer)
            if name not in self._others:
                self._others[name] = Network(self.kernel, described["layers"], described["parameters"], 1)
            self._others[name].load(floats)
            self._others[name].calibration = calibration.of_metadata(metadata)
        except ValueError as error:
            self.report("comparison_failed", model=name, message=str(error))
            return
        self.report("comparison_added", model=name)

    def predict_with_all(self) -> None:
        """Report the prediction of each network: those that are only compared, and those that were opened."""
        predictor, worker = self.worker.predictor, self.worker
        awake = {name: opened.network for name, opened in worker.opened.items() if not opened.is_parked}
        networks = {**self._others, **awake}
        networks[worker.selected.model] = predictor.network
        probabilities: list[float] = []
        if predictor.picture is not None:
            for network in networks.values():
                scores = [float(score) for score in network.scores(predictor.image)]
                probabilities += network.calibration.probabilities(scores)
        self.report("all_predicted", models=list(networks), probabilities=probabilities)
