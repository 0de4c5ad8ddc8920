"""The page without a network after a first visit, and a new version taking over: a browser, a stack that ends."""

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from infra.local.static_files import StaticFiles
from infra.page import site
from infra.paths import SITE
from tests.support.lab import Lab, until
from tests.support.servers.running_stack import RunningStack

APPS = "caches.keys().then(names => names.filter(name => name.startsWith('scrawl-app-')))"
CONTROLLED = "navigator.serviceWorker.controller !== null"


@pytest.fixture
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """Make a browser profile in which service workers are allowed, as everywhere but in the other tests."""
    context = browser.new_context(service_workers="allow")
    yield context
    context.close()


class _Quiet(WSGIRequestHandler):
    def get_environ(self) -> dict[str, Any]:
        return {**super().get_environ(), "REQUEST_URI": self.path}

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Serve a built page without an API. Return its address, and what builds it again and serves that."""
    pages: list[StaticFiles] = []

    def rebuild() -> None:
        site.build_site(folder)
        pages.append(StaticFiles(folder))

    with make_server("localhost", 0, lambda *request: pages[-1](*request), handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_port}", rebuild
        server.shutdown()
        thread.join()


def first_visit(context: BrowserContext, stack: RunningStack) -> Lab:
    lab = Lab(context.new_page(), stack.url).open().complete()
    lab.wait(CONTROLLED)
    return lab


def test_page_draws_reads_and_trains_on_seen_blocks_without_a_network(
    profile: BrowserContext, own_stack: RunningStack
) -> None:
    lab = first_visit(profile, own_stack)
    lab.page.fill("#cache-size", "2")  # of which there are as many without MNIST, too
    lab.click("train")
    lab.wait_number("cached-blocks", 2)
    lab.wait_number("test-accuracy", 1)
    threads = lab.text("threads")
    lab.click("train")
    own_stack.stop()
    lab.open().complete()
    assert lab.page.evaluate("crossOriginIsolated")
    lab.wait_text("threads", f"^{threads}$")
    lab.wait_text("api-status", "There is no connection to the API")
    lab.draw(1)
    lab.wait_text("prediction", "^1$")
    before = lab.number("iteration")
    lab.click("train")
    lab.wait_number("iteration", before + 50)
    lab.wait("!isNaN(parseFloat(document.querySelector('#test-accuracy').textContent))")
    assert lab.text("threads") == threads
    own_stack.start()
    lab.wait_text("api-status", "connected")


def test_new_version_takes_over_and_the_old_files_go(
    profile: BrowserContext, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    shutil.copytree(SITE, source)
    shutil.copytree(built, tmp_path / "built")  # what has not changed need not be compressed again
    monkeypatch.setattr(site, "SITE", source)
    with serving(tmp_path / "built") as (url, rebuild):
        rebuild()
        lab = Lab(profile.new_page(), url).open().complete()
        lab.wait(CONTROLLED)
        (old,) = lab.page.evaluate(APPS)
        page = (source / "index.html").read_text("utf-8")
        (source / "index.html").write_text(page.replace("<h1>", "<h1>The newest: "), "utf-8")
        with (source / "style.css").open("a") as style:
            style.write("h1 { letter-spacing: 3px }")
        rebuild()
        lab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        lab.wait_text("page-message", "A newer version of Scrawl is there")
        lab.open().complete()
        expect(lab.page.locator("#page-message")).to_be_hidden()
        assert lab.page.inner_text("h1").startswith("The newest")
        assert lab.page.evaluate("getComputedStyle(document.querySelector('h1')).letterSpacing") == "3px"
        lab.wait_async("async () => (await navigator.serviceWorker.ready).waiting !== null")
        newest = profile.service_workers[-1]
        lab.page.goto("about:blank")  # no tab uses the old version any more
        assert newest.evaluate(until(f"async () => (await {APPS}).length < 2")), "the old files stayed"
        lab.open().complete()
        assert old not in lab.page.evaluate(APPS)
