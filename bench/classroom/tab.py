"""One tab that learns together, without its browser: the page's own rounds on the page's own kernel, over HTTP.

`scrawl.together.local_round` decides what is learned and sent, as in the page; what `learning_rounds` and the worker
do around it is done here, without their pauses.
"""

import json
import secrets
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import requests

from functions.api.responses import SAFETENSORS
from functions.dataset.block import Block
from functions.weights import safetensors
from functions.weights.versions import Tensors
from infra.paths import SITE
from model_export.architectures import architecture_named, parameter_table
from tests.support.networks.kernel_host import WasmtimeKernel

sys.path.append(str(SITE))  # the page's Python

from scrawl.net.interfaces import LayerDescription, ParameterDescription
from scrawl.net.network import Samples
from scrawl.net.safetensors import int8_shapes, write_header
from scrawl.together import local_round
from scrawl.together.local_round import LocalRound

TIMEOUT = 120  # seconds


@dataclass(frozen=True)
class Rules:
    """What the page fixes about what is sent."""

    longest: float = local_round.LONGEST
    noise: float = local_round.NOISE
    most: int = local_round.MOST_OWN  # digits of the person's

    def apply(self) -> None:
        """Have all tabs of this process learn so; each with the digits that it is given."""
        local_round.LONGEST, local_round.NOISE = self.longest, self.noise


class Shared(Protocol):
    """What a tab needs of a room."""

    model: str
    code: str

    def weights(self) -> tuple[dict[str, np.ndarray], str]: ...
    def ask(
        self, method: str, path: str, query: dict[str, Any], code: str, body: bytes = b""
    ) -> requests.Response: ...


class Room:
    """A room of a running stack, as its owner sees it."""

    def __init__(self, url: str, model: str, start: Tensors) -> None:
        """Open one that starts with these weights."""
        self.url, self.model = url, model
        answer = requests.post(f"{url}/api/rooms", json={"model": model}, timeout=TIMEOUT).json()
        self.code, self._owner = answer["code"], answer["owner_code"]
        query = {"model": model, "force": "true"}
        self.ask("POST", "weights", query, self._owner, safetensors.encode(start, {})).raise_for_status()

    def ask(self, method: str, path: str, query: dict[str, Any], code: str, body: bytes = b"") -> requests.Response:
        """Ask the API for something in the room."""
        headers = {"Authorization": f"Bearer {code}", "Accept": f"{SAFETENSORS}, application/json;q=0.5"}
        if body:
            headers |= {"Content-Type": SAFETENSORS, "Idempotency-Key": secrets.token_hex(8)}
        address = f"{self.url}/api/{path}"
        return requests.request(method, address, params=query, headers=headers, data=body, timeout=TIMEOUT)

    def weights(self) -> tuple[dict[str, np.ndarray], str]:
        """Return the weights as they are now, and their version."""
        answer = self.ask("GET", "weights", {"model": self.model}, self.code)
        answer.raise_for_status()
        found, metadata = safetensors.decode(answer.content)
        return {name: np.asarray(tensor, np.float32) for name, tensor in found.items()}, metadata["version"]

    def end(self) -> None:
        """End it."""
        requests.delete(f"{self.url}/api/rooms/{self.code}", headers={"Authorization": f"Bearer {self._owner}"},
                        timeout=TIMEOUT).raise_for_status()  # fmt: skip


@dataclass
class Tab:
    """Takes part in a room with somebody's digits, and with MNIST's if there are `others`."""

    room: Shared
    digits: Block
    others: Block | None = None
    answers: Counter[int] = field(default_factory=Counter)  # HTTP status → updates

    def __post_init__(self) -> None:
        kernel, self._architecture = WasmtimeKernel(), architecture_named(self.room.model)
        layers: list[LayerDescription] = [
            {"kind": x.kind, "name": x.name, "inputs": x.inputs, "outputs": x.outputs, "rate": x.rate}
            for x in self._architecture.layers
        ]
        shapes = parameter_table(self._architecture.layers)
        parameters: list[ParameterDescription] = [{"name": name, "shape": list(shape)} for name, shape in shapes]
        self.participant = secrets.token_hex(8)
        self._learning = LocalRound(kernel, layers, parameters)
        self._source = None
        if self.others is not None:
            self._source = Samples(kernel, len(self.others))
            self._source.store(0, self.others.labels.tobytes(), self.others.pixels.tobytes())

    def take_part(self, rounds: int) -> None:
        """Learn some rounds."""
        for _ in range(rounds):
            self.one_round()

    def one_round(self) -> None:
        """Take the room's weights, learn from them, and send what has changed."""
        shared, base = self.room.weights()
        flat = {name: tensor.ravel() for name, tensor in shared.items()}
        labels, pixels = self.digits.labels[-local_round.MOST_OWN :], self.digits.pixels[-local_round.MOST_OWN :]
        self._learning.start(flat, labels.tobytes(), pixels.tobytes(), secrets.randbits(24))
        if self._source is not None and self.others is not None:
            self._learning.add_others(self._source, [(0, len(self.others))])
        while self._learning.step():
            pass
        body = written(self._learning, _secrets)
        if body is None:
            self.answers[0] += 1
            return
        query = {"model": self.room.model, "base": base, "samples": self._learning.count,
                 "participant": self.participant}  # fmt: skip
        self.answers[self.room.ask("POST", "weights/updates", query, self.room.code, body).status_code] += 1


def written(learning: LocalRound, secrets: Callable[[int], Sequence[int]]) -> bytes | None:
    """Return a round's update as the page's worker writes it; None where it must not be sent."""
    update: Any = learning.update(secrets)
    if update is None:
        return None
    shapes = int8_shapes({name: tensor.shape for name, tensor in learning.network.parameters.items()})
    return write_header(shapes, {}, json.dumps) + b"".join(bytes(update[name]) for name in shapes)


def _secrets(count: int) -> list[int]:
    return [secrets.randbits(32) for _ in range(count)]


def refused(tabs: Sequence[Tab]) -> int:
    """Return how many updates were not averaged in."""
    return sum(count for tab in tabs for status, count in tab.answers.items() if status != 201)
