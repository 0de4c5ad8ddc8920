"""The page: what a change leads to in the next frame, and who answers the worker's reports."""

from __future__ import annotations

import pytest
from scrawl.app.page import LATEST_FRAME, WHILE_DRAWING, WHILE_LOADING, WHILE_TRAINING, Page
from scrawl.state import transitions
from scrawl.state.app_state import State

from tests.site.app.conftest import Link
from tests.support.fake_browser import window


class View:
    """Notes what it renders, and may fail."""

    def __init__(self, log: list[str], name: str, fails: bool = False) -> None:
        self.log, self.name, self.fails = log, name, fails

    def render(self, _state: State) -> None:
        self.log.append(self.name)
        if self.fails:
            raise RuntimeError(self.name)


def test_frame_shows_the_pad_first_then_runs_effects_then_the_other_views(page: Page) -> None:
    log: list[str] = []
    page.views.append(View(log, "view"))
    page.frame_views.append(View(log, "frame view"))
    page.on_change(lambda _state: log.append("effect"))
    page.dispatch("label_chosen", label=7)
    page.dispatch("label_chosen", label=8)
    assert log == []
    window.run_frame()
    assert log == ["frame view", "effect", "view"]
    assert page.state.label == 8
    assert not window.frames


def test_start_goes_on_without_frames_and_a_complete_page_waits_for_them(starting_page: Page) -> None:
    page, log = starting_page, list[str]()
    page.views.append(View(log, "view"))
    page.request_render()
    window.run_timers(LATEST_FRAME)
    assert log == ["view"]
    window.run_frame()  # which comes late
    assert log == ["view"]
    page.complete()
    page.request_render()
    window.run_timers(LATEST_FRAME)
    assert log == ["view"]
    window.run_frame()
    assert log == ["view", "view"]


def test_all_views_render_again_in_one_frame_when_size_or_colours_have_changed(page: Page) -> None:
    log: list[str] = []
    page.views += [View(log, str(number)) for number in range(5)]
    page.state.training = True
    page.state.record.iteration = 100
    page.request_render()
    window.now = 1.0
    while window.frames:
        window.run_frame()
    log.clear()
    page.request_repaint()  # although there are pauses while it trains
    window.run_frame()
    assert log == ["0", "1", "2", "3", "4"]


def test_effects_run_once_for_each_frame_with_a_change(page: Page) -> None:
    labels: list[int] = []
    page.on_change(lambda state: labels.append(state.label))
    for label in (1, 2):
        page.dispatch("label_chosen", label=label)
        window.run_frame()
    assert labels == [1, 2]


def test_effect_may_dispatch(page: Page) -> None:
    def follow(state: State) -> None:
        if state.label == 1:
            page.dispatch("label_chosen", label=2)

    page.on_change(follow)
    page.dispatch("label_chosen", label=1)
    window.run_frame()
    window.run_frame()
    assert page.state.label == 2
    assert not window.frames


def test_effect_that_fails_keeps_neither_effects_nor_views_from_running(page: Page) -> None:
    log: list[str] = []

    def fail(_state: State) -> None:
        raise RuntimeError("an effect")

    page.on_change(fail)
    page.on_change(lambda _state: log.append("effect"))
    page.views.append(View(log, "view"))
    page.request_render()
    with pytest.raises(RuntimeError, match="an effect"):
        window.run_frame()
    assert log == ["effect", "view"]


def test_view_that_fails_does_not_keep_the_others_from_rendering(page: Page) -> None:
    log: list[str] = []
    page.views += [View(log, "broken", fails=True), View(log, "second"), View(log, "third")]
    page.request_render()
    with pytest.raises(RuntimeError, match="broken"):
        window.run_frame()
    window.run_frame()
    assert log == ["broken", "second", "third"]
    assert not window.frames


@pytest.mark.parametrize(
    ("requests", "iteration", "pause"), [(0, 5, WHILE_TRAINING), (6, 16, WHILE_TRAINING), (6, 17, WHILE_LOADING)]
)
def test_training_is_shown_with_pauses(page: Page, requests: int, iteration: int, pause: int) -> None:
    log: list[str] = []
    page.views.append(View(log, "view"))
    page.state.training, page.state.worker_requests = True, requests
    page.state.record.iteration = iteration
    page.request_render()
    window.run_frame()
    page.request_render()
    window.run_frame()
    assert log == ["view"]
    window.run_timers(pause)
    window.run_frame()
    assert log == ["view", "view"]


def test_training_is_shown_less_often_while_somebody_draws(page: Page) -> None:
    log: list[str] = []
    page.views.append(View(log, "view"))
    page.state.training = True
    page.dispatch_at_once("pen_down", x=1.0, y=1.0)
    window.run_frame()
    page.request_render()
    window.run_frame()
    window.run_timers(WHILE_TRAINING)
    window.run_frame()
    assert log == ["view"]
    window.run_timers(WHILE_DRAWING)
    window.run_frame()
    assert log == ["view", "view"]


def test_frame_without_a_change_shows_nothing_again(page: Page) -> None:
    log: list[str] = []
    page.frame_views.append(View(log, "frame view"))
    page.dispatch_at_once("label_chosen", label=7)
    window.run_frame()
    assert log == ["frame view"]


def test_report_changes_the_state_and_then_its_listeners_are_called(page: Page, link: Link) -> None:
    seen: list[tuple[str, bool]] = []
    page.on_report("opened", lambda model: seen.append((model, page.state.record.opened)))
    link.report("opened", model=page.state.model)
    assert seen == [(page.state.model, True)]


def test_handler_answers_a_report_in_place_of_the_transition(page: Page, link: Link) -> None:
    handled: list[int] = []
    page.handle_report("predicted", lambda number, **_fields: handled.append(number))
    link.report("predicted", number=3, blank=False, picture=None, probabilities=[1.0] * 10, unlike=False)
    assert handled == [3]
    assert page.state.probabilities == []


def test_report_has_one_handler(page: Page) -> None:
    page.handle_report("predicted", print)
    with pytest.raises(ValueError, match="'predicted' has a handler already"):
        page.handle_report("predicted", print)


def test_listener_that_fails_does_not_stop_the_others(page: Page, link: Link) -> None:
    told: list[str] = []

    def fail(**_fields: object) -> None:
        raise RuntimeError("a listener")

    page.on_report("opened", fail)
    page.on_report("opened", lambda model: told.append(model))
    with pytest.raises(RuntimeError, match="a listener"):
        link.report("opened", model="mlp-128")
    assert told == ["mlp-128"]


def test_metadata_of_weights_arrive_as_json(page: Page, link: Link) -> None:
    link.report("weights_loaded", model="mlp-128", origin="shared", metadata='{"accuracy": "0.97"}')
    assert page.state.record.version == {"accuracy": "0.97"}


def test_an_unknown_event_is_a_mistake(page: Page) -> None:
    assert "nonsense" not in transitions.TRANSITIONS
    with pytest.raises(KeyError):
        page.dispatch("nonsense")
