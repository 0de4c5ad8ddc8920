"""What the network predicts is said once the drawing rests, only what is new, and nothing while it trains."""

from types import SimpleNamespace
from typing import Any

import pytest
from scrawl.drawing.announcer import REST, Announcer

from tests.support.fake_browser import FakeElement, document, window


class Status(FakeElement):
    """An element that notes each text it is given."""

    def __init__(self) -> None:
        super().__init__(said=[])

    @property
    def textContent(self) -> str:  # noqa: N802
        return str(self.said[-1]) if self.said else ""

    @textContent.setter
    def textContent(self, text: str) -> None:  # noqa: N802
        self.said.append(text)

    def setAttribute(self, _name: str, _value: str) -> None:  # noqa: N802
        pass


def state(digit: int, training: bool = False, erasing: bool = False) -> Any:
    return SimpleNamespace(
        training=training,
        tools=SimpleNamespace(cursor_shown=False),
        drawing=SimpleNamespace(erasing=erasing),
        record=SimpleNamespace(is_untrained=lambda: False),
        unlike=False,
        label_of=lambda: (digit, 0.96),
    )


@pytest.fixture
def status(monkeypatch: pytest.MonkeyPatch) -> Status:
    window.reset()
    status = Status()
    monkeypatch.setattr(document, "createElement", lambda _name: status, raising=False)
    monkeypatch.setattr(document.body, "appendChild", lambda _element: None, raising=False)
    return status


def test_rest_is_said_and_not_each_change_on_the_way(status: Status) -> None:
    announcer = Announcer()
    for digit in (7, 2, 3):
        announcer.render(state(digit))
        window.run_timers(REST - 1)
    assert status.said == []
    window.run_timers(1)
    assert status.said == ["Reads 3, 96% sure"]


def test_only_what_is_new_is_said(status: Status) -> None:
    announcer = Announcer()
    for erasing in (False, True):
        announcer.render(state(3, erasing=erasing))
        window.run_timers(REST)
    assert status.said == ["Reads 3, 96% sure", "The eraser is on"]


def test_nothing_is_said_of_what_training_changes(status: Status) -> None:
    announcer = Announcer()
    announcer.render(state(3, training=True))
    window.run_timers(2 * REST)
    assert status.said == []
