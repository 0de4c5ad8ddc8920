"""The worker's half of looking inside: paints what the page asks to see, counts what is misread, reads for others.

What is shown is always of the network that reads the drawing, `worker.predictor.network`. The page asks again
whenever something may have changed and it has shown the last answer, so that nothing piles up here.
"""

from browser import self as window
from javascript import JSON

from scrawl import protocol
from scrawl.inspect.attribution import Attribution
from scrawl.inspect.confusion_counter import ConfusionCounter
from scrawl.inspect.fine_tuning import FineTuner
from scrawl.inspect.panels import panels_for
from scrawl.inspect.tile_painter import TilePainter
from scrawl.net.network import PIXELS, Network
from scrawl.worker import safetensors_codec

SLICE = 0.004  # seconds of counting between which others have their turn
SHOWN = 48  # misread digits that are sent at most
AGAIN = 250  # milliseconds until it is looked again whether the test digits have come


def now() -> float:
    """Return seconds."""
    return window.performance.now() / 1000


class Inside:
    """Its methods are named like the requests."""

    def __init__(self, worker: object) -> None:
        self.worker = worker
        self.kernel = worker.kernel
        self.tell = worker.tell
        self.painter = TilePainter(worker.kernel)
        self.fine_tuner = FineTuner(worker.kernel)
        self._attributions: list = []  # one for each network that has been inspected
        self._counters: dict = {}  # model → ConfusionCounter
        self._counting = None  # (model, iteration, whether it has started) under way
        self._others: dict = {}  # model → Network, of those that only read along

    def _attribution(self) -> object:
        network = self.worker.predictor.network
        for attribution in self._attributions:
            if attribution.network is network:
                return attribution
        self._attributions.append(Attribution(self.kernel, network))
        return self._attributions[-1]

    # Pictures

    def palette(self, colours: object, overlay: object, ink: object) -> None:
        """Take the theme's colours, RGBA bytes."""
        self.kernel.write(self.painter.palette, colours)
        self.kernel.write(self.painter.overlay, overlay)
        self.kernel.write(self.painter.ink, ink)

    def inspect_layers(self, model: str, panels: str, chosen: str) -> None:
        """Paint panels, JSON [[name, columns], …], and say what the chosen unit, JSON [stage, unit] or null, does."""
        predictor, attribution = self.worker.predictor, self._attribution()
        described, chosen = JSON.parse(model), JSON.parse(chosen)
        known = {panel.name: panel for panel in panels_for(described["layers"])}
        drawn = predictor.picture is not None
        if drawn:
            attribution.predict(predictor.image)
        for name, columns in JSON.parse(panels):
            self._paint(described["model"], known[name], attribution, columns, chosen, drawn)
        if chosen and drawn:
            self._explain_unit(described["model"], attribution, *chosen)
        self.tell("layers_inspected", model=described["model"])

    def _paint(
        self, model: str, panel: object, attribution: object, columns: int, chosen: object, drawn: bool
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
        self._hand_over("panel_painted", self._pixels(painted), model=model, **picture)

    def _explain_unit(self, model: str, attribution: object, stage: int, unit: int) -> None:
        activation = attribution.unit_activation(stage, unit)
        contributions = attribution.contributions(stage, unit)
        self.tell("unit_explained", model=model, stage=stage, unit=unit, activation=activation, votes=contributions)

    def saliency(self, model: str, digit: int) -> None:
        """Paint what each pixel has contributed to a digit's score; -1 is the digit that is read."""
        predictor, attribution = self.worker.predictor, self._attribution()
        if predictor.picture is None:
            self.tell("saliency_painted", model=model, digit=-1, speaks_for=0.0, against=0.0, buffer=None)
            return
        probabilities = [float(p) for p in attribution.predict(predictor.image)]
        if digit < 0:
            digit = probabilities.index(max(probabilities))
        parts = [float(part) for part in attribution.saliency(digit)]
        sums = {"speaks_for": sum([p for p in parts if p > 0]), "against": sum([p for p in parts if p < 0])}
        painted = self.painter.saliency(attribution.saliency_address(), predictor.image)
        self._hand_over("saliency_painted", self._pixels(painted), model=model, digit=digit, **sums)

    def _hand_over(self, kind: str, buffer: object, **fields: object) -> None:
        """Report with a buffer that need not be copied, since nobody here wants it any more."""
        window.send(protocol.message(protocol.REPORTS, kind, buffer=buffer, **fields), [buffer])

    def _pixels(self, painted: tuple) -> object:
        address, width, height, _ = painted
        return self.kernel.read_bytes(address, 4 * width * height).buffer

    # What is misread

    def count_confusion(self, model: str, iteration: int) -> None:
        """Count what the test digits are read as; they are fetched if need be. The iteration comes back as it is."""
        described = JSON.parse(model)
        name = described["model"]
        if name not in self._counters:
            self._counters[name] = ConfusionCounter(self.kernel, described, now)
        begun = self._counting is not None
        self._counting = (name, iteration, False)
        if not begun:
            self._count()

    def _count(self) -> None:
        """Go on counting, for a slice, or wait for the digits."""
        name, iteration, under_way = self._counting
        counter, trainer = self._counters[name], self.worker.training.trainer
        pause = 0
        if not under_way:
            ranges = trainer.cache.test_ranges() if trainer.cache else None
            if ranges is None:
                self._want_digits()
                pause = AGAIN
            else:
                counter.start(self.worker.predictor.network.export(), trainer.samples, ranges)
                self._counting = (name, iteration, True)
        elif counter.run(now() + SLICE):
            self._counting = None
            self.tell("confusion_counted", model=name, iteration=iteration, counts=counter.counts)
            return
        window.setTimeout(self._count, pause)

    def _want_digits(self) -> None:
        source = self.worker.training.source
        if source is not None and not source.active:
            source.start()

    def find_misread(self, model: str, label: int, reading: int) -> None:
        """Hand out the digits with that label that were read so, the surest first."""
        if model not in self._counters:
            return  # asked of a worker before this one
        found = self._counters[model].digits(label, reading)
        shown = found[:SHOWN]
        images = self.worker.training.trainer.samples.images
        painted = self.painter.digits([images + PIXELS * row for row, _ in shown])
        fields = {"label": label, "reading": reading, "count": len(found), "shares": [share for _, share in shown]}
        self._hand_over("misread_digits", self._pixels(painted), model=model, **fields)

    def train_on_misread(self, model: str, label: int, reading: int) -> None:
        """Train on those digits, with the settings' learning rate, until they are read right."""
        trainer, network = self.worker.training.trainer, self.worker.opened[model].network
        rows = [row for row, _ in self._counters[model].digits(label, reading)]
        rate = trainer.settings["learning_rate"]
        right, steps = self.fine_tuner.train(network, trainer.samples, rows, trainer.cache.ranges(), rate)
        fields = {"label": label, "reading": reading, "count": len(rows), "right": right, "steps": steps}
        self.tell("trained_on_misread", model=model, rate=rate, **fields)
        trainer.training_run.ask_evaluation()
        self.worker.predict_again()

    # Reading along

    def compare_network(self, model: str, buffer: object) -> None:
        """Take a network, a safetensors file's bytes, that reads what the selected one reads; just that."""
        described = JSON.parse(model)
        name = described["model"]
        try:
            shapes = {parameter["name"]: parameter["shape"] for parameter in described["parameters"]}
            floats, _ = safetensors_codec.decode(self.kernel, shapes, buffer)
            if name not in self._others:
                self._others[name] = Network(self.kernel, described["layers"], described["parameters"], 1)
            self._others[name].load(floats)
        except ValueError as error:
            self.tell("comparison_failed", model=name, message=str(error))
            return
        self.tell("comparison_added", model=name)

    def predict_with_all(self) -> None:
        """Tell what each network that is there reads: those that read along, and those that were opened."""
        predictor, worker = self.worker.predictor, self.worker
        networks = {**self._others, **{name: opened.network for name, opened in worker.opened.items()}}
        networks[worker.selected.model] = predictor.network
        probabilities: list = []
        if predictor.picture is not None:
            for network in networks.values():
                probabilities += [float(p) for p in network.predict(predictor.image)]
        self.tell("all_predicted", models=list(networks), probabilities=probabilities)
