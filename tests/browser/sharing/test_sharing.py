"""The shared weights from the page: send, reload and find them; load, reset, in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page

from tests.support.lab import Lab
from tests.support.servers.running_stack import RunningStack

# Whether what the browser keeps with the first network's weights holds a text.
STORED_WITH_WEIGHTS = """async text => {
  if (!(await indexedDB.databases()).some(({ name }) => name === 'scrawl')) return false
  return new Promise(done => { indexedDB.open('scrawl').onsuccess = ({ target }) => {
    const found = target.result.transaction('kept').objectStore('kept').get('1/weights/mlp-128')
    found.onsuccess = () => { target.result.close(); done(found.result?.record.includes(text)) }
  } })
}"""


@pytest.fixture(scope="module")
def quick_stack(tmp_path_factory: pytest.TempPathFactory, seeded_folder: Path) -> Iterator[RunningStack]:
    """Run a stack whose weights may change, and whose retraining is short."""
    running = RunningStack(tmp_path_factory.mktemp("scrawl"), copy_of=seeded_folder, TRAIN_ITER="300")
    yield running
    running.stop()


@pytest.fixture
def visit(page: Page, quick_stack: RunningStack) -> Iterator[Lab]:
    """Visit that stack."""
    lab = Lab(page, quick_stack.url).open()
    yield lab
    assert lab.errors == []


def current_version(stack: RunningStack) -> str:
    answer = requests.get(
        f"{stack.url}/api/weights?model=mlp-128", headers={"Accept": "application/json"}, timeout=10
    )
    return str(answer.json()["version"])


def train_a_little(lab: Lab) -> None:
    """Train, in steps so small that the weights read the digits as well after each of them."""
    lab.show("learning-rate")
    lab.page.fill("#learning-rate", "0.0001")
    lab.click("train")
    lab.wait_number("iteration", 200)
    lab.click("train")


def test_sent_weights_are_found_after_a_reload(visit: Lab, quick_stack: RunningStack) -> None:
    before = current_version(quick_stack)
    train_a_little(visit.complete())
    visit.wait_async(STORED_WITH_WEIGHTS, "curves")  # before they are sent
    visit.click("weights-send")
    sent = visit.wait_text("weights-message", "^Sent")
    assert current_version(quick_stack) != before
    visit.wait_async(STORED_WITH_WEIGHTS, '"sent"')
    visit.open()
    accuracy = sent.split("measured ")[1].split(" ")[0]
    assert accuracy in visit.wait_text("weights-origin", "%")
    visit.draw(3)
    visit.wait_text("prediction", "^3$")


def test_load_brings_the_shared_weights_back(visit: Lab) -> None:
    visit.click("weights-new")
    visit.wait_text("weights-origin", "random")
    visit.click("weights-load")
    visit.wait_text("weights-message", "loaded")
    visit.draw(3)
    visit.wait_text("prediction", "^3$")


def test_weights_that_know_nothing_are_declined_in_words(visit: Lab, quick_stack: RunningStack) -> None:
    before = current_version(quick_stack)
    visit.click("weights-new")
    visit.wait_text("weights-origin", "random")
    visit.click("weights-send")
    visit.wait_text("weights-message", "declined")
    assert current_version(quick_stack) == before
    visit.errors.clear()  # the browser's own line about the 422


def test_reset_shows_progress_and_loads_what_was_learned(visit: Lab, quick_stack: RunningStack) -> None:
    before = current_version(quick_stack)
    visit.click("weights-reset")
    visit.click("reset-sure")
    visit.wait("!document.querySelector('#weights-progress').hidden")
    visit.wait_text("weights-message", "new weights from nothing")
    visit.wait_hidden("weights-progress")
    assert current_version(quick_stack) != before
