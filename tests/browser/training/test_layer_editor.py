"""The layer editor by keyboard alone, and by finger on a phone in dark colours."""

from playwright.sync_api import Browser

from tests.support.lab import Lab
from tests.support.servers.running_stack import RunningStack

FOCUSED = "document.activeElement.id"


def test_layers_are_changed_by_keyboard_alone(lab: Lab) -> None:
    lab.complete()
    lab.show("network-edit")
    page, press = lab.page, lab.page.keyboard.press
    page.focus("#network-edit")
    press("Enter")
    lab.wait("document.activeElement.matches('#network-editor summary')")
    press("Tab")
    press("ArrowUp")
    lab.wait_text("editor-name", "^mlp-129$")
    press("Tab")
    press("Tab")
    for name in ("mlp-129-64", "mlp-129-64-32", "mlp-129-64-32-16", "mlp-129-64-32-16-8", "mlp-129-64-32-16-8-4"):
        press("Enter")
        lab.wait_text("editor-name", f"^{name}$")
    lab.wait(f"{FOCUSED} === 'editor-hidden-5'")  # no more can be added
    press("Tab")
    press("Enter")
    lab.wait_text("editor-name", "^mlp-129-64-32-16-8$")
    lab.wait(f"{FOCUSED} === 'editor-hidden-4'")  # of what was removed there is nothing left
    press("Shift+Tab")
    press("Enter")
    lab.wait_text("editor-name", "^mlp-129-64-32-8$")
    lab.wait(f"{FOCUSED} === 'editor-remove-hidden-3'")  # the next one has moved up
    page.focus("#editor-use-it")
    press("Enter")
    lab.wait_value("model", "mlp-129-64-32-8")
    lab.wait(f"{FOCUSED} === 'editor-hidden-3'")  # it is used already


def test_layers_are_changed_by_finger_on_a_dark_phone(browser: Browser, stack: RunningStack) -> None:
    context = browser.new_context(
        viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True, color_scheme="dark"
    )
    lab = Lab(context.new_page(), stack.url).open().complete()
    page = lab.page
    lab.show("network-edit")
    page.tap("#network-edit")
    page.tap("#editor-add >> text=convolution")
    lab.wait_text("editor-name", "^conv-32$")
    page.tap("#editor-add >> text=dense")
    lab.wait_text("editor-name", "^conv-32_128-64$")
    lab.wait_text("editor-speed", "digits a second")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.tap("#editor-remove-channels-0")
    lab.wait_text("editor-name", "^mlp-128-64$")
    assert page.evaluate("document.activeElement.tagName") != "INPUT"  # which would bring up the keys
    page.tap("#editor-use-it")
    lab.wait_value("model", "mlp-128-64")
    assert lab.errors == []
    context.close()
