"""The page for those who use it by keyboard, by ear, enlarged, in their own colours or without motion."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.support.lab import Lab

# Findings that count; what is minor is a hint.
SERIOUS = ("moderate", "serious", "critical")
TABS = ("train", "inside", "mistakes", "share", "draw")
CONTROLS = "button, input:not([type=file]), select, summary, textarea"


def findings(page: Page) -> list[str]:
    """Return what axe finds, each with the elements it means."""
    # Only of violations does axe need to work out how to name the elements, which takes most of its time.
    violations: list[dict[str, Any]] = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{found['id']} ({found['impact']}): {node['target']} {node['failureSummary']}"
        for found in violations
        if found["impact"] in SERIOUS
        for node in found["nodes"]
    ]


def everywhere(lab: Lab) -> list[str]:
    """Return what axe finds in each tab, and in the other theme."""
    lab.page.emulate_media(reduced_motion="reduce")  # colours that change slowly are measured half way
    found = []
    for tab in TABS:
        lab.page.click(f".tabs [data-tab={tab}]")
        found += findings(lab.page)
    change_theme(lab)
    found += findings(lab.page)
    change_theme(lab)
    return found


def change_theme(lab: Lab) -> None:
    theme = "document.documentElement.dataset.theme"
    before = lab.page.evaluate(theme)
    lab.click("theme")
    lab.wait(f"{theme} !== {before!r}")


def test_axe_finds_nothing_on_a_first_visit(same_lab: Lab) -> None:
    assert everywhere(same_lab) == []


def test_axe_finds_nothing_while_it_trains_and_afterwards_with_everything_open(lab: Lab) -> None:
    lab.complete().draw(3)
    lab.wait_text("prediction", "^3$")
    open_all(lab)
    lab.click("weights-new")
    lab.wait_text("weights-origin", "random")
    lab.click("train")
    lab.wait_number("test-accuracy", 50)
    lab.show("pace")
    lab.page.select_option("#pace", "slow")  # or else axe has to share the processor with the training
    for width, height in ((1440, 900), (768, 1024), (360, 740)):
        lab.page.set_viewport_size({"width": width, "height": height})
        assert everywhere(lab) == []
        assert lab.page.get_attribute("#train", "data-on") == "yes"
        before = lab.number("iteration")
        lab.wait_number("iteration", before + 1)
    lab.click("train")
    for tab in ("train", "draw"):
        lab.page.click(f".tabs [data-tab={tab}]")
        assert findings(lab.page) == []


def test_axe_finds_nothing_in_a_list_that_scrolls(same_lab: Lab) -> None:
    same_lab.complete().click("count")
    same_lab.wait("document.querySelector('[data-cell=\"0\"]').textContent > 0")
    same_lab.page.click("[data-cell='0']")
    same_lab.wait("(list => list.scrollHeight > list.clientHeight)(document.querySelector('#misread ul'))")
    assert findings(same_lab.page) == []
    same_lab.click("misread-close")


def open_all(lab: Lab) -> None:
    """Open whatever can be opened, once the page is complete."""
    lab.complete().page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
    lab.wait_settled()  # some are filled in once they are open


def test_every_control_has_a_name_and_a_line_of_help(same_lab: Lab) -> None:
    open_all(same_lab)
    session = same_lab.page.context.new_cdp_session(same_lab.page)
    nodes = []
    for tab in TABS:
        same_lab.page.click(f".tabs [data-tab={tab}]")
        nodes += session.send("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "checkbox", "combobox", "radio", "slider", "spinbutton", "switch", "textbox"}
    controls = [node for node in nodes if node.get("role", {}).get("value") in roles and not node.get("ignored")]
    assert len(controls) > 20
    told = [tuple(node.get(part, {}).get("value", "") for part in ("name", "description")) for node in controls]
    assert not [words for name, words in told if not name]
    assert not [name for name, words in told if not words]


@pytest.mark.parametrize("tab", ["draw", "train", "share"])
def test_every_control_is_reached_by_tab_and_shows_it(same_lab: Lab, tab: str) -> None:
    open_all(same_lab)
    same_lab.page.click(f".tabs [data-tab={tab}]")
    wanted = same_lab.page.evaluate(
        f"""[...document.querySelectorAll("{CONTROLS}")].filter(control =>
            !control.disabled && control.checkVisibility() && control.tabIndex >= 0
            && (control.type != "radio" || control.checked)).length"""
    )
    same_lab.page.evaluate(
        """() => { window.met = new Set(); window.unseen = []
            document.addEventListener("focusin", ({ target }) => {
                met.add(target)
                const { outlineStyle, outlineWidth } = getComputedStyle(target)
                if (outlineStyle == "none" || parseFloat(outlineWidth) < 2) unseen.push(target.outerHTML.slice(0, 90))
            }) }"""
    )
    for _ in range(wanted + 40):  # there are also the pad, and pictures that keys explore
        same_lab.page.keyboard.press("Tab")
    assert same_lab.page.evaluate(f"[...met].filter(element => element.matches('{CONTROLS}')).length") >= wanted
    assert same_lab.page.evaluate("unseen") == []


def test_targets_are_large_enough_for_fingers(same_lab: Lab) -> None:
    same_lab.page.set_viewport_size({"width": 360, "height": 740})
    open_all(same_lab)
    for tab in TABS:
        same_lab.page.click(f".tabs [data-tab={tab}]")
        small = same_lab.page.evaluate(
            f"""[...document.querySelectorAll("{CONTROLS}")].filter(control => control.checkVisibility())
                .map(control => [(control.closest("label") || control).getBoundingClientRect(), control.outerHTML])
                .filter(([box]) => box.width < 24 || box.height < 24).map(([, html]) => html.slice(0, 90))"""
        )
        assert small == []


def test_page_reflows_when_it_is_enlarged(same_lab: Lab) -> None:
    open_all(same_lab)
    for width, height, size in ((320, 256, ""), (720, 450, "200%")):  # 1280 by 1024 pixels at 400 %
        same_lab.page.set_viewport_size({"width": width, "height": height})
        same_lab.page.evaluate(f"document.documentElement.style.fontSize = '{size}'")
        for tab in TABS:
            same_lab.page.evaluate(f"document.querySelector('.tabs [data-tab={tab}]').click()")
            same_lab.wait(f"document.documentElement.scrollWidth <= {width}")
    same_lab.page.evaluate("document.documentElement.style.fontSize = ''")


def test_motion_is_reduced_on_request(same_lab: Lab) -> None:
    seconds = "parseFloat(getComputedStyle(document.querySelector('.bars i')).transitionDuration)"
    assert same_lab.page.evaluate(seconds) > 0
    same_lab.page.emulate_media(reduced_motion="reduce")
    assert same_lab.page.evaluate(seconds) == 0


def test_forced_colours_keep_what_colour_alone_would_show(same_lab: Lab) -> None:
    same_lab.draw(3)
    same_lab.wait_text("prediction", "^3$")
    same_lab.page.emulate_media(forced_colors="active")
    colour = "getComputedStyle(document.querySelector('%s')).backgroundColor"
    assert same_lab.page.evaluate(colour % ".bars .best i") != same_lab.page.evaluate(colour % ".bars .best .track")
    dot = "getComputedStyle(document.getElementById('pen-medium'), '::before').backgroundColor"
    assert same_lab.page.evaluate(dot) != same_lab.page.evaluate(colour % "#pen-medium")
    switch = colour % "#normalise"
    on = same_lab.page.evaluate(switch)
    same_lab.click("normalise")
    same_lab.wait(f"{switch} !== {on!r}")
    same_lab.click("normalise")
    outline = "getComputedStyle(document.querySelector('%s')).outlineStyle"
    assert same_lab.page.evaluate(outline % ".tabs [aria-current]") == "solid"


def test_link_that_skips_to_training_leads_there_and_is_no_setting(same_lab: Lab) -> None:
    same_lab.page.focus(".skip")
    same_lab.page.keyboard.press("Enter")
    same_lab.wait("document.activeElement.id === 'train-heading'")
    same_lab.wait("location.hash !== '#train-heading'")  # else a reload would not find this tab's work
    assert same_lab.page.is_hidden("#page-message")
