"""API outages and recovery, and blocks that are not what they claim, in a real browser."""

import gzip
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, Route

from functions.dataset.block import Block, encode
from tests.support.lab import PATIENCE, READY, Lab
from tests.support.servers.running_stack import RunningStack

CI_ONLY = pytest.mark.ci_only


@pytest.fixture
def visitor(page: Page, stack: RunningStack) -> Iterator[Lab]:
    """Make a visit to the shared stack that the test itself starts, and may take the API away from."""
    lab = Lab(page, stack.url)
    yield lab
    lab.forgive_outage()
    assert lab.errors == []


def test_page_works_without_the_api_and_recovers(visitor: Lab, context: BrowserContext) -> None:
    context.route("**/api/**", lambda route: route.abort())
    visitor.open()
    visitor.wait_text("api-status", "The API is away.*Asking again")
    visitor.draw(1)
    visitor.wait_text("prediction", "^[0-9]$")  # from random weights
    visitor.wait_text("confidence", "^Untrained: it can only guess$")
    context.unroute("**/api/**")
    visitor.wait_text("api-status", "connected")
    visitor.wait_text("weights-origin", "shared weights")
    visitor.wait_text("prediction", "^1$")


def test_training_requested_during_an_outage_starts_when_the_api_is_back(
    visitor: Lab, context: BrowserContext
) -> None:
    context.route("**/api/**", lambda route: route.abort())
    visitor.open()
    visitor.click("train")
    visitor.wait_text("train-message", "digits")
    visitor.wait_text("api-status", "The API is away.*Asking again")
    assert visitor.text("iteration") == "0"
    context.unroute("**/api/**")
    visitor.wait_number("iteration", 10)


def test_stack_stops_and_starts_again(page: Page, own_stack: RunningStack) -> None:
    lab = Lab(page, own_stack.url).open()
    lab.page.fill("#cache-size", "1")
    lab.click("train")
    lab.wait_text("cached-blocks", "^1$")
    own_stack.stop()
    lab.click("sample")
    lab.wait_text("api-status", "The API is away")
    lab.wait_text("prediction", "^[0-9]$")  # a digit of the cached blocks
    before = lab.number("iteration")
    lab.wait_number("iteration", before + 100)  # training goes on with the blocks it has
    lab.click("weights-send")
    lab.wait_text("weights-message", "Nothing has changed")
    lab.show("versions")
    lab.page.evaluate("document.querySelector('#versions').open = true")
    lab.wait_text("versions-message", "comes once it is back")
    own_stack.start()
    lab.wait_text("api-status", "connected")
    lab.wait_text("weights-message", "^$")
    lab.wait_text("versions", "current")
    lab.click("weights-load")
    lab.wait_text("weights-message", "loaded")
    lab.forgive_outage()
    assert lab.errors == []


def test_end_of_the_api_is_noticed_during_a_run_that_asks_for_nothing(visitor: Lab, context: BrowserContext) -> None:
    visitor.open().complete()
    visitor.page.fill("#cache-size", "1")
    visitor.train_slowly()
    visitor.wait_text("cached-blocks", "^1$")
    with visitor.page.expect_request("**/api/v2/health/live"):
        pass  # nothing else needs the API any more
    context.route("**/api/**", lambda route: route.abort())
    visitor.wait_text("api-status", "The API is away")
    context.unroute("**/api/**")
    visitor.wait_text("api-status", "connected")


def one_digit() -> bytes:
    return encode(Block(np.array([3], np.uint8), np.zeros((1, 784), np.uint8)))


def wrong_label(block: bytes) -> bytes:
    return block[:16] + b"\x0b" + block[17:]


# One of each kind: the tests of the block reader, tests/site/training/test_block.py, try these two and the others.
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(lambda block: block[:-5], "digits is .* bytes long, got", id="truncated", marks=CI_ONLY),
        pytest.param(
            lambda _: b"<!doctype html><title>Welcome to this hotel</title>",
            "starts with b'SCRB', got b'<!do'",
            id="foreign",
            marks=CI_ONLY,
        ),
        pytest.param(wrong_label, "label 0 is 11", id="label"),
    ],
)
def test_bad_block_is_refused_and_training_goes_on(
    visitor: Lab, context: BrowserContext, spoil: Callable[[bytes], bytes], message: str
) -> None:
    def answer(route: Route) -> None:
        route.fulfill(body=spoil(one_digit()), content_type="application/octet-stream")

    context.route("**/datablock/train/1?**", answer)
    visitor.open().train_slowly()
    refused = visitor.wait_text("train-message", "refused")
    assert "train 1" in refused
    visitor.wait_text("train-message", message)
    before = visitor.number("iteration")
    visitor.wait_number("iteration", before + 5)
    visitor.click("train")


def test_damaged_compression_is_survived(visitor: Lab, context: BrowserContext) -> None:
    damaged = gzip.compress(one_digit())[:-9]
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/octet-stream"}
    context.route("**/datablock/train/1?**", lambda route: route.fulfill(body=damaged, headers=headers))
    visitor.open().train_slowly()
    visitor.wait_number("iteration", 5)
    visitor.errors.clear()


def test_first_weights_that_are_no_safetensors_are_refused(visitor: Lab, context: BrowserContext) -> None:
    context.route("**/api/weights?**", lambda route: route.fulfill(body=b"<html>not weights</html>"))
    visitor.page.goto(visitor.url)
    visitor.page.wait_for_function(READY, timeout=PATIENCE)
    visitor.wait_text("weights-message", "cannot be used: the safetensors header")
    visitor.draw(1)
    visitor.wait_text("prediction", "^[0-9]$")
