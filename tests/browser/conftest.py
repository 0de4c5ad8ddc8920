"""The really running stack, and the browser that visits it: an installed Chromium or Chrome, else Playwright's."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from infra.dataset.sources import DigitSplits
from infra.page.standalone import build_standalone
from tests.support.browser import installed_browser
from tests.support.lab import Lab
from tests.support.made_once import made_once
from tests.support.servers.running_stack import RunningStack

# A root user, as in a container, cannot have the sandbox; the rest keeps the browser from talking to its maker.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Tell Playwright which browser to start, and how."""
    found = installed_browser()
    return browser_type_launch_args | {"args": _ARGUMENTS} | ({"executable_path": found} if found else {})


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Keep service workers out: what one fetches, a test's `route` does not see. `test_offline` lets them in."""
    return browser_context_args | {"service_workers": "block"}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, seeded_folder: Path) -> Iterator[RunningStack]:
    """Run the stack once for all tests that only use it. Its weights are shared by those tests."""
    running = RunningStack(tmp_path_factory.mktemp("scrawl"), copy_of=seeded_folder)
    yield running
    running.stop()


@pytest.fixture
def own_stack(tmp_path_factory: pytest.TempPathFactory, seeded_folder: Path) -> Iterator[RunningStack]:
    """Run a stack for one test alone, which may `stop()` and `start()` it: port and data stay the same."""
    running = RunningStack(tmp_path_factory.mktemp("scrawl"), copy_of=seeded_folder)
    yield running
    if running.process.poll() is None:
        running.stop(signal.SIGKILL)


@pytest.fixture(scope="session")
def static_folder(tmp_path_factory: pytest.TempPathFactory, digits: DigitSplits) -> Path:
    """Return a folder to be served by any host; below it, at `lab/digits`, is a page without an API."""
    return made_once(tmp_path_factory, "static", lambda folder: build_standalone(folder / "lab" / "digits", digits))


@pytest.fixture(scope="session")
def base_url(stack: RunningStack) -> str:
    """Let `page.goto("/")` mean the stack's page."""
    return stack.url


@pytest.fixture
def lab(page: Page, stack: RunningStack) -> Iterator[Lab]:
    """Visit the page, ready to be used; afterwards nothing may have gone wrong on its console."""
    visit = Lab(page, stack.url).open()
    yield visit
    assert visit.errors == []


@pytest.fixture
def visitor(page: Page, stack: RunningStack) -> Iterator[Lab]:
    """Make a visit that the test itself starts."""
    lab = Lab(page, stack.url)
    yield lab
    assert lab.errors == []


@pytest.fixture(scope="module")
def long_visit(browser: Browser, browser_context_args: dict[str, Any], stack: RunningStack) -> Iterator[Lab]:
    """Visit the page once for a whole file, in a browser profile of its own."""
    context = browser.new_context(**browser_context_args)
    yield Lab(context.new_page(), stack.url).open().complete()
    context.close()


@pytest.fixture
def same_lab(long_visit: Lab) -> Iterator[Lab]:
    """Return the file's one visit with an empty pad, for tests that change neither weights nor settings.

    To open the page takes a second, so that each test with a visit of its own (`lab`) costs as much.
    """
    yield long_visit.tidy()
    assert long_visit.errors == []
