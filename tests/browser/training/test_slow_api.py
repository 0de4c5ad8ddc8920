"""A slow API: each action shows that it waits, nothing else waits with it, and the page reports a timeout.

The API's answers are held back for as long as a test wants. For the page alone, time runs ten times as fast.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from tests.support.lab import Lab
from tests.support.servers.running_stack import RunningStack

FASTER = "{ const set = setTimeout; self.setTimeout = (f, time = 0, ...rest) => set(f, time / 10, ...rest) }"


class SlowApi:
    """What the page asks is answered once a test says so."""

    def __init__(self, context: BrowserContext) -> None:
        self._delayed: list[Route] = []
        self.context = context

    def delay(self, path: str) -> None:
        """Delay every answer from there."""
        self.context.route(path, lambda route: self._delayed.append(route))

    def answer(self) -> None:
        """Answer everything, from now on at once."""
        for route in self._delayed:
            route.continue_()
        self._delayed = []
        self.context.unroute_all()


@pytest.fixture
def api(context: BrowserContext) -> SlowApi:
    """Delay the API's answers until the test releases them."""
    return SlowApi(context)


@pytest.fixture
def visitor(page: Page, stack: RunningStack) -> Iterator[Lab]:
    """Make a visit that the test itself starts."""
    page.add_init_script(FASTER)
    lab = Lab(page, stack.url)
    yield lab
    lab.forgive_outage()
    assert lab.errors == []


def test_page_works_while_the_api_takes_long(visitor: Lab, api: SlowApi) -> None:
    api.delay("**/api/**")
    visitor.open()
    visitor.wait_text("api-status", "has not answered for 4 s.*waits")
    visitor.wait_text("weights-message", "still on their way")
    visitor.draw(1)
    visitor.wait_text("prediction", "^[0-9]$")
    visitor.click("train")
    visitor.wait_text("train-message", "Fetching the first digits")
    visitor.click("train")
    api.answer()
    visitor.wait_text("api-status", "connected")


def test_shared_weights_that_come_late_are_taken(visitor: Lab, api: SlowApi) -> None:
    api.delay("**/api/weights?**")
    visitor.open()
    visitor.wait_text("api-status", "connected")
    visitor.wait_text("weights-message", "still on their way")
    api.answer()
    visitor.wait_text("weights-origin", "shared weights")
    visitor.wait("!document.querySelector('#weights-message').textContent.includes('on their way')")
    visitor.draw(1)
    visitor.wait_text("prediction", "^1$")


def test_each_action_shows_that_it_waits(visitor: Lab, api: SlowApi) -> None:
    visitor.open().complete()
    visitor.wait_text("weights-origin", "shared weights")
    visitor.draw(1)
    visitor.wait_text("prediction", "^1$")
    api.delay("**/api/predict?**")
    api.delay("**/api/weights**")
    visitor.page.check("#api-asking")
    visitor.wait_text("api-trouble", "Waiting for the API")
    visitor.click("weights-load")
    visitor.wait_text("weights-message", "Loading the shared weights")
    api.answer()
    visitor.wait_text("api-prediction", "^1$")
    visitor.wait("document.querySelector('#api-trouble').hidden")
    visitor.wait_text("weights-message", "are loaded")
    api.delay("**/api/data?**")
    visitor.click("sample")
    visitor.wait_text("draw-message", "Waiting for the API's digit")
    api.answer()
    visitor.wait_text("draw-message", "its writer meant")


def test_timeout_is_reported(visitor: Lab, api: SlowApi) -> None:
    visitor.open().complete()
    api.delay("**/api/**")
    visitor.click("sample")
    visitor.wait_text("api-status", "no answer within 8 s")
    visitor.click("weights-load")
    visitor.wait_text("weights-message", "no answer within 60 s.*Nothing has changed")
    api.answer()
    visitor.wait_text("api-status", "connected")
