"""The worker: the kernel and the networks behind the messages of `protocol`.

What reading a drawing needs is here and comes first; training and the rest follow once the page can be used
(`worker_later`), and requests for them wait until then.
"""

from browser import aio
from browser import self as window
from javascript import JSON

from scrawl import protocol
from scrawl.net.network import Network
from scrawl.net.predictor import Predictor
from scrawl.state import settings as presets
from scrawl.worker import safetensors_codec
from scrawl.worker.kernel import load_kernel


class Opened:
    """A network that has been opened: it keeps its weights while others are selected."""

    def __init__(self, kernel: object, model: dict, seed: int) -> None:
        self.model = model["model"]
        self.shapes = {p["name"]: p["shape"] for p in model["parameters"]}
        self.iteration = 0  # at which its weights come in: 0 unless a kept run goes on
        self.layers, self._parameters = model["layers"], model["parameters"]
        self._kernel = kernel
        most = presets.limits_for(self.layers)["batch_size"][1]
        self.network = Network(kernel, self.layers, self._parameters, most)
        self.network.randomise(seed)
        self.shown = self.network  # what is read with and looked at: itself, or a copy with a checkpoint's weights
        self._copy = None

    def look_at(self, weights: dict | None) -> None:
        """Show these weights instead of the network's own; None shows those again."""
        if weights is None:
            self.shown = self.network
            return
        if self._copy is None:
            self._copy = Network(self._kernel, self.layers, self._parameters, 1)
        self._copy.load(weights)
        self.shown = self._copy


class Worker:
    """Answers each request with the method of its name: its own, or that of the first handler that has one."""

    def __init__(self) -> None:
        self.kernel = None
        self.asked_settings = "{}"  # JSON, as asked for last
        self.opened: dict = {}  # model → Opened
        self.selected = None  # one of them
        self.training = None
        self.handlers: list = [self]
        self.waiting: list = []  # requests that came too early

    def receive(self, event: object) -> None:
        """Take a request from the page."""
        kind, fields = protocol.fields(protocol.REQUESTS, event.data)
        if kind == "start":
            aio.run(self.start(**fields))
        elif self._can(kind):
            self.do(kind, fields)
        else:
            self.waiting.append((kind, fields))

    def _can(self, kind: str) -> bool:
        if kind == "open":
            return self.kernel is not None
        return self.selected is not None and self._handler(kind) is not None

    def _handler(self, kind: str) -> object:
        return next((handler for handler in self.handlers if hasattr(handler, kind)), None)

    def do(self, kind: str, fields: dict) -> None:
        """Carry out a request, and tell the page if that fails."""
        try:
            getattr(self._handler(kind), kind)(**fields)
            if self.training is not None:
                self.training.wake()
        except Exception as error:
            self.tell("failed", message=f"{type(error).__name__}: {error}")

    def tell(self, kind: str, **fields: object) -> None:
        """Report to the page."""
        window.send(protocol.message(protocol.REPORTS, kind, **fields))

    async def start(self, kernel: str) -> None:
        """Load the kernel, which all networks share."""
        try:
            self.kernel = await load_kernel(*JSON.parse(kernel))
        except Exception as error:
            self.tell("no_kernel", message=str(error))
            return
        self.predictor = Predictor(self.kernel, None)
        self._catch_up()

    def _catch_up(self) -> None:
        """Carry out the requests that have waited, in their order, as far as that is possible now."""
        waiting, self.waiting = self.waiting, []
        for kind, fields in waiting:
            if self._can(kind):
                self.do(kind, fields)
            else:
                self.waiting.append((kind, fields))

    # Requests

    def open(self, model: str, settings: str, seed: int) -> None:
        """Select a network as it was left; make it, of random weights, if it is asked for the first time."""
        self.asked_settings = settings
        described = JSON.parse(model)
        name = described["model"]
        if name not in self.opened:
            self.opened[name] = Opened(self.kernel, described, seed)
        self.selected = self.opened[name]
        self.predictor.network = self.selected.shown
        if self.training is not None:
            self.training.select(self.selected)
            self.training.settings(settings)
        self.tell("opened", model=name)
        self._catch_up()  # weights may have come before the list of networks

    def weights(self, model: str, buffer: object, origin: str) -> None:
        """Take other weights for a network, selected or not, unless something is wrong with them."""
        opened = self.opened[model]
        try:
            floats, metadata = safetensors_codec.decode(self.kernel, opened.shapes, buffer)
            opened.network.load(floats)
        except ValueError as error:
            self.tell("weights_refused", model=model, message=str(error))
            return
        iteration = int(metadata.get("iteration", 0)) if origin == "kept" else 0
        self._weights_changed(model, origin, metadata, iteration)

    def randomise(self, seed: int) -> None:
        """Take new, random weights."""
        self.selected.network.randomise(seed)
        self._weights_changed(self.selected.model, "random", {}, 0)

    def predict(self, number: int, width: int, height: int, pixels: object) -> None:
        """Read a drawing."""
        self.tell("predicted", number=number, **self.predictor.predict_drawing(pixels, width, height))

    def predict_picture(self, number: int, picture: object) -> None:
        """Read a picture that is normalised already."""
        self.tell("predicted", number=number, **self.predictor.predict_picture(picture))

    def export(self, model: str, metadata: str) -> None:
        """Hand out a network's weights."""
        opened = self.opened[model]
        buffer = safetensors_codec.encode(opened.shapes, opened.network.export(), JSON.parse(metadata))
        self.tell("exported", model=model, buffer=buffer)

    def predict_again(self) -> None:
        """Tell what the weights as they are now make of the picture read last."""
        if self.predictor.picture is not None:
            self.tell("predicted", number=0, **{**self.predictor.predict_again(), "picture": None})

    def ping(self) -> None:
        """Tell that it lives."""
        self.tell("pong")

    def load_features(self, address: str) -> None:
        """Take in the second bundle, and let what it brings answer, too."""
        window.importScripts(address)
        # By name, so that what it leads to stays out of the first bundle.
        __import__("scrawl.worker.features", None, None, ["begin"]).begin(self)
        self.tell("features_ready")
        self._catch_up()

    def _weights_changed(self, model: str, origin: str, metadata: dict, iteration: int) -> None:
        self.opened[model].iteration = iteration
        if self.training is not None:
            self.training.restart(model)
        self.tell("weights_taken", model=model, origin=origin, metadata=JSON.stringify(metadata))
        if model == self.selected.model:
            self.predictor.network = self.selected.shown
            self.predict_again()


window.bind("message", Worker().receive)
