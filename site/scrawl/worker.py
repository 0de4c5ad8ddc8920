"""The worker: the kernel, the network, its training and its blocks, behind the messages of `protocol`.

Work is done in slices of a few milliseconds; between two of them the browser hands over what the page has asked
meanwhile, so that a prediction never waits long. Everything that decides anything is in the modules imported here.
"""

from browser import aio
from browser import self as window
from javascript import JSON

from scrawl import protocol, tensors
from scrawl.kernel import load_kernel
from scrawl.network import Network
from scrawl.reader import Reader
from scrawl.source import Source
from scrawl.teaching import Teacher
from scrawl.trainer import Trainer

SLICE = 0.012  # seconds
REPORT_EVERY = 0.1  # seconds between two reports of progress
MAX_BATCH = 1024


def now() -> float:
    """Return seconds."""
    return window.performance.now() / 1000


class Worker:
    """Answers each request with the method of its name."""

    def __init__(self) -> None:
        self.network = None
        self.source = None
        self.waiting: list = []  # requests that came before the network was there
        self.scheduled = False
        self.last_report = 0.0
        channel = window.MessageChannel.new()
        self._alarm = channel.port2
        channel.port1.onmessage = self.tick

    def receive(self, event: object) -> None:
        """Take a request from the page."""
        kind, fields = protocol.fields(protocol.REQUESTS, event.data)
        if kind == "open":
            aio.run(self.open(**fields))
        elif self.network is None:
            self.waiting.append((kind, fields))
        else:
            self.do(kind, fields)

    def do(self, kind: str, fields: dict) -> None:
        """Carry out a request, and tell the page if that fails."""
        try:
            getattr(self, kind)(**fields)
        except Exception as error:
            self.tell("failed", message=f"{type(error).__name__}: {error}")
        self.wake()

    def tell(self, kind: str, **fields: object) -> None:
        """Report to the page."""
        window.send(protocol.message(protocol.REPORTS, kind, **fields))

    # Requests

    async def open(self, kernel: str, model: str, settings: str, seed: int) -> None:
        self.network = self.source = None
        try:
            self.kernel = await load_kernel(*JSON.parse(kernel))
            self._make_network(JSON.parse(model), JSON.parse(settings), seed)
        except Exception as error:
            self.tell("failed", message=f"the kernel does not start, {error}")
            return
        self.tell("opened")
        waiting, self.waiting = self.waiting, []
        for kind, fields in waiting:
            self.do(kind, fields)

    def _make_network(self, model: dict, settings: dict, seed: int) -> None:
        self.shapes = {p["name"]: p["shape"] for p in model["parameters"]}
        network = Network(self.kernel, model["layers"], model["parameters"], MAX_BATCH)
        network.randomise(seed)
        self.trainer = Trainer(self.kernel, network, settings, now)
        self.reader = Reader(self.kernel, network)
        self.teacher = Teacher(self.kernel, network)
        self.network = network

    def settings(self, settings: str) -> None:
        self.trainer.set(JSON.parse(settings))
        if self.source:
            self.source.pump()

    def blocks_at(self, url: str, splits: str) -> None:
        if self.source is None:
            self.trainer.use(JSON.parse(splits))
            self.source = Source(url, self.trainer, self.tell, self.wake)
            if self.trainer.training or self.trainer.steps_wanted:
                self.source.start()
        else:
            self.source.retry()

    def weights(self, buffer: object, origin: str) -> None:
        try:
            floats, metadata = tensors.decode(self.kernel, self.shapes, buffer)
            self.network.load(floats)
        except ValueError as error:
            self.tell("weights_refused", origin=origin, message=str(error))
            return
        self._restart(origin, metadata)

    def randomise(self, seed: int) -> None:
        self.network.randomise(seed)
        self._restart("random", {})

    def _restart(self, origin: str, metadata: dict) -> None:
        self.trainer.restart()
        self.tell("weights_taken", origin=origin, metadata=JSON.stringify(metadata))
        self._read_again()

    def train(self) -> None:
        self.trainer.training = True
        self._fetch_blocks()

    def pause(self) -> None:
        self.trainer.training = False
        self.trainer.ask_evaluation()
        self._report()

    def step(self) -> None:
        self.trainer.steps_wanted += 1
        self._fetch_blocks()

    def predict(self, number: int, width: int, height: int, pixels: object) -> None:
        self._predicted(number, self.reader.read_drawing(pixels, width, height))

    def predict_picture(self, number: int, picture: object) -> None:
        self._predicted(number, self.reader.read_picture(picture))

    def tune(self, label: int) -> None:
        if self.reader.picture is None:
            return
        byte = window.Uint8Array.new([label])
        before, after, steps = self.teacher.teach(self.reader.image, self.reader.picture, byte)
        self.tell("tuned", label=label, before=before, after=after, steps=steps)
        self.trainer.ask_evaluation()
        self._read_again()

    def export(self, metadata: str) -> None:
        buffer = tensors.encode(self.shapes, self.network.export(), JSON.parse(metadata))
        self.tell("exported", buffer=buffer)

    def sample(self) -> None:
        ranges = self.trainer.cache.ranges() if self.trainer.cache else []
        if not ranges:
            self.tell("sampled", picture=None, label=0)
            return
        first, count = ranges[int(window.Math.random() * len(ranges))]
        row = first + int(window.Math.random() * count)
        samples, memory = self.trainer.samples, self.kernel.bytes
        picture = memory.slice(samples.images + 784 * row, samples.images + 784 * (row + 1))
        self.tell("sampled", picture=picture, label=memory[samples.labels + row])

    # Slices

    def wake(self) -> None:
        """Have `tick` called soon if there is something to do."""
        if not self.scheduled and self.network is not None and self.trainer.is_busy():
            self.scheduled = True
            self._alarm.postMessage(0)

    def tick(self, _event: object) -> None:
        """Do one slice of work."""
        self.scheduled = False
        stepping = self.trainer.steps_wanted
        try:
            result = self.trainer.run(now() + SLICE)
        except Exception as error:
            self.trainer.training, self.trainer.steps_wanted = False, 0
            self.tell("failed", message=f"{type(error).__name__}: {error}")
            return
        if stepping or now() - self.last_report >= REPORT_EVERY:
            self._report()
        if result:
            self.tell("evaluated", **result)
        self.wake()

    def _report(self) -> None:
        self.last_report = now()
        if self.trainer.iteration:
            self.tell("progress", **self.trainer.progress())
        self._read_again()
        if self.source:
            self.source.pump()

    def _fetch_blocks(self) -> None:
        if self.source:
            self.source.start()

    def _read_again(self) -> None:
        if self.reader.picture is not None:
            self._predicted(0, self.reader.read_again())

    def _predicted(self, number: int, reading: dict) -> None:
        self.tell("predicted", number=number, **reading)


WORKER = Worker()
window.bind("message", WORKER.receive)
