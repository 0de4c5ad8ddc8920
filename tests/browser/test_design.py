"""Light and dark, the tour of a first visit, and a layout that fits screens from a watch to a wall."""

from itertools import combinations

import pytest
from playwright.sync_api import FloatRect, expect

from tests.support.lab import Lab

THEME = "document.documentElement.dataset.theme"


def test_theme_follows_the_system_until_one_is_chosen(lab: Lab) -> None:
    lab.complete()
    assert lab.page.evaluate(THEME) == "light"
    lab.page.emulate_media(color_scheme="dark")
    lab.wait(f"{THEME} == 'dark'")
    lab.click("theme")
    lab.wait(f"{THEME} == 'light'")
    assert lab.page.get_attribute("#theme", "aria-pressed") == "false"
    lab.page.reload()
    assert lab.page.evaluate(THEME) == "light"  # before anything else is there
    lab.page.wait_for_function("document.body.dataset.complete == 'yes'")
    lab.click("theme")
    lab.page.emulate_media(color_scheme="light")
    lab.wait(f"{THEME} == 'light'")  # chosen and preferred agreed: the system is followed again


def test_ink_takes_the_theme_s_colour(lab: Lab) -> None:
    light = "document.getElementById('pad').getContext('2d').getImageData(%s, %s, 1, 1).data[0]"
    lab.complete().draw_strokes([[(140.0, 60.0), (140.0, 220.0)]])
    middle = lab.page.evaluate("document.getElementById('pad').width / 2")
    pixel = light % (middle, middle)
    lab.wait(f"{pixel} < 100")
    lab.click("theme")
    lab.wait(f"{pixel} > 150")


def test_the_tour_leads_from_drawing_to_mistakes_once(lab: Lab) -> None:
    ringed = "document.querySelector('[data-toured]')"
    assert "Write a digit" in lab.complete().text("tour-words")
    for step, target in enumerate(("#pad", ".reading", "#network", "#weights-new", "#train", "#mistakes"), 1):
        assert lab.text("tour-words").startswith(f"{step} of 6")
        assert lab.page.evaluate(f"{ringed}?.matches({target!r}) && {ringed}.checkVisibility()")
        lab.click("tour-next")
    expect(lab.page.locator(".tour")).to_be_hidden()
    lab.open().complete()
    expect(lab.page.locator(".tour")).to_be_hidden()
    lab.click("tour-start")
    expect(lab.page.locator(".tour")).to_be_visible()
    lab.click("tour-end")
    assert lab.page.evaluate(ringed) is None


@pytest.mark.parametrize(("width", "height"), [(360, 740), (740, 360), (768, 1024), (1280, 720)])
def test_a_step_of_the_tour_is_in_sight_with_its_words(same_lab: Lab, width: int, height: int) -> None:
    same_lab.page.set_viewport_size({"width": width, "height": height})
    same_lab.page.evaluate("document.querySelector('#tour-start').click()")
    for step in range(1, 7):
        assert same_lab.text("tour-words").startswith(f"{step} of 6")
        same_lab.wait("""(() => {
            const [said, button, ringed, tabs] = ["#tour-words", "#tour-next", "[data-toured]", ".tabs"]
                .map(name => document.querySelector(name).getBoundingClientRect())
            const fixed = getComputedStyle(document.querySelector(".tabs")).position === "fixed"
            const end = fixed ? tabs.top : innerHeight
            return said.top >= 0 && button.top >= 0 && button.right <= innerWidth
                && ringed.top >= Math.min(said.bottom, innerHeight) - 8 && ringed.top + 40 <= end
        })()""")
        same_lab.click("tour-next")


SEEN = """names => names.map(name => document.querySelector(name).getBoundingClientRect())
    .every(box => box.width > 0 && box.top >= 0 && box.bottom <= innerHeight && box.right <= innerWidth)"""


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1440, 900), (1920, 1080)])
def test_the_lab_is_on_one_screen(same_lab: Lab, width: int, height: int) -> None:
    same_lab.page.set_viewport_size({"width": width, "height": height})
    parts = [
        "#pad",
        "#prediction",
        "#probabilities",
        "#network",
        "#train",
        "#test-accuracy",
        "#accuracy-curve",
        "#loss-curve",
    ]
    same_lab.page.evaluate("scrollTo(0, 0)")
    same_lab.page.wait_for_function(SEEN, arg=[*parts, "#model", "#learning-rate", ".tabs"])
    # The pad takes the height that is left, and the network keeps its width.
    same_lab.wait("""document.querySelector(".weights").getBoundingClientRect().bottom
        - document.querySelector("#weights-send").getBoundingClientRect().bottom < innerHeight / 8""")
    same_lab.wait("document.querySelector('#network').dataset.wide === 'yes'")


@pytest.mark.parametrize(("width", "height"), [(360, 740), (390, 844), (740, 360)])
def test_a_phone_shows_pad_answer_training_and_tabs_first(same_lab: Lab, width: int, height: int) -> None:
    same_lab.page.set_viewport_size({"width": width, "height": height})
    same_lab.page.evaluate("scrollTo(0, 0)")
    same_lab.page.wait_for_function(SEEN, arg=["#pad", "#sample", "#prediction", "#probabilities", "#train", ".tabs"])
    for tab in ("draw", "train", "inside", "mistakes", "share"):
        same_lab.page.click(f".tabs [data-tab={tab}]")
        same_lab.wait(f"document.documentElement.scrollHeight <= 3 * {max(width, height)}")
        same_lab.wait(f"document.querySelector('#network').checkVisibility() === {str(tab == 'inside').lower()}")
    same_lab.page.click(".tabs [data-tab=draw]")


