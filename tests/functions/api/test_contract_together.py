"""Learning together keeps to its description, too: asked with a room's code, of a stack with a stream.

`test_contract` asks everything of a stack without one, with the token. Here PATCHes and updates go through moto's
Kinesis, and the code opens its room alone, so most of what changes other weights is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import schemathesis
from safetensors.numpy import load, save

from tests.functions.api.test_contract import AUTHORIZED, CONFIG, DOCUMENT, EXCLUDED, TOKEN, the_same_every_time
from tests.support.servers.running_stack import RunningStack

pytestmark = pytest.mark.ci_only
RANDOM_CASES = 2  # of each operation, beside those that the document's schemas suggest
SAFETENSORS = "application/vnd.safetensors"
PATHS = "^/(rooms|weights|lessons|predict)"
schema = schemathesis.pytest.from_fixture("described")


@pytest.fixture
def described(request: pytest.FixtureRequest) -> schemathesis.BaseSchema:
    """Return what the document describes of these paths."""
    request.node._nodeid = request.node.nodeid  # as in test_contract
    return schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG).include(path_regex=PATHS)


@dataclass
class Classroom:
    """A room of a running stack, and its codes."""

    url: str
    code: str
    owner_code: str

    def headers(self, case: Any) -> dict[str, str]:
        """Return the code that a request is sent with: its owner's where the others' would always be refused."""
        owned = case.path.endswith("/reset")
        return {"Authorization": f"Bearer {self.owner_code if owned else self.code}"}


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory, small_seeded_folder: Path) -> Iterator[Classroom]:
    """Run a stack with few digits, a token and a stream, and open a room."""
    running = RunningStack(
        tmp_path_factory.mktemp("classroom"),
        copy_of=small_seeded_folder,
        options=("--lesson-stream",),
        SCRAWL_WRITE_TOKEN=TOKEN,
    )
    opened = requests.post(f"{running.url}/api/rooms", json={}, headers=AUTHORIZED, timeout=60).json()
    room = Classroom(f"{running.url}/api", opened["code"], opened["owner_code"])
    yield room
    own = {"Authorization": f"Bearer {room.code}"}
    left = requests.get(f"{room.url}/rooms/{room.code}", headers=own, timeout=60)
    running.stop()
    assert left.status_code == 200, "a code of others has ended the room"
    assert "Traceback" not in running.output


@schema.parametrize()
@the_same_every_time(RANDOM_CASES)
def test_operations_keep_to_their_description_in_a_room(case: Any, classroom: Classroom) -> None:
    if "code" in (case.path_parameters or {}):
        case.path_parameters["code"] = classroom.code  # chance finds no room
    headers = classroom.headers(case)
    case.call_and_validate(base_url=classroom.url, headers=headers, excluded_checks=EXCLUDED, timeout=60)


def test_lesson_and_update_of_the_stream_keep_to_their_description(classroom: Classroom) -> None:
    """Chance makes no valid update: this one is, and so is the question what became of it."""
    headers = {"Authorization": f"Bearer {classroom.code}"}
    operations = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
    taken = requests.get(f"{classroom.url}/weights", headers=headers | {"Accept": SAFETENSORS}, timeout=60)
    zeros = {name: np.zeros_like(tensor) for name, tensor in load(taken.content).items()}
    query = {"base": taken.headers["ETag"].strip('"').split(".")[0], "samples": 50}
    case = operations["/weights/updates"]["POST"].Case(query=query, body=save(zeros), media_type=SAFETENSORS)
    sent = case.call_and_validate(base_url=classroom.url, headers=headers, timeout=60)
    assert sent.status_code == 202
    case = operations["/lessons/{lesson_id}"]["GET"].Case(
        path_parameters={"lesson_id": sent.headers["location"][0].split("/")[-1]}
    )
    asked = case.call_and_validate(base_url=classroom.url, headers=headers, timeout=60)
    assert asked.json()["lesson"]["state"] in ("waiting", "learned")
