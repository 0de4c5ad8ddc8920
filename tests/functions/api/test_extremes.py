"""Numbers of any length, nesting of any depth, lists of any size, wherever a request has a value: never a 500.

`test_fuzz` changes bytes at random, which seldom makes these. Here each value of a valid body, each parameter of the
query and each header of the reference is replaced by each extreme.
"""

import re
import struct
from collections.abc import Iterator
from urllib.parse import quote

import msgspec
import pytest

from functions.api.openapi import OPERATIONS
from functions.api.operations.operation import Operation
from functions.errors import FormatError
from functions.storage.memory import MemoryStore
from functions.weights import safetensors
from tests.functions.api.test_fuzz import JSON, OCTETS, SAFETENSORS, VALID, inference_request
from tests.support.api import Api, serving

EXTREMES = {
    "a number of 400 digits": b"9" * 400,
    "a number of 5,000 digits": b"9" * 5000,
    "a negative number of 5,000 digits": b"-" + b"9" * 5000,
    "beyond every float": b"1e400",
    "a whole float": b"1e300",
    "nested lists": b"[" * 1500 + b"]" * 1500,
    "nested objects": b'{"a":' * 1500 + b"1" + b"}" * 1500,
    "a long list": b"[" + b"4294967296," * 20_000 + b"1]",
}
LONGEST_ANSWER = 8000  # bytes: an error repeats only the start of what came
_VALUE = re.compile(rb'(?<=[:\[,])\s*(?:"[^"]*"|-?[0-9.]+|\[[^\[\]]*\])(?=\s*[,\]}])')
_MOST_PLACES = 12  # of a body, so that not each of 784 pixels is tried

pytestmark = pytest.mark.usefixtures("networks_are_loaded_once")


@pytest.fixture(scope="module")
def api(seeded: MemoryStore) -> Iterator[Api]:
    """Return the API over one store, which what is accepted here may change."""
    store = MemoryStore(seeded)
    with serving(store) as served:
        yield served


def assert_refused_or_done(api: Api, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> None:
    answer = api(method, path, body=body, headers=headers)
    about = (method, path[:80], (body or b"")[:80], answer.status_code, answer.body[:200])
    assert answer.status_code < 500, about
    if answer.status_code >= 400:
        assert len(answer.body) < LONGEST_ANSWER, about


def with_extremes(text: bytes, extreme: bytes) -> Iterator[bytes]:
    """Yield JSON with one of its values replaced, and the extreme alone."""
    yield extreme
    for found in list(_VALUE.finditer(text))[:_MOST_PLACES]:
        yield text[: found.start()] + extreme + text[found.end() :]


@pytest.mark.parametrize("extreme", EXTREMES.values(), ids=EXTREMES)
@pytest.mark.parametrize("route", [route for route in VALID if route[2] == JSON], ids=" ".join)
def test_extreme_values_in_json(api: Api, route: tuple[str, str, str], extreme: bytes) -> None:
    method, path, media_type = route
    for body in with_extremes(VALID[route], extreme):
        assert_refused_or_done(api, method, path, body, {"Content-Type": media_type})


@pytest.mark.parametrize("extreme", EXTREMES.values(), ids=EXTREMES)
def test_extreme_values_in_the_header_of_safetensors(api: Api, extreme: bytes) -> None:
    entry = b'{"__metadata__":{"a":"b"},"fc2.bias":{"dtype":"F32","shape":[10],"data_offsets":[0,40]}}'
    for header in with_extremes(entry, extreme):
        body = struct.pack("<Q", len(header)) + header + bytes(40)
        assert_refused_or_done(api, "POST", "/weights", body, {"Content-Type": SAFETENSORS})


@pytest.mark.parametrize("extreme", EXTREMES.values(), ids=EXTREMES)
def test_extreme_values_before_binary_tensors(api: Api, extreme: bytes) -> None:
    text = inference_request()[:-3136]
    for header in with_extremes(text, extreme):
        headers = {"Content-Type": OCTETS, "Inference-Header-Content-Length": str(len(header))}
        assert_refused_or_done(api, "POST", "/v2/models/mlp-128/infer", header + bytes(3136), headers)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
def test_extreme_parameters(api: Api, operation: Operation) -> None:
    if operation.method == "DELETE":
        return  # it would train; If-Match is read as everywhere
    path = re.sub(r"\{(\w+)\}", lambda found: "mlp-128" if found[1] == "model" else "0", operation.path)
    body = msgspec.json.encode({}) if operation.body else None
    headers = {"Content-Type": JSON} if operation.body else {}
    for extreme in EXTREMES.values():
        text = extreme[:6000].decode()
        for parameter in operation.parameters:
            if parameter.place == "query":
                assert_refused_or_done(api, operation.method, f"{path}?{parameter.name}={quote(text)}", body, headers)
            elif parameter.place == "header":
                assert_refused_or_done(api, operation.method, path, body, headers | {parameter.name: text})
            else:
                filled = operation.path.replace(f"{{{parameter.name}}}", quote(text, safe=""))
                filled = re.sub(r"\{\w+\}", "0", filled)
                assert_refused_or_done(api, operation.method, filled, body, headers)
        for name in ("Accept", "Accept-Encoding", "If-None-Match", "Content-Encoding", "Authorization"):
            for value in (text, f"application/json;q={text}", f"gzip;q={text}"):
                assert_refused_or_done(api, operation.method, path, body, headers | {name: value})


def test_tensor_of_many_axes_is_refused() -> None:
    """Their product would be a number that takes seconds to compute, and longer to write."""
    entry = {"dtype": "F32", "shape": [4294967296] * 20_000, "data_offsets": [0, 4]}
    header = msgspec.json.encode({"fc1.weight": entry})
    with pytest.raises(FormatError, match="of 20000 axes"):
        safetensors.decode(struct.pack("<Q", len(header)) + header + bytes(4))
