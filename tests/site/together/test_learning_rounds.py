"""Rounds of learning together: what is sent again, and what belongs to a round before and is dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from scrawl.client.fetching import ApiUnavailableError, RefusedError
from scrawl.state.app_state import State
from scrawl.together import remembered_room
from scrawl.together.learning_rounds import PAUSE, LearningRounds
from scrawl.together.together_state import TRANSITIONS, TogetherState

from tests.support.fake_browser import window

MODEL = "mlp-128"


class Api:
    """An API that fails when the test wants it to."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.sent: list[str] = []  # the keys of updates
        self.code = ""

    async def weights(self, _model: str) -> tuple[bytes, str]:
        return b"weights", '"7"'

    async def status(self, _model: str) -> dict[str, Any]:
        return {"accuracy": 0.9, "participants": 1}

    async def send(self, *arguments: Any) -> dict[str, Any]:
        self.sent.append(arguments[-1])
        if self.failure:
            raise self.failure
        return {"weight": 0.5, "accuracy": 0.9, "participants": 1}


class Visit:
    """A page with digits enough, and a worker that the test plays."""

    def __init__(self) -> None:
        self.state = State()
        self.state.together = TogetherState()
        self.state.together.with_blocks = True
        self.state.share = SimpleNamespace(digits=[])  # type: ignore[assignment] # all that a round reads of it
        self.api = Api()
        self.asked: list[int] = []  # the numbers of the rounds that the worker is to learn
        self.away: list[str] = []
        app: Any = SimpleNamespace(page=self, connection=SimpleNamespace(mark_unavailable=self.away.append))
        self.rounds = LearningRounds(app, self.api, lambda: None)  # type: ignore[arg-type] # all that it uses

    def on_report(self, _kind: str, listener: Callable[..., object]) -> None:
        self.report = listener

    def dispatch(self, event: str, **fields: Any) -> None:
        if event in TRANSITIONS:
            TRANSITIONS[event](self.state, **fields)

    def send(self, kind: str, **fields: Any) -> None:
        if kind == "learn_together":
            self.asked.append(fields["number"])

    def learn(self, number: int) -> None:
        """Have the worker report a round."""
        self.report(number=number, samples=40, buffer=b"difference")


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Iterator[Visit]:
    window.reset()
    numbers = SimpleNamespace(
        new=lambda content: SimpleNamespace(length=len(content)) if isinstance(content, list) else [1]
    )
    monkeypatch.setattr(window, "Uint8Array", numbers, raising=False)
    monkeypatch.setattr(window, "crypto", SimpleNamespace(getRandomValues=lambda array: array), raising=False)
    monkeypatch.setattr(window, "addEventListener", lambda *_arguments: None, raising=False)
    monkeypatch.setattr(remembered_room, "remember", lambda *_arguments: None)
    made = Visit()
    made.rounds.start(MODEL)
    window.run_timers(0)
    yield made
    window.reset()


@pytest.mark.parametrize(
    "failure", [RefusedError(409, "others were faster", ""), ApiUnavailableError("The API is away")]
)
def test_update_that_did_not_come_through_is_sent_again_with_its_key(visit: Visit, failure: Exception) -> None:
    visit.api.failure = failure
    visit.learn(visit.asked[-1])
    visit.api.failure = None
    window.run_timers(PAUSE)
    assert len(visit.api.sent) >= 2
    assert len(set(visit.api.sent)) == 1
    assert visit.state.together.sent == 1
    assert len(visit.asked) == 2  # and the next round has started


def test_update_that_does_harm_is_given_up(visit: Visit) -> None:
    visit.api.failure = RefusedError(422, "it reads fewer digits", "")
    visit.learn(visit.asked[-1])
    window.run_timers(PAUSE)
    assert len(visit.api.sent) == 1
    assert len(visit.asked) == 2


def test_what_was_learned_for_one_room_is_not_sent_to_another(visit: Visit) -> None:
    first = visit.asked[-1]
    visit.rounds.stop("left")
    visit.rounds.start(MODEL, "BCDF-GHJK-MNPQ")
    visit.learn(first)
    window.run_timers(0)
    visit.learn(first)
    assert visit.api.sent == []
    visit.learn(visit.asked[-1])
    assert len(visit.api.sent) == 1


def test_page_that_loses_the_api_while_it_learns_says_so(visit: Visit) -> None:
    visit.api.failure = ApiUnavailableError("The API is away")
    visit.learn(visit.asked[-1])
    window.run_timers(0)
    assert visit.away == ["The API is away"]
