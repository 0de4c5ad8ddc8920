"""Each request of the protocol has exactly one handler in the worker, which takes the request's fields."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from scrawl import protocol
from scrawl.net.calibration import Calibration
from scrawl.net.names import parse
from scrawl.net.network import Network

from tests.support import fake_browser
from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.trainers import LAYERS, PARAMETERS, SETTINGS

if TYPE_CHECKING:
    from scrawl.worker.main import Worker


class Bytes(bytes):
    """A typed array, as far as the worker needs one."""

    @property
    def length(self) -> int:
        return len(self)

    def subarray(self, first: int) -> bytes:
        return self[first:]


MODEL = {"model": "small", "title": "Small", "layers": LAYERS, "parameters": PARAMETERS}


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return what the worker reports; the window has what the worker uses of it."""
    sent: list[dict[str, Any]] = []
    port = SimpleNamespace(postMessage=lambda _message: None)
    for name, value in {
        "bind": lambda _event, _handler: None,
        "send": lambda message, _moved=(): sent.append(message),
        "importScripts": lambda _address: None,
        "MessageChannel": SimpleNamespace(new=lambda: SimpleNamespace(port1=SimpleNamespace(), port2=port)),
    }.items():
        monkeypatch.setattr(fake_browser.window, name, value, raising=False)
    return sent


@pytest.fixture
def worker(reports: list[dict[str, Any]]) -> Iterator[Worker]:
    from scrawl.worker.main import Worker

    assert reports == []
    worker = Worker()
    worker.kernel = WasmtimeKernel()  # type: ignore[assignment] # wasmtime's
    worker._has_kernel = True
    yield worker


def request(worker: Worker, kind: str, **fields: Any) -> None:
    worker.receive(SimpleNamespace(data=protocol.message(protocol.REQUESTS, kind, **fields)))  # type: ignore[arg-type]


def open_network(worker: Worker) -> None:
    request(worker, "open", model=json.dumps(MODEL), settings=json.dumps(SETTINGS), seed=1)


def test_each_request_has_a_handler_that_takes_its_fields(worker: Worker) -> None:
    open_network(worker)
    first = set(worker.handlers)
    request(worker, "load_features", address="scrawl-later.js", pictures="pictures.wasm")
    assert set(worker.handlers) == set(protocol.REQUESTS)
    assert first < set(worker.handlers)  # the others wait for the second bundle
    for kind, handler in worker.handlers.items():
        assert tuple(inspect.signature(handler).parameters) == protocol.REQUESTS[kind], kind


def test_requests_wait_for_their_handlers(worker: Worker, reports: list[dict[str, Any]]) -> None:
    request(worker, "ping")
    request(worker, "step")
    assert reports == []  # no network is open yet
    open_network(worker)
    assert [report["kind"] for report in reports] == ["opened", "pong"]
    request(worker, "load_features", address="scrawl-later.js", pictures="pictures.wasm")
    assert worker.training is not None
    assert worker.training.trainer.steps_wanted == 1
    assert "failed" not in [report["kind"] for report in reports]


def test_a_request_that_fails_is_reported(worker: Worker, reports: list[dict[str, Any]]) -> None:
    open_network(worker)
    request(worker, "export", model="unknown", metadata="{}")
    assert reports[-1] == {"kind": "failed", "message": "KeyError: 'unknown'"}


def test_counting_that_fails_is_reported_and_can_start_again(
    worker: Worker, reports: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_network(worker)
    request(worker, "load_features", address="scrawl-later.js", pictures="pictures.wasm")
    assert worker.training is not None
    monkeypatch.setattr(worker.training, "trainer", SimpleNamespace(cache=SimpleNamespace(), is_busy=lambda: True))
    for _ in range(2):
        reports.clear()
        request(worker, "count_confusion", model=json.dumps(MODEL), iteration=0)
        assert [report["kind"] for report in reports] == ["failed"]


def lessons_left(worker: Worker) -> int:
    assert worker.training is not None
    return worker.training.teacher.count_lessons()


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("train", {}),
        ("step", {}),
        ("randomise", {"seed": 2}),
        ("train_on_collected", {"labels": Bytes([3]), "pictures": Bytes(784)}),
    ],
)
def test_lesson_is_taken_back_unless_something_else_has_changed_the_weights(
    worker: Worker, reports: list[dict[str, Any]], kind: str, fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_browser.window, "Uint8Array", SimpleNamespace(new=bytes), raising=False)
    open_network(worker)
    request(worker, "load_features", address="scrawl-later.js", pictures="pictures.wasm")
    request(worker, "predict_picture", number=1, picture=bytes([0, 255] * 392))
    request(worker, "tune", label=3)
    assert (reports[-2]["kind"], reports[-2]["undoable"]) == ("tuned", 1)
    request(worker, "take_back_lesson")
    assert (reports[-2]["kind"], lessons_left(worker)) == ("lesson_taken_back", 0)
    request(worker, "tune", label=3)
    request(worker, kind, **fields)
    reports.clear()
    request(worker, "take_back_lesson")
    assert "lesson_taken_back" not in [report["kind"] for report in reports]


