"""How often weights are saved, so that a reload in the middle of training loses little and saving costs little."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from scrawl.app.page import Page
from scrawl.share.share_state import TRANSITIONS, ShareState
from scrawl.state import transitions
from scrawl.state.transitions import training
from scrawl.storage.autosave import Autosave

from tests.site.app.conftest import Link
from tests.support.fake_browser import document, window

FIGURES = {"epoch": 0.5, "loss": 0.5, "accuracy": 0.9, "samples_per_second": 1e5, "points": []}
REPORT_EVERY = 100  # milliseconds, as the worker does


class SavedVisit(SimpleNamespace):
    """What this browser has of all tabs, this one's in the first slot."""

    @property
    def work(self) -> dict[str, Any]:
        return dict(self.works.get(self.slot, {}))


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> Link:
    window.reset()
    date = SimpleNamespace(now=lambda: 0, new=lambda: SimpleNamespace(toLocaleTimeString=str))
    storage = SimpleNamespace(setItem=lambda _name, _text: None)
    for name, value in {"Date": date, "localStorage": storage, "sessionStorage": storage}.items():
        monkeypatch.setattr(window, name, value, raising=False)
    for target in (window, document):
        monkeypatch.setattr(target, "addEventListener", lambda _kind, _listener: None, raising=False)
    return Link()


@pytest.fixture
def page(link: Link) -> Page:
    for table in (TRANSITIONS, training.TRANSITIONS):
        transitions.register(table)
    page = Page(link)  # type: ignore[arg-type] # all of a WorkerLink that a page uses
    page.state.share = ShareState()
    visit = SavedVisit(
        slot=1, claimed=True, refusal="", unsaved={}, unread={}, works={}, key=str, on_claimed=lambda _action: None
    )
    page.visit = visit  # type: ignore[attr-defined] # for the tests
    app: Any = SimpleNamespace(page=page, saved_visit=visit)
    Autosave(app)
    page.dispatch("training_wanted", on=True)
    return page


def saved_at(page: Page, link: Link, takes: int, until: int) -> list[float]:
    """Train, with a worker that takes so long to save; return when it was asked to."""
    times: list[float] = []
    while window.now < until:
        link.report("progress", model=page.state.model, iteration=int(window.now), **FIGURES)
        window.run_timers(REPORT_EVERY)
        window.run_frame()
        if link.kinds()[-1:] == ["save_weights"]:
            link.sent.clear()
            times.append(window.now)
            window.run_timers(takes)
            link.report("weights_saved", model=page.state.model)
    return times


def longest(times: list[float]) -> float:
    return max(after - before for before, after in itertools.pairwise(times))


def test_reload_in_the_middle_of_training_loses_less_than_a_second(page: Page, link: Link) -> None:
    takes = 100
    assert longest(saved_at(page, link, takes, 10_000)) + takes < 1000


def test_iteration_that_is_noted_is_that_of_the_weights_which_were_saved(page: Page, link: Link) -> None:
    link.report("progress", model=page.state.model, iteration=512, **FIGURES)
    window.run_timers(1000)
    assert link.kinds()[-1] == "save_weights"
    link.report("progress", model=page.state.model, iteration=656, **FIGURES)  # the last one, after a pause
    link.report("weights_saved", model=page.state.model)
    visit: Any = page.visit  # type: ignore[attr-defined]
    assert visit.works[1]["iterations"] == {page.state.model: 512}


def test_saving_a_large_network_leaves_time_for_training(page: Page, link: Link) -> None:
    takes = 900
    times = saved_at(page, link, takes, 30_000)
    assert len(times) > 3
    assert min(after - before for before, after in itertools.pairwise(times[1:])) >= 2 * takes
