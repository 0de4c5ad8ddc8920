"""The main job in every engine that is installed: draw, read, train, look inside, save, open, reload, offline, dark.

Each engine starts once, for all tests here: they build on each other, in the order of the file. `.ci/run` installs
Firefox and WebKit from Debian; where they are missing, their tests are skipped. They take two minutes, and all that
they do in Chromium other files do as well: only continuous integration runs them.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.digits.handwriting import DIGITS
from tests.support.engines.connections import Chromium
from tests.support.engines.driver import Driver
from tests.support.engines.launch import browser as started
from tests.support.engines.launch import missing
from tests.support.servers.file_server import file_server
from tests.support.servers.running_stack import RunningStack

pytestmark = pytest.mark.ci_only

READY, COMPLETE = "document.body.dataset.state === 'ready'", "document.body.dataset.complete === 'yes'"
SAVED = "JSON.parse(localStorage['scrawl.work.1'] || '{}').iterations"
# How many pixels of a canvas differ from the one in its corner.
PAINTED = """(canvas => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  const pixels = new Uint32Array(data.buffer)
  return pixels.filter(pixel => pixel !== pixels[0]).length
})"""
# What would be downloaded is kept in the page, and opened again as if the person had chosen it.
KEEP_DOWNLOAD = """(() => {
  const make = URL.createObjectURL
  URL.createObjectURL = blob => { window.saved = blob; return make.call(URL, blob) }
  HTMLAnchorElement.prototype.click = () => {}
})()"""
OPEN_SAVED = """(() => {
  const chosen = new DataTransfer(), input = document.querySelector('#file')
  chosen.items.add(new File([saved], 'mine.safetensors'))
  input.files = chosen.files
  input.dispatchEvent(new Event('change'))
})()"""


@pytest.fixture(scope="module")
def whole_stack(tmp_path_factory: pytest.TempPathFactory, seeded_folder: Path) -> Iterator[RunningStack]:
    """Run a stack for this file alone, which ends it before its last tests."""
    stack = RunningStack(tmp_path_factory.mktemp("scrawl"), copy_of=seeded_folder)
    yield stack
    if stack.process.poll() is None:
        stack.stop()


@pytest.fixture(scope="module")
def plain_host(static_folder: Path) -> Iterator[str]:
    """Serve the page without an API as a teacher would."""
    with file_server(static_folder) as url:
        yield url


@pytest.fixture(scope="module")
def visits(browser: Browser, whole_stack: RunningStack) -> Iterator[Callable[[str], Driver]]:
    """Return what gives the one visit of an engine, which it starts when it is first wanted."""
    open_visits: dict[str, Driver] = {}
    with contextlib.ExitStack() as stack:

        def visit(engine: str) -> Driver:
            if engine not in open_visits:
                if engine == "chromium":
                    context = browser.new_context(service_workers="allow")
                    stack.callback(context.close)
                    driver = Driver(Chromium(context.new_page()))
                else:
                    driver = stack.enter_context(started(engine))
                driver.goto(whole_stack.url)
                open_visits[engine] = driver
            return open_visits[engine]

        yield visit


@pytest.fixture(params=["firefox", "webkit", "chromium"])
def visit(request: pytest.FixtureRequest, visits: Callable[[str], Driver]) -> Iterator[Driver]:
    """Return the engine's visit; afterwards the page may report no problem."""
    if request.param != "chromium" and (lacking := missing(request.param)):
        pytest.skip(f"{request.param} is not installed: apt-get install {' '.join(lacking)}")
    driver = visits(request.param)
    yield driver
    driver.wait("document.querySelector('#page-message').hidden")


def test_page_starts(visit: Driver) -> None:
    visit.wait(READY)
    visit.wait(COMPLETE)
    visit.wait_text("api-status", "connected")
    assert visit.evaluate("crossOriginIsolated") is True


def test_drawing_is_read(visit: Driver) -> None:
    visit.draw(DIGITS[3])
    visit.wait_text("prediction", "^3$")
    visit.wait("document.querySelector('#confidence').textContent.includes('%')")


