"""How often the page asks whether the API is there, and what it makes of the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from scrawl.client import fetching
from scrawl.client.fetching import ApiUnavailableError, RefusedError
from scrawl.client.liveness import LONGEST, WHILE_RUNNING, Liveness
from scrawl.state.app_state import State
from scrawl.together.together_state import TogetherState

from tests.support.fake_browser import document, window


class Visit:
    """A page, and an API that answers, refuses or is away."""

    def __init__(self) -> None:
        self.state = State()
        self.state.api = "up"
        self.asked: list[float] = []  # when
        self.failure: Exception | None = None
        self.takes = 0.0  # milliseconds
        self.away: list[str] = []
        self.events: list[str] = []
        self.on_change: Callable[[Callable[[State], object]], None] = lambda effect: setattr(self, "changed", effect)
        connection = SimpleNamespace(mark_unavailable=self.mark_unavailable)
        app: Any = SimpleNamespace(page=self, connection=connection, api=SimpleNamespace(base="api/"))
        Liveness(app)

    def changed(self, state: State) -> None:
        """Tell those who follow the state; replaced by `on_change`."""

    def dispatch(self, event: str, **_fields: object) -> None:
        self.events.append(event)
        self.state.api = "slow" if event == "api_slow" else "up"

    def mark_unavailable(self, message: str) -> None:
        self.away.append(message)
        self.state.api = "away"

    async def fetch(self, url: str, _options: dict[str, Any], _seconds: float) -> None:
        assert url == "api/v2/health/live"
        self.asked.append(window.now)
        window.run_timers(self.takes)
        if self.failure:
            raise self.failure

    def train(self, on: bool = True) -> None:
        self.state.training = on
        self.changed(self.state)


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Iterator[Visit]:
    window.reset()
    document.visibilityState = "visible"
    document.listeners.clear()
    made = Visit()
    monkeypatch.setattr(fetching, "fetch", made.fetch)
    yield made
    window.reset()
    document.listeners.clear()
    document.visibilityState = "visible"


def gaps(visit: Visit) -> list[float]:
    return [later - earlier for earlier, later in zip([0.0, *visit.asked], visit.asked, strict=False)]


@pytest.mark.parametrize("what", ["training", "learning together"])
def test_api_is_asked_often_while_something_runs(visit: Visit, what: str) -> None:
    visit.state.together = TogetherState()
    visit.state.together.on = what != "training"
    visit.train(what == "training")
    window.run_timers(4 * WHILE_RUNNING)
    assert gaps(visit) == [WHILE_RUNNING] * 4
    assert WHILE_RUNNING < 3000


def test_api_is_asked_ever_more_seldom_while_nothing_runs(visit: Visit) -> None:
    window.run_timers(10 * LONGEST)
    assert gaps(visit)[:4] == [WHILE_RUNNING, 2 * WHILE_RUNNING, 4 * WHILE_RUNNING, 8 * WHILE_RUNNING]
    assert set(gaps(visit)[6:]) == {LONGEST}
    before = len(visit.asked)
    visit.train()
    window.run_timers(WHILE_RUNNING)
    assert len(visit.asked) == before + 1


def test_hidden_tab_does_not_ask_and_asks_at_once_when_it_is_shown(visit: Visit) -> None:
    visit.train()
    document.show("hidden")
    window.run_timers(LONGEST)
    assert not visit.asked
    document.show("visible")
    window.run_timers(0)
    assert len(visit.asked) == 1


@pytest.mark.parametrize("name", ["page_requests", "worker_requests"])
def test_nothing_is_asked_while_another_answer_is_waited_for(visit: Visit, name: str) -> None:
    visit.train()
    setattr(visit.state, name, 1)
    window.run_timers(LONGEST)
    assert not visit.asked


def test_api_that_is_away_is_marked_and_left_to_the_connection(visit: Visit) -> None:
    visit.train()
    visit.failure = ApiUnavailableError("no answer")
    window.run_timers(LONGEST)
    assert visit.away == ["no answer"]
    visit.failure, visit.state.api = None, "up"  # the connection has found it again
    window.run_timers(WHILE_RUNNING)
    assert len(visit.asked) == 2


def test_refusal_is_an_answer(visit: Visit) -> None:
    visit.failure = RefusedError(404, "no such route", "")
    window.run_timers(WHILE_RUNNING)
    assert (len(visit.asked), visit.away) == (1, [])


def test_slow_answer_is_told_and_taken_back(visit: Visit) -> None:
    visit.takes = 2500
    window.run_timers(WHILE_RUNNING)
    assert visit.events == ["api_slow", "api_up"]
