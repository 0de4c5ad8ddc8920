"""The saved visit: a reload loses nothing, tabs do not disturb each other, and the page reports a refusal."""

import io

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.support.digits.handwriting import DIGITS
from tests.support.lab import INKED, Lab
from tests.support.servers.running_stack import RunningStack


@pytest.fixture
def seven() -> bytes:
    """Return a picture of a 7."""
    image, body = Image.new("L", (300, 300), 255), io.BytesIO()
    ImageDraw.Draw(image).line(DIGITS[7][0], fill=0, width=20, joint="curve")
    image.save(body, "PNG")
    return body.getvalue()


SAVED_VISIT = "JSON.parse(localStorage['scrawl.work.1'] || '{}')"


def train(lab: Lab, iterations: int) -> int:
    lab.click("train")
    lab.wait_number("iteration", iterations)
    lab.click("train")
    lab.wait("document.querySelector('#train').dataset.on === 'no'")
    return settled_iteration(lab)


def settled_iteration(lab: Lab) -> int:
    """Wait until the last weights have been saved, and return their iteration."""
    lab.wait_still("iteration")  # the last report may come after the pause
    lab.wait(f"({SAVED_VISIT}.iterations || {{}})['mlp-128'] == document.querySelector('#iteration').textContent")
    return int(lab.number("iteration"))


def new_weights(lab: Lab, place: int) -> None:
    """Take random weights, and wait until they have been saved."""
    lab.click("weights-new")
    lab.wait_text("weights-origin", "random")
    lab.wait(f"'mlp-128' in (JSON.parse(localStorage['scrawl.work.{place}'] || '{{}}').iterations || {{}})")


def test_reload_loses_nothing(lab: Lab) -> None:
    lab.complete()
    lab.page.fill("#batch-size", "50")
    lab.draw(4)
    lab.wait_text("prediction", "^4$")
    lab.page.select_option("#label", "4")
    iteration = train(lab, 300)
    lab.wait_text("test-accuracy", "%")
    digit = lab.text("prediction")
    curve = lab.page.get_attribute("#accuracy-curve svg", "aria-label") or ""
    lab.open()
    lab.wait_text("iteration", f"^{iteration}$")
    lab.wait_text("prediction", f"^{digit}$")
    lab.wait_value("batch-size", "50")
    lab.wait_value("label", "4")
    assert f"trained here for {iteration} iterations" in lab.wait_text("weights-origin", "trained")
    expect(lab.page.locator("#accuracy-curve svg")).to_have_attribute("aria-label", curve)
    lab.click("train")
    assert lab.wait_number("iteration", iteration + 50) >= iteration + 50
    lab.click("train")


def test_what_lies_beneath_the_strokes_survives_a_reload(lab: Lab, seven: bytes) -> None:
    lab.complete()
    for beneath in ("sample", "image"):
        if beneath == "sample":
            lab.click("sample")
        else:
            lab.page.set_input_files("#image-file", {"name": "7.png", "mimeType": "image/png", "buffer": seven})
        lab.wait_text("draw-message", "Draw over it")
        lab.draw_strokes([[(40.0, 40.0), (90.0, 45.0)]])
        sheet = f"{SAVED_VISIT}.sheet"
        lab.wait(f"{sheet}?.length === 2 && {sheet}[0][0] === {beneath!r} && {sheet}[1][1].length > 1")
        inked = lab.wait_steady(INKED)
        lab.open().complete()
        lab.wait(f"Math.abs({INKED} - {inked}) < 0.2")


def test_other_network_is_selected_again_with_its_weights(lab: Lab) -> None:
    lab.complete()
    lab.page.select_option("#model", "mlp-128-64")
    lab.click("weights-new")
    lab.wait_text("weights-origin", "random")
    lab.wait(f"'mlp-128-64' in ({SAVED_VISIT}.iterations || {{}})")
    lab.open()
    lab.wait_value("model", "mlp-128-64")
    lab.complete()
    lab.wait_text("weights-origin", "random")


def test_starting_afresh_forgets_the_work(lab: Lab) -> None:
    lab.complete()
    lab.draw(4)
    new_weights(lab, 1)
    lab.click("afresh")
    lab.click("afresh-not")
    lab.wait_hidden("afresh-sure")
    lab.click("afresh")
    with lab.page.expect_navigation():
        lab.click("afresh-sure")
    lab.wait("document.body.dataset.complete === 'yes'")
    lab.wait_text("weights-origin", "the shared weights")
    assert lab.text("prediction") == ""
    assert lab.page.evaluate(f"'mlp-128' in ({SAVED_VISIT}.iterations || {{}})") is False


