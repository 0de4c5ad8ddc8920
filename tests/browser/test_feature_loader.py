"""What the page starts once it can be used: the second bundle, in the page and in its worker."""

from playwright.sync_api import BrowserContext, Page

from tests.support.lab import Lab
from tests.support.servers.running_stack import RunningStack

WORKER_FEATURES = "__BRYTHON__.VFS['scrawl.worker.features']"


def test_second_bundle_comes_once_the_page_is_ready(lab: Lab) -> None:
    asked = "performance.getEntriesByType('resource').filter(e => e.name.endsWith('/scrawl-later.js')).length"
    lab.complete()
    assert lab.page.evaluate(asked) == 1
    assert lab.page.evaluate(f"Boolean({WORKER_FEATURES})")
    assert lab.page.is_hidden("#page-message")


def test_page_works_without_the_second_bundle_and_asks_again(
    page: Page, stack: RunningStack, context: BrowserContext
) -> None:
    context.route("**/scrawl-later.js", lambda route: route.abort())
    visit = Lab(page, stack.url).open()
    visit.wait_text("page-message", "rest of the page did not come")
    visit.draw(1)
    visit.wait_text("prediction", "^1$")
    context.unroute("**/scrawl-later.js")
    visit.complete()
    visit.wait("document.querySelector('#page-message').hidden")
