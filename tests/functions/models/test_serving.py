"""Predictions while the current weights cannot be read: they go on with the last known ones, and the log says so."""

import json
import logging
import threading
import time
from collections.abc import Iterator

import pytest

from functions.errors import CorruptDataError, NotFoundError, UnavailableError
from functions.models import serving as module
from functions.models.serving import Served, Serving
from functions.telemetry import metrics
from functions.weights.versions import Version

BEGUN, ENDED = "predictions go on with the last known weights", "predictions have the current weights again"


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("time.monotonic", made)
    return made


class Weights:
    """What can be looked up: a version, or an error. It counts, and may be held up."""

    def __init__(self) -> None:
        self.answer: str | Exception = "1"
        self.looks = 0
        self.open = threading.Event()
        self.open.set()

    def __call__(self, held: Served | None) -> Served:
        self.looks += 1
        answer = self.answer
        assert self.open.wait(30)
        if isinstance(answer, Exception):
            raise answer
        return held if held and held[0].version == answer else (version(answer), None)  # type: ignore[return-value]


def version(name: str) -> Version:
    known = {"parent": None, "source": "test", "samples": 0, "loss": 0.1, "accuracy": 0.9, "restores": None}
    return Version(model="m", version=name, created_at="2026-01-01", tensors={}, **known)  # type: ignore[arg-type]


@pytest.fixture
def weights() -> Iterator[Weights]:
    made = Weights()
    yield made
    made.open.set()


@pytest.fixture
def served(weights: Weights) -> Serving:
    return Serving(weights, 1.0)


def current(served: Serving) -> str:
    return served.get()[0].version


def settled(served: Serving) -> None:
    """Wait until no look is under way."""
    if served._look is not None:
        assert served._look.over.wait(30)


def test_what_was_found_is_trusted_for_a_while(served: Serving, weights: Weights, clock: Clock) -> None:
    assert (current(served), weights.looks) == ("1", 1)
    weights.answer = "2"
    clock.now += 0.9
    assert (current(served), weights.looks) == ("1", 1)
    clock.now += 0.2
    assert (current(served), weights.looks) == ("2", 2)


@pytest.mark.parametrize("error", [UnavailableError("away"), CorruptDataError("bad"), NotFoundError("gone")])
def test_last_known_weights_serve_and_the_store_is_asked_now_and_then(
    served: Serving, weights: Weights, clock: Clock, error: Exception
) -> None:
    current(served)
    clock.now += 2
    weights.answer = error
    for _ in range(50):
        assert current(served) == "1"
        settled(served)
    assert weights.looks == 2
    clock.now += module._PAUSE
    for _ in range(50):
        assert current(served) == "1"
        settled(served)
    assert weights.looks == 3
    weights.answer = "2"
    clock.now += module._PAUSE
    current(served)  # is not kept waiting
    settled(served)
    assert current(served) == "2"


def test_nobody_waits_for_a_store_that_hangs_but_the_first_and_not_for_long(
    served: Serving, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.01)
    served.expire()
    current(served)
    served.expire()
    weights.open.clear()
    weights.answer = "2"
    for _ in range(50):
        assert current(served) == "1"
    assert weights.looks == 2
    weights.open.set()
    settled(served)
    assert current(served) == "2"


def test_whoever_publishes_is_answered_by_what_was_published(served: Serving, weights: Weights) -> None:
    """A look that has begun before does not know of it."""
    current(served)
    served.expire()
    weights.open.clear()
    before = threading.Thread(target=current, args=(served,))
    before.start()
    while weights.looks < 2 or served._look is None:
        time.sleep(0.001)
    old = served._look
    weights.answer = "2"
    served.expire()
    weights.open.set()
    assert current(served) == "2"
    before.join(30)
    assert old.over.wait(30)
    assert current(served) == "2"


def test_those_who_wait_for_the_first_weights_share_one_look_and_its_error(served: Serving, weights: Weights) -> None:
    weights.open.clear()
    weights.answer = UnavailableError("away")
    errors: list[str] = []

    def ask() -> None:
        try:
            current(served)
        except UnavailableError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    while weights.looks == 0:
        time.sleep(0.001)
    time.sleep(0.05)
    weights.open.set()
    for thread in threads:
        thread.join(30)
    assert errors == ["away"] * 8
    assert weights.looks <= 2  # a thread may come late
    weights.answer = "1"
    assert current(served) == "1"  # without a pause: there is nothing else to answer with


def lines(caplog: pytest.LogCaptureFixture, message: str) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.message == message]


def test_log_has_one_line_when_it_begins_one_when_the_cause_changes_and_one_when_it_ends(
    served: Serving, weights: Weights, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    current(served)

    def go_on(answer: str | Exception, looks: int) -> None:
        weights.answer = answer
        for _ in range(looks):
            clock.now += module._PAUSE
            current(served)
            settled(served)

    go_on(UnavailableError("the store failed"), 3)
    (begun,) = lines(caplog, BEGUN)
    assert (begun.levelname, begun.model, begun.version, begun.error) == ("WARNING", "m", "1", "the store failed")
    assert begun.seconds == module._PAUSE  # since it was known that they are current
    go_on(CorruptDataError("current.json is damaged"), 2)
    changed = lines(caplog, BEGUN)[1]
    assert (changed.levelname, changed.error, changed.seconds) == ("ERROR", "current.json is damaged", 20.0)
    assert len(lines(caplog, BEGUN)) == 2
    go_on("2", 2)
    (ended,) = lines(caplog, ENDED)
    assert (ended.levelname, ended.version, ended.seconds) == ("WARNING", "2", 30.0)


def test_fault_that_nobody_foresaw_is_logged_with_its_traceback(
    served: Serving, weights: Weights, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    current(served)
    clock.now += 2
    weights.answer = ZeroDivisionError("a bug")
    assert current(served) == "1"
    settled(served)
    (line,) = lines(caplog, BEGUN)
    assert line.exc_info[0] is ZeroDivisionError


def test_metric_says_for_how_long(
    served: Serving,
    weights: Weights,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(metrics._State, "stage", "prod")
    current(served)
    weights.answer = UnavailableError("away")
    for _ in range(2):
        clock.now += 10
        current(served)
        settled(served)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["model"], line["version"], line["StaleSeconds"]) for line in lines] == [
        ("m", "1", 10),
        ("m", "1", 20),
    ]
