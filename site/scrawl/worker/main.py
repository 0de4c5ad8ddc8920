"""The worker: takes the page's requests and answers them with the kernel and the networks.

What a prediction needs is here and comes first; training and the rest follow once the page can be used
(`worker.features`), and requests for them wait until then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio
from browser import self as window
from javascript import JSON

from scrawl import protocol
from scrawl.net import calibration
from scrawl.net.predictor import Predictor
from scrawl.net.region import MemoryPool
from scrawl.worker import safetensors_codec
from scrawl.worker.kernel import load_kernel
from scrawl.worker.opened_network import OpenedNetwork, to_park

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from browser import Event
    from browser.arrays import ArrayBuffer, Float32Array, Uint8Array

    from scrawl.net.interfaces import NetworkDescription
    from scrawl.net.network import Network
    from scrawl.net.safetensors import Metadata
    from scrawl.protocol import Handlers
    from scrawl.worker.kernel import Kernel
    from scrawl.worker.training_handlers import TrainingHandlers

CALIBRATED = ("quick", "shared", "older", "kept")  # origins of weights that the API or this page has measured


class Worker:
    """The kernel, the networks, and the handlers of requests, one for each kind."""

    kernel: Kernel  # once it is loaded
    predictor: Predictor  # once a network is open
    pool: MemoryPool  # for networks, likewise
    selected: OpenedNetwork

    def __init__(self) -> None:
        self.opened: dict[str, OpenedNetwork] = {}  # those that were selected last come last
        self.when_parked: list[Callable[[str, list[Network]], object]] = []  # called with what must not be used
        self.settings = "{}"  # JSON, as the page sent them last
        self.training: TrainingHandlers | None = None
        self.handlers: Handlers = {  # request → what answers it; `worker.features` adds the others
            "load_kernel": self.load_kernel,
            "open": self.open,
            "load_weights": self.load_weights,
            "randomise": self.randomise,
            "predict": self.predict,
            "predict_path": self.predict_path,
            "predict_picture": self.predict_picture,
            "export": self.export,
            "ping": self.ping,
            "load_features": self.load_features,
        }
        self.asked_at = -1e9  # milliseconds, when the page last wanted to know what is on the pad
        self._has_kernel = False
        self._waiting: list[tuple[str, dict[str, Any]]] = []  # requests that came too early

    def receive(self, event: Event) -> None:
        """Take a request from the page."""
        kind, fields = protocol.fields(protocol.REQUESTS, event.data)
        if self._can_answer(kind):
            self._answer(kind, fields)
        else:
            self._waiting.append((kind, fields))

    def _can_answer(self, kind: str) -> bool:
        if kind == "load_kernel":
            return True
        if kind == "open":
            return self._has_kernel
        return bool(self.opened) and kind in self.handlers

    def _answer(self, kind: str, fields: dict[str, Any]) -> None:
        """Call the request's handler, and tell the page if that fails."""
        try:
            self.handlers[kind](**fields)
            if self.training is not None:
                self.training.wake()
        except Exception as error:
            self.report("failed", message=f"{type(error).__name__}: {error}")

    def _answer_waiting(self) -> None:
        """Answer the requests that have waited, in their order, as far as that is possible now."""
        waiting, self._waiting = self._waiting, []
        for kind, fields in waiting:
            if self._can_answer(kind):
                self._answer(kind, fields)
            else:
                self._waiting.append((kind, fields))

    def report(self, kind: str, **fields: Any) -> None:
        """Report to the page."""
        window.send(protocol.message(protocol.REPORTS, kind, **fields))

    def hand_over(self, kind: str, buffer: ArrayBuffer, **fields: Any) -> None:
        """Report with a buffer that is moved, not copied: nothing here uses it any more."""
        window.send(protocol.message(protocol.REPORTS, kind, buffer=buffer, **fields), [buffer])

    # Requests

    def load_kernel(self, urls: str) -> None:
        """Load the kernel, which all networks share; JSON of the addresses of its builds and of a helper's script."""
        aio.run(self._load_kernel(urls))

    async def _load_kernel(self, urls: str) -> None:
        try:
            self.kernel = await load_kernel(JSON.parse(urls))
        except Exception as error:
            self.report("no_kernel", message=str(error))
            return
        self._has_kernel = True
        self._answer_waiting()

    def open(self, model: str, settings: str, seed: int) -> None:
        """Select a network as it was left; make it, with random weights, if it is asked for the first time."""
        self.settings = settings
        description = JSON.parse(model)
        name = description["model"]
        try:
            self.selected = self._open(name, description, seed)
        except Exception as error:  # whatever it is, such as no room: the page goes on with another network
            self.report("not_opened", model=name, message=f"{error}")
            return
        if not hasattr(self, "predictor"):
            self.predictor = Predictor(self.kernel, self.selected.shown)
        self.predictor.network = self.selected.shown
        if self.training is not None:
            self.training.select(self.selected)
            self.training.change_settings(settings)
        self.report("opened", model=name)
        self._park(to_park(self.opened, self.selected))
        self._answer_waiting()  # weights may have come before the list of networks

    def _open(self, name: str, description: NetworkDescription, seed: int) -> OpenedNetwork:
        """Return a network with its memory; where there is too little, others that are not selected give theirs."""
        try:
            return self._with_memory(name, description, seed)
        except Exception:
            others = to_park(self.opened, self.selected, 0) if self.opened else []
            if not others:
                raise
            self._park(others)
        return self._with_memory(name, description, seed)

    def _with_memory(self, name: str, description: NetworkDescription, seed: int) -> OpenedNetwork:
        if not hasattr(self, "pool"):
            self.pool = MemoryPool(self.kernel)
        opened = self.opened[name] if name in self.opened else OpenedNetwork(self.pool, description, seed)
        opened.reserve()
        self.opened.pop(name, None)
        self.opened[name] = opened
        return opened

    def _park(self, networks: list[OpenedNetwork]) -> None:
        for opened in networks:
            gone = opened.park()
            for forget in self.when_parked:
                forget(opened.model, gone)
            self.report("checkpoint_shown", model=opened.model, number=-1)

    def load_weights(self, model: str, buffer: ArrayBuffer, origin: str) -> None:
        """Load other weights into a network, selected or not, unless something is wrong with them."""
        opened = self.opened[model]
        try:
            weights, metadata = safetensors_codec.decode(self.kernel, opened.shapes, buffer)
            opened.network.load(weights)
            if origin in CALIBRATED:
                opened.network.calibration = calibration.of_metadata(metadata)
        except Exception as error:  # whatever is wrong with them: the page must not wait for them in vain
            self.report("weights_refused", model=model, origin=origin, message=str(error))
            return
        iteration = int(metadata.get("iteration", "0")) if origin == "kept" else 0
        self._weights_changed(model, origin, metadata, iteration)

    def randomise(self, seed: int) -> None:
        """Take new, random weights."""
        self.selected.network.randomise(seed)
        self._weights_changed(self.selected.model, "random", {}, 0)

    def _weights_changed(self, model: str, origin: str, metadata: Metadata, iteration: int) -> None:
        self.opened[model].iteration = iteration
        if self.training is not None:
            self.training.restart(model)
        self.report("weights_loaded", model=model, origin=origin, metadata=JSON.stringify(metadata))
        if model == self.selected.model:
            self.predictor.network = self.selected.shown
            self.predict_again()

    def predict(self, number: int, width: int, height: int, pixels: Uint8Array) -> None:
        """Predict which digit a drawing is."""
        self._answer_pen(number, self.predictor.predict_drawing(pixels, width, height))

    def predict_path(self, number: int, path: Float32Array) -> None:
        """Predict which digit the pen's strokes are."""
        self._answer_pen(number, self.predictor.predict_path(path))

    def predict_picture(self, number: int, picture: Uint8Array) -> None:
        """Predict which digit a picture is that is normalised already."""
        self._answer_pen(number, self.predictor.predict_picture(picture))

    def _answer_pen(self, number: int, prediction: Any) -> None:
        self.asked_at = window.performance.now()
        self.report("predicted", number=number, **prediction)

    def predict_again(self) -> None:
        """Report the prediction of the weights as they are now for the last picture."""
        if self.predictor.picture is not None:
            self.report("predicted", number=0, **{**self.predictor.predict_again(), "picture": None})

    def export(self, model: str, metadata: str) -> None:
        """Send a network's weights."""
        opened = self.opened[model]
        buffer = safetensors_codec.encode(opened.shapes, opened.network.export(), JSON.parse(metadata))
        self.report("exported", model=model, buffer=buffer)

    def ping(self) -> None:
        """Tell that the worker is alive."""
        self.report("pong")

    def load_features(self, address: str, pictures: str) -> None:
        """Load the second bundle, whose handlers answer the other requests; `pictures` is for one of them."""
        window.importScripts(address)
        # By name, so that what it leads to stays out of the first bundle.
        __import__("scrawl.worker.features", None, None, ["start"]).start(self, pictures)
        self.report("features_ready")
        self._answer_waiting()


window.bind("message", Worker().receive)
