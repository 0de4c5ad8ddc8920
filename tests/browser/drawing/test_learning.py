"""Training in the tab, on the running stack's digits: reaching an accuracy, settings, steps, what stays alive."""

import pytest
import requests
from playwright.sync_api import Route

from tests.support.lab import Lab
from tests.support.servers.running_stack import RunningStack


@pytest.fixture(scope="session")
def goal(stack: RunningStack) -> float:
    """Return the percentage to be reached: the UCI digits, which stand in for MNIST without a network, are few."""
    dataset = requests.get(f"{stack.url}/api/", timeout=10).json()["dataset"]["dataset"]
    return 95.0 if dataset == "mnist" else 85.0


def start_from_nothing(lab: Lab) -> None:
    lab.click("weights-new")
    lab.wait_text("weights-origin", "random")


def test_new_weights_learn_to_read_and_read_drawings(lab: Lab, goal: float) -> None:
    start_from_nothing(lab)
    lab.click("train")
    assert lab.wait_number("test-accuracy", goal) >= goal
    assert lab.wait_number("train-accuracy", goal - 5)
    lab.wait("parseFloat(document.querySelector('#loss').textContent) < 0.5")
    assert lab.number("samples-per-second") > 1000
    assert lab.number("cached-blocks") >= 1
    lab.draw(0)
    lab.wait_text("prediction", "^0$")  # while training goes on
    lab.click("clear")
    lab.draw_strokes([[(140, 140)]])
    lab.wait_text("confidence", "[0-9]%$")
    lab.click("train")
    lab.wait_text("train", "^\\s*Train")
    lab.wait_text("confidence", "^Unlike any digit")  # measured once training rests
    lab.click("clear")
    lab.draw(0)
    lab.wait_text("confidence", "[0-9]%$")


def test_pause_stops_training(lab: Lab) -> None:
    lab.click("train")
    lab.wait_number("iteration", 50)
    lab.click("train")
    lab.wait_still("iteration")


def test_step_does_one_iteration_and_measures(lab: Lab) -> None:
    start_from_nothing(lab)
    lab.click("step")
    lab.wait_text("iteration", "^1$")
    lab.wait_text("test-accuracy", "%$")
    lab.click("step")
    lab.wait_text("iteration", "^2$")
    assert lab.wait_still("iteration") == ("2",)


def test_curves_are_drawn(lab: Lab) -> None:
    lab.click("train")
    for name in ("accuracy", "loss"):
        for line in ("train", "test"):
            lab.wait(f"document.querySelector('#{name}-curve path.{line}')?.getAttribute('d')?.includes('L')")
    lab.click("train")
    lab.wait("/train .* test /.test(document.querySelector('#accuracy-curve svg')?.getAttribute('aria-label'))")


def test_cache_size_takes_effect_while_training(lab: Lab) -> None:
    lab.click("train")
    lab.wait_number("cached-blocks", 1)
    lab.page.fill("#cache-size", "1")
    lab.wait_text("cached-blocks", "^1$")
    before = lab.number("iteration")
    lab.wait_number("iteration", before + 100)
    assert lab.text("cached-blocks") == "1"
    lab.page.fill("#cache-size", "60")
    lab.click("train")


def test_learning_rate_takes_effect_while_training(lab: Lab) -> None:
    start_from_nothing(lab)
    lab.page.fill("#learning-rate", "0.0001")
    lab.click("train")
    lab.wait_number("iteration", 20)
    assert lab.number("loss") > 1.5  # hardly anything is learned at that rate
    lab.page.fill("#learning-rate", "0.1")
    lab.wait("parseFloat(document.querySelector('#loss').textContent) < 0.8")
    lab.click("train")


def test_batch_size_takes_effect_while_training(lab: Lab) -> None:
    lab.page.fill("#learning-rate", "0.01")
    lab.page.fill("#batch-size", "1")
    lab.click("train")
    lab.wait_number("iteration", 1000)  # with one sample each, the first block is enough for that many
    lab.page.fill("#batch-size", "1024")
    before = lab.number("iteration")
    lab.wait_number("iteration", before + 3)
    lab.click("train")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("batch-size", "0"), ("batch-size", "1.5"), ("batch-size", "2000"), ("learning-rate", "-1"), ("cache-size", "")],
)
def test_impossible_setting_is_refused_in_words(same_lab: Lab, name: str, wrong: str) -> None:
    right = same_lab.page.input_value(f"#{name}")
    same_lab.page.fill(f"#{name}", wrong)
    message = same_lab.wait_text("settings-message", "got")
    assert name.replace("-", " ") in message.lower()
    assert (wrong or "nothing") in message
    same_lab.page.fill(f"#{name}", right)
    same_lab.wait("document.querySelector('#settings-message').hidden")


def test_each_of_two_impossible_settings_is_refused(same_lab: Lab) -> None:
    right = {name: same_lab.page.input_value(f"#{name}") for name in ("batch-size", "cache-size")}
    for name in right:
        same_lab.page.fill(f"#{name}", "0.5")
    assert "Batch size" in same_lab.wait_text("settings-message", "Cache size")
    for name, value in right.items():
        same_lab.page.fill(f"#{name}", value)
    same_lab.wait("document.querySelector('#settings-message').hidden")


def test_too_high_a_learning_rate_is_explained(lab: Lab) -> None:
    lab.page.fill("#learning-rate", "10")
    lab.click("train")
    said = lab.wait_text("train-message", "It is not learning.*: try 0.1|diverged at iteration.*: try 0.1")
    if "diverged" in said:  # there was no loss any more, and the last good weights are back
        lab.wait_text("train", "^\\s*Train")
    else:
        lab.click("train")


def test_another_network_can_be_chosen_and_trained(lab: Lab, goal: float) -> None:
    def add_a_model(route: Route) -> None:
        models = route.fetch().json()["models"]
        route.fulfill(json={"models": [*models, {**models[0], "model": "twin", "title": "The same again"}]})

    lab.page.route("**/models.json", add_a_model)
    lab.open()
    lab.draw(3)
    lab.wait_text("prediction", "^3$")
    lab.page.select_option("#model", "twin")
    lab.wait_text("weights-message", "does not share this network. It starts with random weights")
    lab.click("train")
    lab.wait_number("test-accuracy", goal)
    lab.wait_text("prediction", "^[0-9]$")
    lab.page.select_option("#model", "mlp-128")
    lab.wait_text("iteration", "^0$")
    lab.wait_text("prediction", "^3$")
