"""A simulated tab takes part as the page does: from the room's weights, with its difference and how many digits."""

from typing import Any

import numpy as np
import pytest
import requests
from scrawl.together.local_round import FEWEST_DIGITS, LONGEST

from bench.classroom.tab import Tab, refused
from functions.dataset.block import Block
from functions.models.training import initial_weights
from functions.weights import safetensors
from functions.weights.tensor_checks import fit
from model_export.architectures import ARCHITECTURES, parameter_table
from tests.support.networks import kernel_networks

SHAPES = dict(parameter_table(ARCHITECTURES["mlp-128"].layers))
VERSION = "20260131T235959999-0123abcd"


class RecordingRoom:
    """A room whose weights stay as they are; answers as it is told."""

    url, model, code = "http://nowhere", "mlp-128", "BCDF-GHJK-MNPQ"

    def __init__(self, status: int) -> None:
        self.status = status
        self.updates: list[tuple[dict[str, Any], bytes]] = []

    def weights(self) -> tuple[dict[str, np.ndarray], str]:
        return initial_weights(SHAPES, seed=1), VERSION

    def ask(self, method: str, path: str, query: dict[str, Any], code: str, body: bytes = b"") -> requests.Response:
        assert (method, path, code) == ("POST", "weights/updates", self.code)
        self.updates.append((query, body))
        answer = requests.Response()
        answer.status_code = self.status
        return answer


def digits(count: int) -> Block:
    pixels, labels = kernel_networks.digits(count)
    return Block(labels, pixels)


def test_tab_sends_what_its_digits_have_changed() -> None:
    room = RecordingRoom(201)
    tab = Tab(room, digits(40))
    tab.take_part(2)
    (query, body), (again, _) = room.updates
    assert (query["base"], query["samples"], query["participant"]) == (VERSION, 40, again["participant"])
    difference = fit(safetensors.read_foreign(body)[0], SHAPES)
    length = np.sqrt(sum(float(np.square(tensor).sum()) for tensor in difference.values()))
    assert 0.1 < length < 1.1 * LONGEST
    assert refused([tab]) == 0


def test_tab_learns_from_others_digits_too() -> None:
    room = RecordingRoom(201)
    Tab(room, digits(40), others=digits(100)).one_round()
    assert room.updates[0][0]["samples"] == 140


@pytest.mark.parametrize(("count", "status"), [(FEWEST_DIGITS - 1, 201), (FEWEST_DIGITS, 422)])
def test_what_was_not_taken_is_counted(count: int, status: int) -> None:
    room = RecordingRoom(status)
    tab = Tab(room, digits(count))
    tab.one_round()
    assert refused([tab]) == 1
    assert len(room.updates) == (count >= FEWEST_DIGITS)