def test_a_narrow_phone_s_header_is_one_row_whatever_the_chip_says(same_lab: Lab) -> None:
    same_lab.page.set_viewport_size({"width": 345, "height": 740})
    same_lab.wait("""(() => {
        const chip = document.querySelector("#api-status"), said = chip.textContent
        chip.textContent = "Works without a server"
        const [brand, theme] = [".brand", "#theme"].map(name => document.querySelector(name).getBoundingClientRect())
        chip.textContent = said
        return theme.top < brand.bottom && theme.right <= innerWidth
    })()""")


def test_a_tablet_shows_pad_and_answer_side_by_side_and_the_network_below_both(same_lab: Lab) -> None:
    same_lab.page.set_viewport_size({"width": 768, "height": 1024})
    same_lab.page.evaluate("scrollTo(0, 0)")
    same_lab.page.wait_for_function(SEEN, arg=["#pad", "#prediction", "#probabilities", "#weights-send", "#teach"])
    same_lab.wait("""(() => {
        const [draw, reading, network] = [".draw", ".reading", "#network"]
            .map(name => document.querySelector(name).getBoundingClientRect())
        return draw.top === reading.top && draw.right < reading.left && network.width > 1.9 * reading.width
    })()""")
    same_lab.wait("document.querySelector('.tabs').scrollWidth <= document.querySelector('.tabs').clientWidth")


def test_projector_makes_everything_larger(same_lab: Lab) -> None:
    same_lab.page.set_viewport_size({"width": 1440, "height": 900})
    size = "parseFloat(getComputedStyle(document.querySelector('#test-accuracy')).fontSize)"
    before = same_lab.page.evaluate(size)
    same_lab.page.keyboard.press("p")
    same_lab.wait(f"{size} > 1.5 * {before}")
    same_lab.page.wait_for_function(SEEN, arg=["#pad", "#prediction", "#network", "#train", "#accuracy-curve"])
    same_lab.page.keyboard.press("p")
    same_lab.wait(f"{size} === {before}")


# What sticks out of its card: the padding's inner edge on the right is where its content ends. The network's picture
# may be of an earlier size, and its stage cuts it off.
STICKING_OUT = """[...document.querySelectorAll(".card")].filter(card => card.checkVisibility()).flatMap(card => {
    const edge = card.getBoundingClientRect().right - parseFloat(getComputedStyle(card).paddingRight)
    return [...card.querySelectorAll("button, input, select, dd, dt, p, h2, h3, li, svg, canvas")]
        .filter(part => part.checkVisibility() && !part.matches(".network-stage *"))
        .filter(part => part.getBoundingClientRect().right > edge + 1.5)
        .map(part => part.id || part.outerHTML.slice(0, 80))
})"""


def test_nothing_sticks_out_of_its_card_when_the_figures_are_long(same_lab: Lab) -> None:
    same_lab.complete()
    for name, figure in (
        ("train-accuracy", "100.00%"),
        ("test-accuracy", "100.00%"),
        ("loss", "0.0003"),
        ("iteration", "123456"),
        ("samples-per-second", "1320000"),
        ("threads", "on 16 cores"),
    ):
        same_lab.page.evaluate(
            "([name, text]) => { document.getElementById(name).textContent = text }", [name, figure]
        )
    found = {}
    for width, height in ((320, 740), (360, 740), (390, 740), (740, 360), (768, 740), (1280, 740), (1440, 740)):
        same_lab.page.set_viewport_size({"width": width, "height": height})
        for tab in ("draw", "train", "inside", "mistakes", "share"):
            same_lab.page.click(f".tabs [data-tab={tab}]")
            found[width, tab] = same_lab.page.evaluate(STICKING_OUT)
    assert {place: parts for place, parts in found.items() if parts} == {}


def test_nothing_overlaps_or_leaves_the_screen(same_lab: Lab) -> None:
    same_lab.click("sample")
    same_lab.wait_text("prediction", "^[0-9]$")
    for width in (320, 360, 768, 1152, 1440, 1920, 2560):
        same_lab.page.set_viewport_size({"width": width, "height": 900})
        same_lab.wait(f"innerWidth === {width} && document.documentElement.scrollWidth <= {width}")
        same_lab.page.evaluate("scrollTo(0, 0)")
        boxes = [card.bounding_box() for card in same_lab.page.locator(".card:visible:not(.training)").all()]
        assert len(boxes) >= 3
        assert not [(a, b) for a, b in combinations(boxes, 2) if a and b and overlap(a, b)]


def overlap(a: FloatRect, b: FloatRect) -> bool:
    beside = a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
    return not beside and a["y"] < b["y"] + b["height"] and b["y"] < a["y"] + a["height"]


def test_storage_that_is_closed_does_not_matter(lab: Lab) -> None:
    script = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('closed') } })"
    lab.page.add_init_script(script)
    lab.open().complete().click("theme")
    lab.wait(f"{THEME} == 'dark'")
    lab.click("tour-end")
    expect(lab.page.locator(".tour")).to_be_hidden()