def test_new_weights_learn_to_read(visit: Driver) -> None:
    visit.click("#weights-new")
    visit.wait_text("weights-origin", "random")
    visit.click("#train")
    visit.wait("parseFloat(document.querySelector('#test-accuracy').textContent) >= 95")
    visit.click("#train")
    visit.wait_text("in-flight", "^0$")
    assert visit.evaluate("document.querySelectorAll('#accuracy-curve path').length") > 0


def test_layers_and_mistakes_are_shown(visit: Driver) -> None:
    visit.click(".tabs [data-tab=inside]")
    visit.wait("document.querySelector('[data-panel=\"fc1-tiles\"]')")
    visit.show('[data-panel="fc1-tiles"]')
    visit.wait(f"{PAINTED}(document.querySelector('[data-panel=\"fc1-tiles\"] canvas')) > 1000")
    # WebKit made the canvas two pixels higher than the cells over it: colours came out below them.
    canvas, cells = visit.evaluate("""["canvas", ".cells"].map(name => {
        const box = document.querySelector(`[data-panel="fc1-tiles"] ${name}`).getBoundingClientRect()
        return [box.width, box.height]
    })""")
    assert canvas == cells
    visit.click(".tabs [data-tab=mistakes]")
    visit.click("#count")
    visit.wait_text("confusion-words", "digits [0-9]+ are read right")


def test_saved_file_opens_again(visit: Driver) -> None:
    visit.evaluate(KEEP_DOWNLOAD)
    visit.click(".tabs [data-tab=share]")
    visit.click("#files summary")
    visit.click("#download-safetensors")
    visit.wait("window.saved?.size > 400000")
    visit.click("#weights-new")
    visit.wait_text("weights-origin", "random")
    visit.evaluate(OPEN_SAVED)
    visit.wait_text("file-message", "mine.safetensors is open")
    visit.wait_text("prediction", "^[0-9]$")


def test_convnet_reads_and_trains(visit: Driver) -> None:
    visit.choose("model", "conv-32-64")
    visit.wait_text("weights-origin", "shared weights")
    visit.wait_text("prediction", "^3$")
    visit.click("#step")
    visit.wait("parseFloat(document.querySelector('#iteration').textContent) >= 1")


def test_reload_loses_nothing(visit: Driver) -> None:
    visit.wait(f"({SAVED} || {{}})['conv-32-64'] >= 1")
    visit.reload()
    visit.wait(READY)
    visit.wait_text("iteration", "^[1-9]")
    visit.wait_text("prediction", "^[0-9]$")
    assert visit.evaluate("document.querySelector('#model').value") == "conv-32-64"


def test_dark_theme_is_remembered(visit: Driver) -> None:
    visit.wait(COMPLETE)
    if visit.evaluate("document.documentElement.dataset.theme") == "light":
        visit.click("#theme")
    visit.wait("document.documentElement.dataset.theme === 'dark'")
    visit.wait("/^rgb\\(2\\d, /.test(getComputedStyle(document.body).backgroundColor)")
    visit.wait("navigator.serviceWorker.controller !== null")


@pytest.fixture(scope="module")
def outage(visits: Callable[[str], Driver], whole_stack: RunningStack) -> None:  # noqa: ARG001 — visits come first
    """End the stack: nobody answers any more."""
    whole_stack.stop()


@pytest.mark.usefixtures("outage")
def test_page_opens_without_a_network(visit: Driver) -> None:
    visit.reload()
    visit.wait(READY)
    visit.wait_text("api-status", "no connection|away")
    visit.click("#clear")
    visit.draw(DIGITS[1])
    visit.wait_text("prediction", "^1$")


# Last: WebKit, in a profile that nobody keeps, forgets what a page has stored once one has left it for another.
def test_page_without_an_api_works_on_a_plain_host(visit: Driver, plain_host: str) -> None:
    visit.goto(f"{plain_host}/lab/digits/")
    visit.wait(COMPLETE)
    visit.wait_text("api-status", "Works without a server")
    visit.draw(DIGITS[3])
    visit.wait_text("prediction", "^3$")
    visit.click("#weights-new")
    visit.wait_text("weights-origin", "random")
    visit.click("#train")
    visit.wait("parseFloat(document.querySelector('#test-accuracy').textContent) >= 70")  # there are few digits
    visit.click("#train")
    assert visit.evaluate("crossOriginIsolated") is False
