"""Runs beside each other, and the address that repeats one: kept, named, read off the curves, opened elsewhere."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.lab import Lab
from tests.support.servers.running_stack import RunningStack

PATH = "#loss-curve path.line.{}:not(.run)"
RUN = "seed=7&batch_size=16&target=70&weights=new"


@pytest.fixture
def elsewhere(browser: Browser, stack: RunningStack) -> Iterator[Lab]:
    """Visit the page with another browser's storage."""
    context = browser.new_context()
    visit = Lab(context.new_page(), stack.url)
    yield visit
    assert visit.errors == []
    context.close()


def train_to_target(lab: Lab) -> None:
    lab.click("train")
    lab.wait_text("train-message", "^Stopped at iteration")


def curves(lab: Lab) -> tuple[str, ...]:
    """Return the paths of the run, once all of it is drawn."""
    paths = [f"document.querySelector('{PATH.format(kind)}')?.getAttribute('d')" for kind in ("train", "test")]
    last = "document.querySelector('#iteration').textContent"
    return tuple(
        lab.wait(f"[{paths[0]}, {paths[1]}].every(d => d?.includes('L' + {last} + ' ')) && [{', '.join(paths)}]")
    )


def test_an_address_repeats_a_run_to_the_last_digit(lab: Lab, elsewhere: Lab) -> None:
    lab.complete()
    lab.page.evaluate(f"location.hash = {RUN!r}")
    lab.wait_text("weights-origin", "random weights")
    train_to_target(lab)
    lab.wait("location.hash.includes('seed=7')")
    elsewhere.url = lab.page.url
    elsewhere.open().complete()
    elsewhere.wait_text("weights-origin", "random weights")
    elsewhere.wait_value("batch-size", "16")
    train_to_target(elsewhere)
    elsewhere.wait_text("iteration", f"^{lab.text('iteration')}$")
    elsewhere.wait_text("test-accuracy", f"^{re.escape(lab.text('test-accuracy'))}$")
    assert curves(elsewhere) == curves(lab)


def test_an_unusable_address_is_reported_and_does_no_harm(elsewhere: Lab) -> None:
    elsewhere.url += "/#model=resnet&learning_rate=99&pen=fine&hasOwnProperty=1"
    elsewhere.open().complete()
    told = elsewhere.wait_text("page-message", "Not all of the address")
    assert "resnet is no network" in told
    assert "Learning rate can be a number from" in told
    assert "There is no setting hasOwnProperty" in told
    elsewhere.draw(3)
    elsewhere.wait_text("prediction", "[0-9]")
    elsewhere.page.evaluate("location.hash = 'seed=3'")
    elsewhere.wait("document.querySelector('#page-message').hidden")


def test_an_address_does_not_change_what_was_saved_before(lab: Lab) -> None:
    lab.complete()
    lab.draw(4)
    lab.wait_text("keeping", "Last kept")
    lab.page.goto("about:blank")  # the drawing is kept at the latest when one leaves
    lab.page.evaluate("0")
    lab.url += "/#seed=5&weights=new"
    lab.open().complete()
    assert lab.text("prediction") == ""
    assert lab.page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('scrawl.work.')).length") >= 1


def test_runs_are_saved_named_and_read_off(lab: Lab) -> None:
    lab.complete()
    lab.click("weights-new")
    lab.page.fill("#batch-size", "16")
    lab.click("train")
    lab.wait("document.querySelectorAll('#loss-curve circle.test[visibility=visible]').length")
    lab.wait_number("iteration", 600)
    lab.click("train")
    lab.click("weights-new")
    lab.show("run-list")
    lab.page.wait_for_selector("#run-list li")
    name = lab.page.locator("#run-list input[type=text]").first
    expect(name).to_have_value("MLP 128, SGD 0.5, batch 16")
    expect(lab.page.locator("#accuracy-curve path.run")).to_have_count(1)
    lab.page.locator("#run-list input[type=checkbox]").first.uncheck()
    lab.wait("!document.querySelector('#accuracy-curve path.run')")
    lab.page.locator("#run-list input[type=checkbox]").first.check()
    lab.click("step")
    lab.wait_text("iteration", "^1$")
    svg = lab.page.locator("#accuracy-curve svg")
    svg.hover(position={"x": 150, "y": 60})
    assert "batch 16:" in lab.wait_text("pointed", "^Iteration [0-9]+: ")
    svg.press("Home")
    lab.wait_text("pointed", "^Iteration 0: ")
    expect(svg).to_have_attribute("aria-valuetext", lab.text("pointed"))
    svg.press("Escape")
    lab.wait_text("pointed", "iterations: train accuracy")
    lab.page.get_by_role("button", name="Forget").click()
    lab.wait("document.querySelector('#run-list').hidden")
