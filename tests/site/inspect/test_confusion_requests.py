"""What is requested for the confusion matrix, and which cell is open."""

from __future__ import annotations

import pytest
from scrawl.app.page import Page
from scrawl.inspect.confusion_requests import ConfusionRequests
from scrawl.inspect.inspect_state import TRANSITIONS, InspectionState
from scrawl.state import transitions

from tests.site.app.conftest import Link
from tests.support.fake_browser import window

COUNTS = [100 if cell % 11 == 0 else 35 if cell == 49 else 1 for cell in range(100)]


@pytest.fixture
def link() -> Link:
    window.reset()
    return Link()


@pytest.fixture
def requests(link: Link) -> ConfusionRequests:
    transitions.register(TRANSITIONS)
    page = Page(link)  # type: ignore[arg-type] # all of a WorkerLink that a page uses
    page.state.inspection = InspectionState()
    return ConfusionRequests(page)


def count(requests: ConfusionRequests, link: Link) -> tuple[int, int] | None:
    """Have a matrix counted; return the cell whose digits are requested then."""
    link.sent.clear()
    link.report("confusion_counted", model=requests.page.state.model, iteration=1, counts=COUNTS)
    return next(((sent["label"], sent["prediction"]) for kind, sent in link.sent if kind == "find_misread"), None)


def test_most_frequent_mistake_is_open_until_another_is_chosen(requests: ConfusionRequests, link: Link) -> None:
    assert count(requests, link) == requests.page.state.inspection.cell == (4, 9)
    requests.open_cell(5, 3)
    assert count(requests, link) == (5, 3)


def test_closed_digits_stay_closed(requests: ConfusionRequests, link: Link) -> None:
    count(requests, link)
    requests.close_cell()
    assert count(requests, link) is None
    assert requests.page.state.inspection.cell is None
