"""POST /weights/updates: what is averaged in, once, by how much, and what is refused."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from chalice.test import HTTPResponse

from functions.models.averaging import LONGEST, MOST_SAMPLES, Update
from functions.storage.memory import MemoryStore
from functions.weights import safetensors
from functions.weights.contributions import REMEMBERED
from functions.weights.int8 import to_int8
from functions.weights.versions import Change, Tensors, Version
from tests.support.api import Api, serving
from tests.support.weights_bodies import SAFETENSORS, SHAPES, as_json, lesson, sent

ROUNDING = 1e-6  # float32, of weights below 1


def difference(seed: int, size: float = 1e-4) -> dict[str, np.ndarray]:
    """Return a difference that changes no reading of a test digit worth mentioning."""
    random = np.random.default_rng(seed)
    return {name: random.normal(0, size, shape).astype(np.float32) for name, shape in SHAPES.items()}


def send(
    api: Api, base: str, change: Tensors | bytes, samples: object = 100, key: str = "", participant: str = ""
) -> HTTPResponse:
    body = change if isinstance(change, bytes) else sent(dict(change))
    headers = {"Content-Type": SAFETENSORS} | ({"Idempotency-Key": key} if key else {})
    query = f"base={base}&samples={samples}" + (f"&participant={participant}" if participant else "")
    return api("POST", f"/weights/updates?{query}", body=body, headers=headers)


def weights(api: Api) -> Tensors:
    return api.service.model("mlp-128").weights.current().tensors


def assert_equal(found: Tensors, expected: Tensors) -> None:
    for name, tensor in expected.items():
        np.testing.assert_allclose(found[name], tensor, rtol=0, atol=ROUNDING)


def test_the_only_update_is_added_as_it_is(api: Api, current: Version) -> None:
    change = difference(1)
    answer = send(api, current.version, change, participant="a")
    assert answer.status_code == 201
    body = answer.json_body
    assert (body["parent"], body["source"], body["samples"]) == (current.version, "update", 100)
    assert (body["weight"], body["participants"]) == (1.0, 1)
    assert answer.headers["ETag"] == f'"{api.version}"'
    assert api("GET", answer.headers["Location"]).json_body["version"] == body["version"]
    assert_equal(weights(api), {name: current.tensors[name] + change[name] for name in SHAPES})
    assert api("GET", "/weights/history").json_body["versions"][0]["source"] == "update"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_updates_from_one_version_are_averaged_by_samples_whatever_their_order(
    api: Api, current: Version, order: tuple[int, ...]
) -> None:
    changes, samples = [difference(seed) for seed in range(3)], [100, 300, 600]
    for number in order:
        assert (
            send(api, current.version, changes[number], samples[number], participant=f"p{number}").status_code == 201
        )
    mean = {n: sum(s * c[n] for s, c in zip(samples, changes, strict=True)) / 1000 for n in SHAPES}
    assert_equal(weights(api), {name: current.tensors[name] + mean[name] for name in SHAPES})


def test_update_from_an_older_version_counts_by_its_part_of_what_was_learned_since(
    api: Api, current: Version
) -> None:
    first = send(api, current.version, difference(1), 100, participant="a").json_body["version"]
    second = send(api, first, difference(2), 100, participant="b")
    before, change = weights(api), difference(3)
    late = send(api, current.version, change, 200, participant="c")
    assert second.json_body["weight"] == 1.0
    assert late.json_body["weight"] == 0.5
    assert_equal(weights(api), {name: np.float32(0.5) * change[name] + before[name] for name in SHAPES})


def test_own_earlier_updates_do_not_make_a_client_count_less(api: Api, current: Version) -> None:
    for _ in range(3):
        answer = send(api, current.version, difference(1), participant="a")
    assert answer.json_body["weight"] == 1.0


def test_lesson_of_another_is_kept_by_an_update_from_before_it(api: Api, current: Version) -> None:
    assert api("PATCH", "/weights", body=as_json(lesson(api))).status_code == 200
    taught, change = weights(api), difference(1)
    assert send(api, current.version, change, 99).json_body["weight"] == 0.99
    expected = {name: np.asarray(taught[name] + np.float32(0.99) * change[name], np.float32) for name in SHAPES}
    assert_equal(weights(api), expected)


def test_int8_form_is_taken(api: Api, current: Version) -> None:
    change = difference(1)
    small = safetensors.encode(to_int8(change), {})
    assert send(api, current.version, small).status_code == 201
    assert len(small) < 110_000
    for name, tensor in weights(api).items():
        np.testing.assert_allclose(tensor, current.tensors[name] + change[name], rtol=0, atol=3e-6)  # half a step


def test_request_that_comes_again_counts_once(memory: MemoryStore, api: Api, current: Version) -> None:
    first = send(api, current.version, difference(1), key="k1", participant="a")
    second = send(api, first.json_body["version"], difference(2), key="k2", participant="b")
    with serving(memory) as another:
        again = send(another, current.version, difference(1), key="k1", participant="a")
        assert (again.status_code, again.json_body["version"]) == (200, first.json_body["version"])
        assert (again.json_body["weight"], again.json_body["participants"]) == (None, 2)
        assert another.version == second.json_body["version"]


def test_concurrent_updates_all_take_effect(memory: MemoryStore, current: Version) -> None:
    """Two processes over one store compete; together they are the mean, as if they had come one after the other."""
    with serving(memory) as one, serving(memory) as other:
        changes = [difference(seed) for seed in range(12)]
        with ThreadPoolExecutor(12) as pool:
            models = [one.service.model("mlp-128"), other.service.model("mlp-128")]
            updates = [Update(change, current.version, 50, f"p{n}", f"k{n}") for n, change in enumerate(changes)]
            list(pool.map(lambda n: models[n % 2].average(updates[n]), range(12)))
        assert one("GET", "/weights/updates").json_body["participants"] == 12
        assert len(one("GET", "/weights/history").json_body["versions"]) == 13
        mean = {name: sum(change[name] for change in changes) / 12 for name in SHAPES}
        assert_equal(weights(one), {name: current.tensors[name] + mean[name] for name in SHAPES})


def test_claims_are_capped_and_long_differences_shortened(api: Api, current: Version) -> None:
    long = {name: 2 * tensor for name, tensor in current.tensors.items()}
    body = send(api, current.version, long, 900_000_000).json_body
    assert body["samples"] == MOST_SAMPLES
    factor = np.float32(1 + LONGEST)
    assert_equal(weights(api), {name: factor * tensor for name, tensor in current.tensors.items()})


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("samples=100", 422, "base is the version learned from"),
        ("base=../current&samples=100", 422, "base is the version learned from"),
        ("base={}", 422, "samples is of how many digits, 32 to"),
        ("base={}&samples=31", 422, "32 to 1000000000, got '31'"),
        ("base={}&samples=-40", 422, "got '-40'"),
        ("base={}&samples=1e3", 422, "got '1e3'"),
        ("base={}&samples=99999999999999999999", 422, "32 to"),
        ("base={}&samples=100&participant=" + "x" * 65, 422, "participant is 1 to 64"),
        ("base=20200101T000000000-00000000&samples=100", 412, "The current version is 2"),
        ("base={}&samples=100&model=mlp-300", 404, "there is no model"),
    ],
)
def test_wrong_request_is_refused(api: Api, current: Version, query: str, status: int, message: str) -> None:
    address = f"/weights/updates?{query.format(current.version)}"
    answer = api("POST", address, body=sent(difference(1)), headers={"Content-Type": SAFETENSORS})
    assert (answer.status_code, message in answer.json_body["error"]["message"]) == (status, True), answer.json_body


def with_value(value: float) -> dict[str, np.ndarray]:
    changed = difference(1)
    changed["fc1.weight"][3, 4] = value
    return changed


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_value(np.nan), "must be finite, got nan at [3, 4]"),
        (with_value(np.inf), "must be finite, got inf"),
        ({"fc1.weight": np.zeros((128, 784), np.float32)}, "missing"),
        (difference(1, 0.3), "not made current: these weights recognise"),
    ],
)
def test_difference_that_does_harm_is_refused(
    api: Api, current: Version, change: dict[str, np.ndarray], message: str
) -> None:
    answer = send(api, current.version, change)
    assert answer.status_code == 422
    assert message in answer.json_body["error"]["message"]


def test_update_from_weights_that_were_replaced_is_refused(api: Api, current: Version) -> None:
    replaced = send(api, current.version, difference(1)).json_body["version"]
    assert api("POST", "/weights/rollback", body={"version": current.version}).status_code == 201
    assert send(api, replaced, difference(2)).status_code == 412
    assert send(api, current.version, difference(2)).status_code == 201  # those weights are there again


def test_base_may_be_as_old_as_what_is_remembered(api: Api, current: Version) -> None:
    model = api.service.model("mlp-128")
    first = send(api, current.version, difference(0), key="first").json_body["version"]
    for _ in range(REMEMBERED - 1):
        model.weights.update(lambda version: Change(version.tensors, "patch", version.loss, version.accuracy, 1))
    assert send(api, current.version, difference(0), key="first").status_code == 200  # it came before
    assert send(api, first, difference(1)).status_code == 201
    assert (
        send(api, current.version, difference(0), key="first").status_code == 412
    )  # forgotten, and too old to count
    assert send(api, first, difference(1)).status_code == 412


def test_writing_needs_the_token(memory: MemoryStore, current: Version) -> None:
    with serving(memory, write_token="secret") as api:
        assert send(api, current.version, difference(1)).status_code == 401
        assert api("GET", "/weights/updates").status_code == 200
