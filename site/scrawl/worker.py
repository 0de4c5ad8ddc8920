"""The worker: the kernel and the network behind the messages of `protocol`.

What reading a drawing needs is here and comes first; training follows once the page can be used (`training`), and
requests for it wait until then.
"""

from browser import aio
from browser import self as window
from javascript import JSON

from scrawl import protocol, tensors
from scrawl.kernel import load_kernel
from scrawl.network import Network
from scrawl.reader import Reader

MAX_BATCH = 1024


class Worker:
    """Answers each request with the method of its name, here or in `training`."""

    def __init__(self) -> None:
        self.network = None
        self.training = None
        self.waiting: list = []  # requests that came too early

    def receive(self, event: object) -> None:
        """Take a request from the page."""
        kind, fields = protocol.fields(protocol.REQUESTS, event.data)
        if kind == "open":
            aio.run(self.open(**fields))
        elif self.training is None and (self.network is None or not hasattr(self, kind)):
            self.waiting.append((kind, fields))
        else:
            self.do(kind, fields)

    def do(self, kind: str, fields: dict) -> None:
        """Carry out a request, and tell the page if that fails."""
        try:
            getattr(self if hasattr(self, kind) else self.training, kind)(**fields)
            if self.training is not None:
                self.training.wake()
        except Exception as error:
            self.tell("failed", message=f"{type(error).__name__}: {error}")

    def tell(self, kind: str, **fields: object) -> None:
        """Report to the page."""
        window.send(protocol.message(protocol.REPORTS, kind, **fields))

    async def open(self, kernel: str, model: str, settings: str, seed: int) -> None:
        """Start the kernel and make a network of random weights."""
        if self.training is not None:
            self.training.close()
        self.network = self.training = None
        try:
            self.kernel = await load_kernel(*JSON.parse(kernel))
            self._make_network(JSON.parse(model), seed)
        except Exception as error:
            self.tell("failed", message=f"the kernel does not start, {error}")
            return
        self.tell("opened")
        self._catch_up(lambda kind: hasattr(self, kind))
        window.setTimeout(lambda: self._open_training(JSON.parse(settings)), 0)

    def _make_network(self, model: dict, seed: int) -> None:
        self.shapes = {p["name"]: p["shape"] for p in model["parameters"]}
        network = Network(self.kernel, model["layers"], model["parameters"], MAX_BATCH)
        network.randomise(seed)
        self.reader = Reader(self.kernel, network)
        self.network = network

    def _open_training(self, settings: dict) -> None:
        from scrawl.training import Training

        self.training = Training(self, settings)
        self._catch_up(lambda _kind: True)

    def _catch_up(self, wanted: object) -> None:
        """Carry out the requests that have waited."""
        ready = [request for request in self.waiting if wanted(request[0])]
        self.waiting = [request for request in self.waiting if not wanted(request[0])]
        for kind, fields in ready:
            self.do(kind, fields)

    # Requests

    def weights(self, buffer: object, origin: str) -> None:
        """Take other weights, unless something is wrong with them."""
        try:
            floats, metadata = tensors.decode(self.kernel, self.shapes, buffer)
            self.network.load(floats)
        except ValueError as error:
            self.tell("weights_refused", message=str(error))
        else:
            self._weights_changed(origin, metadata)

    def randomise(self, seed: int) -> None:
        """Take new, random weights."""
        self.network.randomise(seed)
        self._weights_changed("random", {})

    def predict(self, number: int, width: int, height: int, pixels: object) -> None:
        """Read a drawing."""
        self.tell("predicted", number=number, **self.reader.read_drawing(pixels, width, height))

    def predict_picture(self, number: int, picture: object) -> None:
        """Read a picture that is normalised already."""
        self.tell("predicted", number=number, **self.reader.read_picture(picture))

    def export(self, metadata: str) -> None:
        """Hand out the weights."""
        buffer = tensors.encode(self.shapes, self.network.export(), JSON.parse(metadata))
        self.tell("exported", buffer=buffer)

    def read_again(self) -> None:
        """Tell what the weights as they are now make of the picture read last."""
        if self.reader.picture is not None:
            self.tell("predicted", number=0, **self.reader.read_again())

    def _weights_changed(self, origin: str, metadata: dict) -> None:
        if self.training is not None:
            self.training.restart()
        self.tell("weights_taken", origin=origin, metadata=JSON.stringify(metadata))
        self.read_again()


window.bind("message", Worker().receive)
