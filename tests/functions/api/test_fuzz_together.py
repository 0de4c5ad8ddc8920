"""Learning together, whatever is sent: codes, differences, ids of lessons and headers that are nonsense do no harm.

`test_fuzz` tries the bodies of these routes with all others; here is what needs a room, a stream, or a real base.
"""

from collections.abc import Iterator
from urllib.parse import quote

import msgspec
import numpy as np
import pytest
from chalice.test import HTTPResponse
from hypothesis import given
from hypothesis import strategies as st

from functions import wiring
from functions.api.openapi import OPERATIONS
from functions.api.operations.operation import Operation
from functions.dataset import block
from functions.models.judge import TOLERANCE
from functions.rooms import codes
from functions.rooms.codes import LETTERS
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from functions.weights import safetensors
from functions.weights.int8 import to_int8
from tests.functions.api.test_fuzz import BROAD, JSON, OCTETS, SAFETENSORS
from tests.support.api import Api, serving
from tests.support.launchers import IdleLauncher
from tests.support.lesson_streams import MemoryStream
from tests.support.weights_bodies import SHAPES, lesson

TOKEN = {"Authorization": "Bearer secret"}
_line = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=90)  # what a header may have
_part = _line.filter(lambda text: text != "" and "/" not in text)  # of a path; with others, another route is asked
_almost = st.text(alphabet=LETTERS + LETTERS.lower() + "- aeiou0", max_size=60)

_ids = st.from_regex(r"[0-9]{1,3}-[0-9]{1,140}", fullmatch=True)


@pytest.fixture(scope="module")
def api(seeded: MemoryStore) -> Iterator[Api]:
    """Return the API over one store, which what is accepted here may change; writing needs a token."""
    with serving(MemoryStore(seeded), write_token="secret") as served:
        yield served


def assert_clear(answer: HTTPResponse, about: object) -> None:
    """Check that an answer is none of an error of ours, and says what is wrong."""
    assert answer.status_code < 500, (about, answer.body)
    if answer.status_code >= 400:
        assert msgspec.json.decode(answer.body)["error"]["message"], about


def changes(form: str) -> bytes:
    """Return a difference that does no harm, in one of the forms in which it may be sent."""
    change = {name: np.full(shape, 1e-6, np.float32) for name, shape in SHAPES.items()}
    return safetensors.encode(change if form == "float32" else to_int8(change), {})


@pytest.mark.parametrize("form", ["float32", "int8"])
@BROAD
@given(data=st.data())
def test_damaged_difference_from_the_current_version_does_no_harm(api: Api, form: str, data: st.DataObject) -> None:
    body = bytearray(changes(form))
    for _ in range(data.draw(st.integers(0, 5))):
        place = data.draw(st.integers(0, 700) | st.integers(0, len(body) - 1))  # the header is the start
        body[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.just(len(body)) | st.integers(0, len(body)))
    api.service.model("mlp-128").weights.prune()
    query = f"base={api.version}&samples=40"
    answer = api(
        "POST", f"/weights/updates?{query}", body=bytes(body[:cut]), headers=TOKEN | {"Content-Type": OCTETS}
    )
    assert_clear(answer, cut)
    pointer = api.service.model("mlp-128").weights.pointer()
    assert pointer.history[0].accuracy >= float(pointer.mark or 0) - TOLERANCE
    current = api.service.model("mlp-128").weights.current()
    assert all(np.isfinite(tensor).all() for tensor in current.tensors.values())


@pytest.fixture(scope="module")
def room(api: Api) -> dict[str, str]:
    """Return the codes of a room."""
    opened: dict[str, str] = api("POST", "/rooms", body={}, headers=TOKEN).json_body
    return opened


@BROAD
@given(text=_almost.filter(bool) | _part, said=_almost | _line)
def test_whatever_a_code_looks_like_no_room_opens(api: Api, room: dict[str, str], text: str, said: str) -> None:
    before = api.service.rooms.get(codes.Code(room["code"].replace("-", "")))
    headers = {"Authorization": f"Bearer {said}", "Content-Type": JSON}
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/reset")):
        for code in (text, room["code"]):
            answer = api(method, f"/rooms/{quote(code, safe='')}{path}", body=b"{}", headers=headers)
            assert_clear(answer, (method, code, said))
            assert answer.status_code in (401, 403, 404), (method, code, said, answer.status_code)
    assert api.service.rooms.get(codes.Code(room["code"].replace("-", ""))) == before