def test_damaged_weights_give_way_to_the_shared_ones(lab: Lab) -> None:
    lab.complete()
    train(lab, 50)
    lab.page.goto(f"{lab.url}/api/")  # where nothing saves the weights once more
    lab.page.evaluate(
        """() => new Promise(done => {
            indexedDB.open("scrawl").onsuccess = event => {
                const store = event.target.result.transaction("kept", "readwrite").objectStore("kept")
                store.put({buffer: new ArrayBuffer(100), record: "{}"}, "1/weights/mlp-128").onsuccess = done
            }
        })"""
    )
    lab.open().complete()
    assert lab.wait_text("weights-origin", "the shared weights")
    lab.wait_text("iteration", "^0$")
    lab.draw(3)
    lab.wait_text("prediction", "^3$")


def test_two_tabs_save_their_own_work(lab: Lab, stack: RunningStack) -> None:
    lab.complete()
    new_weights(lab, 1)
    other = Lab(lab.page.context.new_page(), stack.url).open().complete()
    other.wait_text("weights-origin", "the shared weights")
    for tab in (lab, other):
        tab.wait_text("tabs-message", "open in another tab as well")
    other.draw(4)
    other.wait("(localStorage['scrawl.work.2'] || '').includes('stroke')")
    assert "stroke" not in lab.page.evaluate("localStorage['scrawl.work.1']")
    assert other.errors == []
    other.page.close()
    lab.open().complete()
    lab.wait_text("weights-origin", "random")
    assert lab.text("prediction") == ""
    lab.show("keeping")
    lab.page.click("text=Go on with it")
    lab.wait_text("prediction", r"^\d$")
    lab.wait_text("weights-origin", "the shared weights")


def test_blocked_storage_is_reported_and_the_page_works(page: Page, stack: RunningStack) -> None:
    page.add_init_script(
        """const denied = () => { throw new DOMException("denied", "SecurityError") }
        for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, {get: denied})
        IDBFactory.prototype.open = denied
        BroadcastChannel = class { constructor() { denied() } }"""  # as in Firefox without cookies
    )
    lab = Lab(page, stack.url).open().complete()
    lab.wait_text("keeping-message", "^This browser keeps nothing for this page [(][^(]*[)]")
    lab.draw(3)
    lab.wait_text("prediction", "^3$")
    lab.click("weights-new")
    lab.wait_text("weights-origin", "random")
    assert lab.errors == []


# A transaction that does not end, as that of a page that WebKit has suspended.
OCCUPY = """() => new Promise(done => {
    indexedDB.open("scrawl").onsuccess = event => {
        const store = event.target.result.transaction("kept", "readwrite").objectStore("kept")
        const again = () => { store.get("none").onsuccess = again; done(true) }
        again()
    }
})"""


def test_page_starts_though_its_storage_is_occupied(lab: Lab, stack: RunningStack) -> None:
    lab.complete()
    new_weights(lab, 1)
    other = lab.page.context.new_page()
    other.goto(f"{stack.url}/api/")
    assert other.evaluate(OCCUPY)
    lab.open()
    lab.wait_text("weights-message", "saved in this browser, are still on their way")
    other.close()
    lab.complete().wait_text("weights-origin", "random")
    lab.wait_hidden("weights-message")


def test_full_storage_is_reported_and_the_page_works(lab: Lab) -> None:
    lab.complete()
    session = lab.page.context.new_cdp_session(lab.page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": lab.url, "quotaSize": 1000})
    lab.click("weights-new")
    lab.wait_text("keeping-message", "no room left")
    session.send("Storage.overrideQuotaForOrigin", {"origin": lab.url, "quotaSize": 100_000_000})
    lab.click("weights-new")
    lab.wait("document.querySelector('#keeping-message').hidden")


def test_work_of_another_version_does_not_stop_the_page(page: Page, stack: RunningStack) -> None:
    junk = {
        "scrawl.work.1": '{"model": "of-another-version", "typed": {"batch_size": "x"}, "sheet": "abc", "saved": 9}',
        "scrawl.work.2": "null",
        "scrawl.work.3": '{"saved": "x"}',
    }
    entries = [f"localStorage.setItem({name!r}, {text!r})" for name, text in junk.items()]
    page.add_init_script(f"if (!localStorage.length) {{ {'; '.join(entries)} }}")
    lab = Lab(page, stack.url).open().complete()
    lab.draw(1)
    lab.wait_text("prediction", "^1$")
    assert [error for error in lab.errors if "404" not in error] == []
