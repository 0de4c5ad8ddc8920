"""More to set about training, on the running page: optimizers, slow motion, a target, seeds, checkpoints, speeds."""

import pytest

from tests.support.lab import PATIENCE, Lab

CURVE = "#{name}-curve path.line.{kind}"


@pytest.fixture
def complete(lab: Lab) -> Lab:
    """Visit the page, with all that comes later."""
    lab.complete().show("training-options")
    return lab


def set_field(lab: Lab, name: str, value: str) -> None:
    lab.page.evaluate("document.querySelector('#more-settings').open = true")
    lab.page.fill(f"#{name}", value)


def new_weights(lab: Lab) -> None:
    lab.click("weights-new")
    lab.wait_text("weights-origin", "random")
    lab.wait_text("iteration", "^0$")


def train_to(lab: Lab, target: str) -> dict[str, object]:
    """Train new weights until the target stops it. Return the figures and the points of all four curves."""
    set_field(lab, "target", target)
    new_weights(lab)
    lab.click("train")
    lab.wait_text("train-message", "^Stopped at iteration")
    lab.wait_text("train", "^\\s*Train")
    return run_of(lab)


def run_of(lab: Lab) -> dict[str, object]:
    figures: dict[str, object] = {
        name: lab.text(name) for name in ("iteration", "loss", "train-accuracy", "test-accuracy")
    }
    for name in ("accuracy", "loss"):
        for kind in ("train", "test"):
            path = f"document.querySelector('{CURVE.format(name=name, kind=kind)}')?.getAttribute('d')"
            drawn = f"{path}?.includes('L{figures['iteration']} ') && [{path}]"  # up to the last iteration
            figures[f"{name} {kind}"] = lab.wait(drawn)[0]
    return figures


def test_same_seed_gives_the_same_run_to_the_last_digit(complete: Lab) -> None:
    lab = complete
    first = train_to(lab, "90")
    assert "L" in str(first["loss test"])
    lab.page.reload()
    lab.page.evaluate("localStorage.clear()")
    lab.open().complete().show("training-options")
    set_field(lab, "target", "90")
    new_weights(lab)
    lab.page.select_option("#pace", "slow")
    lab.page.fill("#speed", "0.2")
    lab.click("train")
    lab.wait_text("iteration", "^1$")
    lab.click("train")  # paused, well before the second step
    lab.click("step")
    lab.wait_text("iteration", "^2$")
    lab.page.select_option("#pace", "full")
    lab.click("train")
    lab.wait_text("train-message", "^Stopped at iteration")
    assert run_of(lab) == first
    set_field(lab, "seed", "7")
    assert train_to(lab, "90") != first


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_optimizer_and_varied_digits_learn(complete: Lab, optimizer: str) -> None:
    lab = complete
    lab.page.evaluate("document.querySelector('#more-settings').open = true")
    lab.page.select_option("#optimizer", optimizer)
    lab.wait("parseFloat(document.querySelector('#learning-rate').value) < 0.1")  # its own
    lab.wait(
        f"document.querySelector('#momentum').checkVisibility() === {'true' if optimizer == 'momentum' else 'false'}"
    )
    lab.page.check("#augment")
    train_to(lab, "85")
    assert lab.number("test-accuracy") >= 85
    assert lab.wait_text("epoch-text", "^Epoch \\d+, \\d+% through$")


def test_slow_motion_shows_single_steps_and_can_be_sped_up(complete: Lab) -> None:
    lab = complete
    new_weights(lab)
    lab.page.select_option("#pace", "slow")
    lab.page.evaluate(
        """() => { window.shown = []; const iteration = document.getElementById("iteration")
           new MutationObserver(() => shown.push(iteration.textContent))
               .observe(iteration, { childList: true, characterData: true, subtree: true }) }"""
    )
    lab.click("train")
    # Any three, one after the other: a busy machine may leave out the first.
    lab.wait("shown.some(one => [1, 2].every(more => shown.includes(String(Number(one) + more))))")
    lab.page.fill("#speed", "20")
    lab.wait_number("iteration", 10)
    lab.wait_text("speed-text", "^20$")
    lab.page.select_option("#pace", "full")
    lab.wait_number("iteration", 300)
    lab.click("train")


def test_impossible_settings_are_explained_below_their_fields(same_lab: Lab) -> None:
    lab = same_lab
    lab.show("training-options")
    lab.page.evaluate("document.querySelector('#more-settings').open = true")
    lab.page.select_option("#optimizer", "momentum")
    for name, wrong in (("momentum", "1"), ("weight-decay", "-1"), ("seed", "1.5"), ("target", "100")):
        right = lab.page.input_value(f"#{name}")
        lab.page.fill(f"#{name}", wrong)
        assert f"got {wrong}." in lab.wait_text(f"{name}-message", "got")
        lab.wait(f"document.querySelector('#{name}').getAttribute('aria-invalid') === 'true'")
        lab.page.fill(f"#{name}", right)
        lab.wait(f"document.querySelector('#{name}-message').hidden")


def test_another_seed_is_drawn_by_a_button(same_lab: Lab) -> None:
    lab = same_lab
    lab.show("training-options")
    lab.page.evaluate("document.querySelector('#more-settings').open = true")
    before = lab.page.input_value("#seed")
    lab.click("seed-another")
    lab.wait(f"document.querySelector('#seed').value !== '{before}'")
    assert 0 <= int(lab.page.input_value("#seed")) < 1_000_000


def test_own_speed_stands_beside_that_of_other_libraries(complete: Lab) -> None:
    lab = complete
    lab.click("train")
    lab.wait_number("samples-per-second", 1)
    lab.page.click("#speeds summary")
    rows = lab.page.locator("#speeds li")
    rows.first.wait_for(timeout=PATIENCE)
    assert rows.first.inner_text().startswith("This tab, now")
    assert "authors" in lab.wait_text("speeds", "PyTorch")
    lab.click("train")