def test_an_unexpected_error_leaves_no_block_in_flight(
    reports: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody expected is treated like a refused block: it is asked for again later."""
    assert reports == []
    from browser import aio
    from scrawl.client import fetching
    from scrawl.training.block_cache import BlockCache
    from scrawl.worker import block_source

    cache = BlockCache({"train": {"count": 20, "shards": 2}, "test": {"count": 10, "shards": 1}})
    cache.follow(SimpleNamespace(window=[0, 1], upcoming=[]))
    trainer: Any = SimpleNamespace(cache=cache, clock=lambda: 0.0, offline=False)
    told: list[str] = []

    async def fetch(*_arguments: object) -> object:
        raise ZeroDivisionError("nobody expected that")

    monkeypatch.setattr(fetching, "fetch", fetch)
    source = block_source.BlockSource(
        "{split}/{index}", trainer, lambda kind, **_fields: told.append(kind), lambda: None
    )
    monkeypatch.setattr(aio, "run", _run_at_once)
    source.start()
    assert source.in_flight == []
    assert told.count("block_refused") == 3  # each once
    assert set(cache.postponed) == {("train", 0), ("train", 1), ("test", 0)}


def test_coming_blocks_are_reported_now_and_then_and_the_last_one_always(monkeypatch: pytest.MonkeyPatch) -> None:
    from browser import aio
    from scrawl.training.block_cache import BlockCache
    from scrawl.worker import block_source

    cache = BlockCache({"train": {"count": 40, "shards": 4}, "test": {"count": 10, "shards": 1}})
    cache.follow(SimpleNamespace(window=[0, 1, 2, 3], upcoming=[]))
    trainer: Any = SimpleNamespace(cache=cache, clock=lambda: 0.0, offline=False)
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(aio, "run", lambda coroutine: coroutine.close())  # the blocks come below
    source = block_source.BlockSource(
        "", trainer, lambda _kind, **told_of: told.append((told_of["cached"], told_of["in_flight"])), lambda: None
    )
    source.start()
    while source.in_flight:
        cache.place(*source.in_flight.pop(0), 10)
        source.pump()
    assert told == [(0, block_source.AT_FIRST), (4, 0)]


def _run_at_once(coroutine: Any) -> None:
    with pytest.raises(StopIteration):
        coroutine.send(None)


def test_comparison_of_networks_is_as_sure_as_the_reading(worker: Worker, reports: list[dict[str, Any]]) -> None:
    open_network(worker)
    request(worker, "load_features", address="scrawl-later.js", pictures="pictures.wasm")
    request(worker, "predict_picture", number=1, picture=bytes([0, 255] * 392))
    plain = reports[-1]["probabilities"]
    worker.selected.network.calibration = Calibration(4.0, 0.0)
    request(worker, "predict_picture", number=2, picture=bytes([0, 255] * 392))
    reading = reports[-1]["probabilities"]
    request(worker, "predict_with_all")
    assert reports[-1]["probabilities"] == pytest.approx(reading)
    assert max(reading) < max(plain)


def test_memory_of_networks_that_are_not_selected_is_bounded(
    worker: Worker, reports: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from scrawl.worker import main
    from scrawl.worker.opened_network import to_park

    monkeypatch.setattr(main, "to_park", lambda opened, selected: to_park(opened, selected, 20_000_000))
    names = [f"mlp-{units}" for units in range(259, 249, -1)]
    ends = []
    for name in names:
        request(worker, "open", model=json.dumps(parse(name).description()), settings=json.dumps(SETTINGS), seed=1)
        ends.append(worker.kernel.end)
    assert ends[-1] == ends[5]  # from some number of networks on, it is enough
    assert [worker.opened[name].is_parked for name in (names[0], names[-1])] == [True, False]
    weights = worker.opened[names[0]].network.export()  # which wakes it
    described = parse(names[0]).description()
    other = Network(WasmtimeKernel(), described["layers"], described["parameters"], 1)
    other.randomise(1)
    assert {name: list(w) for name, w in weights.items()} == {name: list(w) for name, w in other.export().items()}
    assert not [report for report in reports if report["kind"] in ("failed", "not_opened")]
