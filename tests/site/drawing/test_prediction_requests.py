"""Predictions follow the drawing, one request at a time."""

from __future__ import annotations

from typing import Any

import pytest
from scrawl.app.page import Page
from scrawl.drawing.prediction_requests import PredictionRequests
from scrawl.state.app_state import State

from tests.site.app.conftest import Link
from tests.support.fake_browser import window

PREDICTION = {"blank": False, "picture": None, "probabilities": [0.0, 1.0] + [0.0] * 8, "unlike": False}


class Pad:
    def pixels(self) -> bytes:
        return b"pixels"


@pytest.fixture
def link() -> Link:
    return Link()


@pytest.fixture
def page(link: Link) -> Page:
    window.reset()
    return Page(link)  # type: ignore[arg-type] # all of a WorkerLink that a page uses


@pytest.fixture
def requests(page: Page) -> PredictionRequests:
    pad: Any = Pad()
    return PredictionRequests(page, pad)


def draw(page: Page, x: float) -> None:
    page.dispatch("pen_down", x=x, y=20.0)
    window.run_frame()


@pytest.mark.usefixtures("requests")
def test_nothing_is_requested_before_a_network_is_open(page: Page, link: Link) -> None:
    draw(page, 1.0)
    assert link.sent == []
    link.report("opened", model=page.state.model)
    window.run_frame()
    assert link.kinds() == ["predict_path"]


@pytest.mark.usefixtures("requests")
def test_drawing_that_changed_meanwhile_is_requested_when_the_answer_is_there(page: Page, link: Link) -> None:
    link.report("opened", model=page.state.model)
    window.run_frame()
    draw(page, 1.0)
    draw(page, 2.0)
    assert [fields["number"] for _kind, fields in link.sent] == [0]
    link.report("predicted", number=0, **PREDICTION)
    assert [fields["number"] for _kind, fields in link.sent] == [0, 2]


@pytest.mark.usefixtures("requests")
def test_answer_about_an_older_drawing_is_not_shown(page: Page, link: Link) -> None:
    link.report("opened", model=page.state.model)
    draw(page, 1.0)
    link.report("predicted", number=77, **PREDICTION)
    assert page.state.probabilities == []
    link.report("predicted", number=1, **PREDICTION)
    assert page.state.probabilities[1] == 1.0


def test_raw_picture_is_sent_where_it_has_ink(page: Page, link: Link, requests: PredictionRequests) -> None:
    picture: Any = bytes([0] * 783 + [255])
    requests.raw_picture = lambda: picture
    link.report("opened", model=page.state.model)
    draw(page, 1.0)
    assert link.sent[-1] == ("predict_picture", {"number": 1, "picture": picture})


@pytest.mark.usefixtures("requests")
def test_answer_is_shown_at_once(page: Page, link: Link) -> None:
    shown: list[list[float]] = []

    class View:
        def render(self, state: State) -> None:
            shown.append(state.probabilities)

    link.report("opened", model=page.state.model)
    draw(page, 1.0)
    page.frame_views.append(View())
    link.report("predicted", number=1, **PREDICTION)  # no frame runs
    assert shown == [PREDICTION["probabilities"]]


@pytest.mark.usefixtures("requests")
def test_what_the_pen_does_is_requested_at_once(page: Page, link: Link) -> None:
    link.report("opened", model=page.state.model)
    page.dispatch_at_once("pen_down", x=1.0, y=20.0)  # no frame runs
    assert [fields["number"] for _kind, fields in link.sent] == [1]
    window.run_frame()
    assert len(link.sent) == 1


@pytest.mark.usefixtures("requests")
def test_ink_is_sent_where_an_eraser_was_used_and_strokes_otherwise(page: Page, link: Link) -> None:
    link.report("opened", model=page.state.model)
    for revision, (erasing, kind) in enumerate([(False, "predict_path"), (True, "predict")], 1):
        page.state.drawing.erasing = erasing
        draw(page, 1.0)
        assert link.sent[-1][0] == kind
        link.report("predicted", number=revision, **PREDICTION)
    page.dispatch("undone")
    window.run_frame()
    assert link.sent[-1][0] == "predict_path"
