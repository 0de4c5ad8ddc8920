"""Predictions while the current weights cannot be read: they go on with the last known ones, and the log says so."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import wait
from typing import Any, cast

import pytest

from functions.errors import CorruptDataError, NotFoundError, UnavailableError
from functions.models.inference import Classifier
from functions.models.serving import RETRY_AFTER, Loaded, ServedWeights, _Refresh
from functions.telemetry import metrics
from functions.weights.versions import Version

CLASSIFIER = cast("Classifier", None)  # no prediction is made here
STARTED, ENDED = "predictions go on with the last known weights", "predictions have the current weights again"


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Weights:
    """What can be loaded: a version, or an error. It counts, and may hang."""

    def __init__(self) -> None:
        self.answer: str | Exception = "1"
        self.loads = 0
        self.open = threading.Event()
        self.open.set()
        self.started = threading.Event()

    def __call__(self, loaded: Loaded | None) -> Loaded:
        self.loads += 1
        self.started.set()
        answer = self.answer
        assert self.open.wait(30)
        if isinstance(answer, Exception):
            raise answer
        return loaded if loaded and loaded.version.version == answer else Loaded(version(answer), CLASSIFIER)


def version(name: str) -> Version:
    return Version(
        model="m",
        version=name,
        parent=None,
        source="test",
        samples=0,
        loss=0.1,
        accuracy=0.9,
        created_at="2026-01-01",
        restores=None,
        tensors={},
    )


@pytest.fixture
def weights() -> Iterator[Weights]:
    made = Weights()
    yield made
    made.open.set()


@pytest.fixture
def served(weights: Weights, clock: Clock) -> ServedWeights:
    return ServedWeights(weights, 1.0, clock=clock)


def current(served: ServedWeights) -> str:
    return served.get().version.version


def settled(served: ServedWeights) -> None:
    """Wait until no refresh is running."""
    if served._refresh is not None:
        wait([served._refresh.result], 30)
        assert served._refresh.result.done()


def test_what_was_found_is_trusted_for_a_while(served: ServedWeights, weights: Weights, clock: Clock) -> None:
    assert (current(served), weights.loads) == ("1", 1)
    weights.answer = "2"
    clock.now += 0.9
    assert (current(served), weights.loads) == ("1", 1)
    clock.now += 0.2
    assert (current(served), weights.loads) == ("2", 2)


@pytest.mark.parametrize("error", [UnavailableError("away"), CorruptDataError("bad"), NotFoundError("gone")])
def test_last_known_weights_serve_and_the_store_is_asked_now_and_then(
    served: ServedWeights, weights: Weights, clock: Clock, error: Exception
) -> None:
    current(served)
    clock.now += 2
    weights.answer = error
    for _ in range(50):
        assert current(served) == "1"
        settled(served)
    assert weights.loads == 2
    clock.now += RETRY_AFTER
    for _ in range(50):
        assert current(served) == "1"
        settled(served)
    assert weights.loads == 3
    weights.answer = "2"
    clock.now += RETRY_AFTER
    current(served)  # is not kept waiting
    settled(served)
    assert current(served) == "2"


def test_nobody_waits_for_a_store_that_hangs_but_the_first_and_not_for_long(weights: Weights) -> None:
    served = ServedWeights(weights, 1.0, patience=0.01)
    current(served)
    served.expire()
    weights.open.clear()
    weights.answer = "2"
    for _ in range(50):
        assert current(served) == "1"
    assert weights.loads == 2
    weights.open.set()
    settled(served)
    assert current(served) == "2"


def test_whoever_publishes_is_answered_by_what_was_published(served: ServedWeights, weights: Weights) -> None:
    """A refresh that started before does not know of it."""
    current(served)
    served.expire()
    weights.open.clear()
    weights.started.clear()
    before = threading.Thread(target=current, args=(served,))
    before.start()
    assert weights.started.wait(30)
    old = served._refresh
    assert old is not None
    weights.answer = "2"
    served.expire()
    weights.open.set()
    assert current(served) == "2"
    before.join(30)
    wait([old.result], 30)
    assert current(served) == "2"


def test_those_who_wait_for_the_first_weights_share_one_refresh_and_its_error(weights: Weights) -> None:
    weights.open.clear()
    weights.answer = UnavailableError("away")
    errors: list[str] = []
    waiting = threading.Semaphore(0)

    class Announcing(ServedWeights):
        def _start_refresh(self) -> _Refresh:
            refresh = super()._start_refresh()
            waiting.release()
            return refresh

    served = Announcing(weights, 1.0)

    def ask() -> None:
        try:
            current(served)
        except UnavailableError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert all(waiting.acquire(timeout=30) for _ in threads)
    weights.open.set()
    for thread in threads:
        thread.join(30)
    assert errors == ["away"] * 8
    assert weights.loads == 1
    weights.answer = "1"
    assert current(served) == "1"  # without a pause: there is nothing else to answer with


def lines(caplog: pytest.LogCaptureFixture, message: str) -> list[Any]:  # with what was logged as attributes
    return [record for record in caplog.records if record.message == message]


def test_log_has_one_line_when_it_starts_one_when_the_cause_changes_and_one_when_it_ends(
    served: ServedWeights, weights: Weights, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    current(served)

    def go_on(answer: str | Exception, loads: int) -> None:
        weights.answer = answer
        for _ in range(loads):
            clock.now += RETRY_AFTER
            current(served)
            settled(served)

    go_on(UnavailableError("the store failed"), 3)
    (started,) = lines(caplog, STARTED)
    assert (started.levelname, started.model, started.version, started.error) == (
        "WARNING",
        "m",
        "1",
        "the store failed",
    )
    assert started.seconds == RETRY_AFTER  # since it was known that they are current
    go_on(CorruptDataError("current.json is damaged"), 2)
    changed = lines(caplog, STARTED)[1]
    assert (changed.levelname, changed.error, changed.seconds) == ("ERROR", "current.json is damaged", 20.0)
    assert len(lines(caplog, STARTED)) == 2
    go_on("2", 2)
    (ended,) = lines(caplog, ENDED)
    assert (ended.levelname, ended.version, ended.seconds) == ("WARNING", "2", 30.0)


def test_fault_that_nobody_foresaw_is_logged_with_its_traceback(
    served: ServedWeights, weights: Weights, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    current(served)
    clock.now += 2
    weights.answer = ZeroDivisionError("a bug")
    assert current(served) == "1"
    settled(served)
    (line,) = lines(caplog, STARTED)
    assert line.exc_info[0] is ZeroDivisionError


def test_metric_says_for_how_long(
    served: ServedWeights,
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
