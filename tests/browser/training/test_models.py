"""Changing the network on the page: each has weights, figures and curves of its own, and keeps them."""

import re

import pytest
import requests
from playwright.sync_api import Route

from model_export.pretrained import shipped_architectures
from tests.support.lab import Lab

FIRST = "mlp-128"
OTHERS = [architecture.id for architecture in shipped_architectures() if architecture.id != FIRST]
# Iterations that show that a network learns; a convolution takes some hundred times as long for each.
ENOUGH = {"conv-32-64": 5}
FIGURES = ("iteration", "loss", "train-accuracy", "test-accuracy", "weights-origin")
TRAIN_CURVE = "#loss-curve path.line.train"
# What the worker reports when it has measured.
NOTE_MEASUREMENTS = """window.measured = null
scrawlWorker.addEventListener("message", ({ data }) => { if (data.kind === "evaluated") measured = data })"""


def count_test_digits(lab: Lab) -> int:
    """Return how many digits the networks are tested on."""
    return int(requests.get(f"{lab.url}/api/", timeout=30).json()["dataset"]["splits"]["test"]["count"])


def train_until(lab: Lab, iteration: int) -> tuple[str, ...]:
    """Train to at least that iteration and return the figures once they stay as they are."""
    lab.page.evaluate(NOTE_MEASUREMENTS)
    lab.click("train")
    lab.wait_number("iteration", iteration)
    lab.click("train")
    lab.wait_text("train", "^\\s*Train")
    # A pause is measured on all test digits, which takes long on a busy machine.
    count = count_test_digits(lab)
    shown = r"iteration.innerText.replace(/\D/g, '')"
    lab.wait(f"measured?.count === {count} && String(measured.iteration) === {shown}")

    return lab.wait_still(*FIGURES)


def wait_figures(lab: Lab, expected: tuple[str, ...]) -> None:
    for name, text in zip(FIGURES, expected, strict=True):
        lab.wait_text(name, f"^{re.escape(text)}$")


def train_curve(lab: Lab) -> str:
    return lab.page.locator(TRAIN_CURVE).get_attribute("d") or ""


def wait_train_curve(lab: Lab, expected: str) -> None:
    lab.wait(f"(document.querySelector('{TRAIN_CURVE}')?.getAttribute('d') || '') === {expected!r}")


# All test digits are measured three times, for which a convolution needs ten seconds.
@pytest.mark.parametrize(
    "other", [pytest.param(other, marks=pytest.mark.ci_only) if other in ENOUGH else other for other in OTHERS]
)
def test_switching_networks_loses_nothing(lab: Lab, other: str) -> None:
    lab.click("weights-new")
    lab.wait_text("weights-origin", "random")
    first, curve = train_until(lab, 200), train_curve(lab)
    assert "L" in curve
    lab.page.select_option("#model", other)
    lab.wait_text("weights-origin", "^the shared weights")
    lab.wait_text("iteration", "^0$")
    wait_train_curve(lab, "")
    second = train_until(lab, ENOUGH.get(other, 200))
    lab.page.select_option("#model", FIRST)
    wait_figures(lab, first)
    wait_train_curve(lab, curve)
    lab.page.select_option("#model", other)
    wait_figures(lab, second)
    lab.page.select_option("#model", FIRST)
    train_until(lab, int(first[0]) + 100)  # and goes on


def test_network_that_is_left_while_it_trains_is_paused(lab: Lab) -> None:
    lab.train_slowly()
    lab.wait_number("iteration", 10)
    lab.page.select_option("#model", OTHERS[0])
    lab.wait_text("train-message", "MLP 128 is paused")
    lab.wait_text("train", "^\\s*Train")
    lab.page.select_option("#model", FIRST)
    lab.wait_number("iteration", 10)
    lab.wait_still("iteration")


def test_weights_that_arrive_late_belong_to_the_network_they_were_asked_for(visitor: Lab) -> None:
    held: list[Route] = []
    visitor.open()
    visitor.wait_text("weights-origin", "shared weights")
    visitor.page.route(re.compile(rf"weights\?model={FIRST}(&|$)"), lambda route: held.append(route))
    visitor.click("weights-load")
    visitor.wait_text("weights-message", "Loading")
    visitor.page.select_option("#model", OTHERS[0])
    visitor.wait_text("weights-origin", "shared weights")
    visitor.click("train")
    reached = visitor.wait_number("iteration", 2)
    visitor.watch_for_fall("iteration")
    with visitor.page.expect_response(re.compile(rf"weights\?model={FIRST}(&|$)")):
        held[0].continue_()
    visitor.wait_number("iteration", reached + 100)
    assert not visitor.has_fallen()  # it has not started again
    visitor.click("train")
    visitor.page.select_option("#model", FIRST)
    visitor.wait_text("weights-message", "are loaded")


def test_networks_are_listed_by_short_names_with_their_titles_as_help(lab: Lab) -> None:
    lab.wait("document.querySelector('#model').title.includes('hidden')")
    assert lab.page.locator("#model option").first.inner_text() == "MLP 128"
