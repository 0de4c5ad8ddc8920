"""What the page does when something it builds on is missing, breaks or lies: it says so in place, and goes on."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from infra.paths import SITE
from tests.support.lab import Lab
from tests.support.servers.running_stack import RunningStack


@pytest.fixture
def visitor(page: Page, stack: RunningStack) -> Iterator[Lab]:
    """Make a visit that the test itself starts; the console may say what the browser says of absence."""
    lab = Lab(page, stack.url)
    yield lab
    lab.forgive_outage()
    assert lab.errors == []


def begin_worker_with(script: str, context: BrowserContext) -> None:
    """Have the page's workers carry out a script before anything else."""
    body = f"{script}\n{(SITE / 'worker.js').read_text('utf-8')}"
    headers = {"Content-Type": "text/javascript", "Cross-Origin-Embedder-Policy": "require-corp"}  # as the page has
    context.route("**/worker.js", lambda route: route.fulfill(body=body, headers=headers))


def test_worker_that_dies_is_replaced_and_the_run_goes_on(visitor: Lab) -> None:
    visitor.open().complete()
    visitor.page.fill("#cache-size", "2")
    visitor.train_slowly()
    visitor.wait('Object.keys(localStorage).some(key => (localStorage[key].match(/"mlp-128":\\s*[1-9]/)))')
    visitor.page.evaluate("scrawlWorker.terminate()")
    visitor.wait_text("train-message", "had stopped working and was started again.*weights saved last")
    before = visitor.wait_number("iteration", 1)
    visitor.wait_number("iteration", before + 5)
    visitor.draw(1)
    visitor.wait_text("prediction", "^[0-9]$")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("delete self.WebAssembly", "has no WebAssembly"),
        ("WebAssembly.validate = () => false", "has no SIMD"),
    ],
    ids=["no WebAssembly", "no SIMD"],
)
def test_missing_webassembly_is_explained(visitor: Lab, context: BrowserContext, spoil: str, message: str) -> None:
    begin_worker_with(spoil, context)
    visitor.page.goto(visitor.url)
    assert "current Chrome" in visitor.wait_text("page-message", message)
    visitor.draw(1)  # drawing needs no kernel
    visitor.wait("!document.querySelector('#undo').disabled")


def test_worker_that_does_not_come_is_asked_for_again(visitor: Lab, context: BrowserContext) -> None:
    context.route("**/worker.js", lambda route: route.abort())
    visitor.page.goto(visitor.url)
    visitor.wait_text("api-status", "connected")
    context.unroute("**/worker.js")
    visitor.wait("document.body.dataset.state === 'ready'")


@pytest.mark.parametrize("name", ["brython.js", "scrawl.js", "worker.js", "style.css"])
def test_file_that_does_not_come_is_named(name: str, page: Page, stack: RunningStack) -> None:
    page.route(f"**/{name}", lambda route: route.abort())
    lab = Lab(page, stack.url)
    page.goto(stack.url)
    lab.wait_text("stuck", "looks bare" if name == "style.css" else f"not started:.*{name}")
    if name == "style.css":  # which hides the words until they are wanted
        lab.wait("document.body.dataset.state === 'ready'")
        lab.complete()
        assert not page.is_visible("#page-message")  # no part of it needs the style's colours
    page.wait_for_selector("#stuck", state="visible")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ("document.getElementById('pad').getContext = () => null", "AttributeError: .*NoneType"),  # while it starts
        ("document.getElementById('sample').remove()", "KeyError: 'sample'"),  # once one can draw
        (
            "document.getElementById('pad').getContext = () => { throw new Error('no canvas') }",
            "JavascriptError: no canvas",
        ),
        ("Promise.reject(new Error('no luck'))", "no luck"),
    ],
    ids=["exception", "exception in the last step", "error of JavaScript", "rejection"],
)
def test_start_that_throws_is_explained_in_words(spoil: str, words: str, page: Page, stack: RunningStack) -> None:
    page.add_init_script(f"addEventListener('DOMContentLoaded', () => {{ {spoil} }})")
    lab = Lab(page, stack.url)
    page.goto(stack.url)
    lab.wait_text("stuck", f"not started: {words}")
    if "luck" not in words:  # which stops nothing
        page.wait_for_selector("#stuck", state="visible")


@pytest.mark.parametrize("policy", ["script-src 'none'", "script-src 'self' 'unsafe-inline'"])
def test_policy_that_keeps_the_page_from_starting_is_explained(policy: str, page: Page, stack: RunningStack) -> None:
    def restrict(route: Route) -> None:
        route.fulfill(
            response=route.fetch(), headers={"Content-Security-Policy": policy, "Content-Type": "text/html"}
        )

    page.route(f"{stack.url}/", restrict)
    page.goto(stack.url)
    page.wait_for_selector("#stuck", state="visible")
    assert "not started" in page.inner_text("#stuck")


def test_page_works_where_storage_is_blocked(visitor: Lab, context: BrowserContext) -> None:
    context.add_init_script("""
        for (const name of ['indexedDB', 'caches', 'localStorage', 'sessionStorage'])
          Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError') } })
    """)
    visitor.open().complete()
    visitor.draw(1)
    visitor.wait_text("prediction", "^1$")
    visitor.click("train")
    visitor.wait_number("iteration", 10)


GARBAGE = [
    (200, "<!doctype html><title>Welcome to this hotel</title>"),
    (200, '{"name": "scrawl", "dataset": {"id"'),
    (200, '{"dataset": null}'),
    (200, '{"dataset": {"id": 3, "title": [], "splits": {"train": {"count": "many", "shards": {}}, "test": 1}}}'),
    (200, "[]"),
    (500, '{"error": {"code": "internal", "message": "broken"}}'),
    (404, "Not Found"),
]


def test_garbage_from_the_api_is_reported_and_survived(visitor: Lab, context: BrowserContext) -> None:
    answer = dict[str, Any]()
    context.route("**/api/**", lambda route: route.fulfill(**answer, content_type="application/json"))
    for status, body in GARBAGE:
        answer.update(status=status, body=body)
        visitor.open()
        visitor.wait_text("api-status", "Asking again in")
    visitor.draw(1)
    visitor.wait_text("prediction", "^[0-9]$")
    visitor.errors = [error for error in visitor.errors if "status of 404" not in error]
    context.unroute("**/api/**")
    visitor.wait_text("api-status", "connected")


def test_worker_that_dies_is_replaced_where_nothing_is_saved(visitor: Lab, context: BrowserContext) -> None:
    begin_worker_with(
        "IDBFactory.prototype.open = () => { throw new DOMException('denied', 'SecurityError') }", context
    )
    visitor.open().complete()
    visitor.page.fill("#cache-size", "2")
    visitor.train_slowly()
    visitor.wait_text("keeping-message", "keeps nothing")
    visitor.page.evaluate("scrawlWorker.terminate()")
    visitor.wait_text("train-message", "had stopped working and was started again.*weights saved last")
    before = visitor.wait_number("iteration", 1)
    visitor.wait_number("iteration", before + 5)