@BROAD
@given(
    body=st.binary(max_size=300)
    | st.from_regex(r'\{"start": ?("first"|"new"|"x"|1|null)\}', fullmatch=True).map(str.encode)
)
def test_reset_takes_what_it_knows_and_nothing_else(api: Api, room: dict[str, str], body: bytes) -> None:
    headers = {"Authorization": f"Bearer {room['owner_code']}", "Content-Type": JSON}
    answer = api("POST", f"/rooms/{room['code']}/reset", body=body, headers=headers)
    assert_clear(answer, body)
    assert answer.status_code in (201, 400, 422), body


def test_code_that_never_was_and_one_that_is_over_are_told_alike(api: Api) -> None:
    never = codes.new().joining
    opened = api("POST", "/rooms", body={}, headers=TOKEN).json_body
    owner = {"Authorization": f"Bearer {opened['owner_code']}"}
    assert api("DELETE", f"/rooms/{opened['code']}", headers=owner).status_code == 204
    paths = ("/rooms/{}", "/weights", "/weights/updates", "/weights/history")
    for path in paths:
        said = set()
        for code in (never, opened["code"]):
            answer = api("GET", path.format(code), headers={"Authorization": f"Bearer {code}"})
            assert answer.status_code == 404
            said.add(answer.json_body["error"]["message"].replace(code, "…"))
        assert len(said) == 1, path


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
def test_code_of_a_room_changes_nothing_outside_it(
    api: Api, room: dict[str, str], operation: Operation, seeded: MemoryStore
) -> None:
    """Whoever has opened a room may not change what is everybody's, with any route; and is told so."""
    store = MemoryStore(seeded)
    with serving(store, write_token="secret") as other:
        opened = other("POST", "/rooms", body={}, headers=TOKEN).json_body
        shared = [key for key in store.keys("") if not key.startswith("rooms/")]
        before = {key: store.get(key).etag for key in shared}
        values = {"code": room["code"], "model": "mlp-128", "split": "test", "index": "0"}
        path = operation.path.format_map({name: values.get(name, "0") for name in _names(operation.path)})
        for code in (opened["code"], opened["owner_code"], codes.new().joining, f"{opened['code']}-x"):
            headers = {"Authorization": f"Bearer {code}", "Content-Type": next(iter(operation.body), JSON)}
            answer = other(operation.method, path, body=b"{}" if operation.body else b"", headers=headers)
            assert_clear_or_plain(answer, (operation.path, code))
        assert {key: store.get(key).etag for key in store.keys("") if not key.startswith("rooms/")} == before
    wiring.use(api.service)


def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def assert_clear_or_plain(answer: HTTPResponse, about: object) -> None:
    """Check the same of routes whose errors have another form."""
    assert answer.status_code < 500, (about, answer.body)
    if answer.status_code >= 400:
        assert msgspec.json.decode(answer.body)["error"], about


@BROAD
@given(asked=_part | _ids, code=_almost | _line)
def test_whatever_lesson_is_asked_for_there_is_an_answer(api: Api, asked: str, code: str) -> None:
    answer = api("GET", f"/lessons/{quote(asked, safe='')}", headers={"Authorization": f"Bearer {code}"})
    assert_clear(answer, asked)
    assert answer.status_code == 404


@pytest.fixture(scope="module")
def streamed(seeded: MemoryStore) -> Iterator[Api]:
    """Return the API of a server with a stream that nobody reads."""
    service = Service(Settings("b", write_token="secret"), MemoryStore(seeded), IdleLauncher(), stream=MemoryStream())
    wiring.use(service)
    yield Api(service)
    wiring.use(None)


@BROAD
@given(
    asked=_part | _ids,
    key=_line,
    prefer=_line.filter(lambda text: "wait" not in text.lower()),
    said=_almost | _line,
)
def test_whatever_headers_a_lesson_has_it_is_handed_in_or_refused(
    streamed: Api, asked: str, key: str, prefer: str, said: str
) -> None:
    wiring.use(streamed.service)
    assert_clear(streamed("GET", f"/lessons/{quote(asked, safe='')}"), asked)
    extra = {"Content-Type": OCTETS, "Idempotency-Key": key, "Prefer": prefer}
    body = block.encode(lesson(streamed))
    assert streamed("PATCH", "/weights", body=body, headers=TOKEN | extra).status_code in (202, 400)
    refused = streamed("PATCH", "/weights", body=body, headers=extra | {"Authorization": said})
    assert_clear(refused, said)
    assert refused.status_code in (401, 403, 404)
    update = streamed(
        "POST",
        f"/weights/updates?base={streamed.version}&samples=40",
        body=changes("int8"),
        headers=TOKEN | extra | {"Content-Type": SAFETENSORS},
    )
    assert_clear(update, key)
