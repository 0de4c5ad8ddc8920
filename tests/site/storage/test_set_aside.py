"""What becomes of the work when the browser sets the page aside, and shows it again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from scrawl.storage.set_aside import SetAside

from tests.support.fake_browser import window


@pytest.fixture
def happened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is asked of the worker, the autosave and the browser, in order."""
    log: list[str] = []
    location = SimpleNamespace(reload=lambda: log.append("reload"))
    monkeypatch.setattr(window, "location", location, raising=False)
    return log


@pytest.fixture
def app(happened: list[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return an app whose page the test sets aside: `app.events["pagehide"](…)`."""
    events: dict[str, Any] = {}
    monkeypatch.setattr(window, "addEventListener", events.__setitem__, raising=False)
    made: Any = SimpleNamespace(
        autosave=SimpleNamespace(in_flight="", pause=lambda on: happened.append("pause" if on else "go on")),
        link=SimpleNamespace(stop=lambda: happened.append("stop")),
        saved_visit=SimpleNamespace(is_overtaken=lambda: made.overtaken),
        events=events,
        overtaken=False,
    )
    SetAside(made)
    return made


def leave_and_return(app: Any, kept: bool = True) -> None:
    for name in ("pagehide", "pageshow"):
        app.events[name](SimpleNamespace(persisted=kept))


def test_page_that_comes_back_goes_on(app: Any, happened: list[str]) -> None:
    leave_and_return(app)
    assert happened == ["pause", "go on"]


def test_worker_that_is_saving_is_stopped_and_the_page_starts_again(app: Any, happened: list[str]) -> None:
    app.autosave.in_flight = "mlp-128"
    leave_and_return(app)
    assert happened == ["pause", "stop", "reload"]


def test_page_whose_work_went_on_elsewhere_starts_again(app: Any, happened: list[str]) -> None:
    app.overtaken = True
    leave_and_return(app)
    assert happened == ["pause", "reload"]


def test_page_that_is_not_kept_is_left_alone(app: Any, happened: list[str]) -> None:
    app.autosave.in_flight = "mlp-128"
    leave_and_return(app, kept=False)
    assert happened == []
