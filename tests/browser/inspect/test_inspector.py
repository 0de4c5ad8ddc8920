"""The inspector in a real browser: layers, the chosen unit, readers, saliency, confusion, and the timeline."""

import pytest
from playwright.sync_api import expect

from tests.support.lab import PATIENCE, Lab

# How many of a canvas's pixels differ from the most frequent colour: how much there is to see on it.
INKED = """name => {
  const canvas = document.querySelector(name)
  const pixels = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer)
  const counts = new Map()
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) || 0) + 1)
  return pixels.length - Math.max(...counts.values())
}"""
PICTURE = "name => document.querySelector(name).toDataURL()"


@pytest.fixture
def inspector(lab: Lab) -> Lab:
    """Wait until the whole page is there, and draw a 3."""
    lab.complete().draw(3)
    lab.wait_text("prediction", "^3$")
    return lab


@pytest.fixture
def same_inspector(same_lab: Lab) -> Lab:
    """Return the file's one visit with a 3, for tests that leave the weights alone."""
    same_lab.draw(3)
    same_lab.wait_text("prediction", "^3$")
    return same_lab


def see(lab: Lab, name: str) -> None:
    """Open the tab and scroll there, as one who wants to see it."""
    lab.show("inside-layers" if "data-panel" in name else name)
    # In one go: panels are replaced while the network answers.
    lab.wait(f"(e => e && (e.scrollIntoView({{ block: 'center' }}), true))(document.querySelector({name!r}))")


def painted(lab: Lab, name: str, at_least: int) -> None:
    """Wait until there is something to see on a canvas."""
    lab.page.wait_for_function(f"name => ({INKED})(name) >= {at_least}", arg=f"{name} canvas", timeout=PATIENCE)


def unit(panel: str, number: int) -> str:
    return f'[data-panel="{panel}"] [data-unit="{number}"]'


# How many of the test digits are on the matrix's diagonal.
ON_DIAGONAL = """[...document.querySelectorAll("#mistakes td.right")]
  .reduce((sum, cell) => sum + (parseInt(cell.textContent) || 0), 0)"""


def test_tiles_and_answers_show_the_same_unit(same_inspector: Lab) -> None:
    see(same_inspector, '[data-panel="fc1-tiles"]')
    painted(same_inspector, '[data-panel="fc1-tiles"]', 128 * 100)
    painted(same_inspector, '[data-panel="fc1-units"]', 10)
    same_inspector.page.hover(unit("fc1-tiles", 17))
    same_inspector.wait(f"document.querySelector('{unit('fc1-units', 17)}').getAttribute('aria-selected') === 'true'")
    same_inspector.wait("/^Unit 18 (answers|is silent)/.test(document.querySelector('.chosen-words').textContent)")
    same_inspector.page.mouse.move(1, 1)  # or else what scrolls below the pointer would be chosen
    same_inspector.page.focus(unit("fc1-units", 17))
    same_inspector.page.keyboard.press("ArrowRight")
    same_inspector.page.keyboard.press("ArrowDown")
    below = f"[{18 + 8}, {18 + 16}]"  # in rows of 8 or 16
    same_inspector.wait(
        f"{below}.includes(Number(document.querySelector('[data-panel] [aria-selected=true]').dataset.unit))"
    )
    expect(same_inspector.page.locator("[data-panel] [aria-selected=true]")).to_have_count(2)
    # One stop each for the Tab key.
    expect(same_inspector.page.locator("[data-panel] [tabindex='0']")).to_have_count(2)


def test_weights_are_repainted_while_they_learn(inspector: Lab) -> None:
    inspector.click("weights-new")
    inspector.wait_text("weights-origin", "random")
    see(inspector, '[data-panel="fc1-tiles"]')
    painted(inspector, '[data-panel="fc1-tiles"]', 128 * 100)
    before = inspector.page.evaluate(PICTURE, '[data-panel="fc1-tiles"] canvas')
    inspector.page.evaluate("document.querySelector('#train').click()")
    inspector.page.wait_for_function(
        f"before => ({PICTURE})('[data-panel=\"fc1-tiles\"] canvas') !== before", arg=before
    )
    again = inspector.page.evaluate(PICTURE, '[data-panel="fc1-tiles"] canvas')
    inspector.page.wait_for_function(
        f"before => ({PICTURE})('[data-panel=\"fc1-tiles\"] canvas') !== before", arg=again
    )


def test_networks_read_side_by_side_and_one_is_chosen_there(inspector: Lab) -> None:
    see(inspector, "#readers")
    for model in ("mlp-128", "mlp-128-64", "conv-32-64"):
        reads = f"document.querySelector('#readers [data-model=\"{model}\"] .reads').textContent"
        inspector.wait(f"{reads} === '3'")
    inspector.page.click("#clear")
    inspector.wait("[...document.querySelectorAll('#readers .reads')].every(reads => reads.textContent === '–')")
    inspector.draw(3)
    see(inspector, "#readers")
    inspector.page.click('#readers [data-model="conv-32-64"]')
    inspector.wait_text("weights-origin", "shared weights")
    inspector.wait_text("prediction", "^3$")
    for panel, pixels in (("conv1-filters", 100), ("conv1-maps", 300), ("conv2-maps", 300), ("fc1-units", 5)):
        see(inspector, f'[data-panel="{panel}"]')
        painted(inspector, f'[data-panel="{panel}"]', pixels)
    before = inspector.page.evaluate(PICTURE, '[data-panel="conv2-filters"] canvas')
    see(inspector, '[data-panel="conv2-maps"]')
    inspector.page.click(unit("conv2-maps", 33))
    inspector.wait("/^Map 34 /.test(document.querySelector('.chosen-words').textContent)")
    see(inspector, '[data-panel="conv2-filters"]')
    inspector.page.wait_for_function(
        f"before => ({PICTURE})('[data-panel=\"conv2-filters\"] canvas') !== before", arg=before
    )


def test_ink_that_decides_is_coloured(same_inspector: Lab) -> None:
    same_inspector.click("saliency")
    same_inspector.wait_text("saliency-words", "Orange ink speaks for 3 ")
    same_inspector.page.wait_for_function(f"() => ({INKED})('#salient') > 40", timeout=PATIENCE)
    same_inspector.page.select_option("#saliency-digit", "8")
    same_inspector.wait_text("saliency-words", "speaks for 8 ")
    same_inspector.click("clear")
    same_inspector.wait_text("saliency-words", "Draw something")
    same_inspector.click("saliency")
    same_inspector.wait("document.querySelector('#salient').hidden")


def test_mistakes_are_counted_opened_and_learned(inspector: Lab) -> None:
    see(inspector, "#inside-confusion")
    inspector.click("count")
    counted = inspector.wait_text("confusion-words", "digits [0-9]+ are read right")
    total, right = [int(word) for word in counted.split() if word.isdigit()][:2]
    inspector.wait(f"{ON_DIAGONAL} === {right}")
    assert right > total * 0.9
    cells = inspector.page.locator("#mistakes td.wrong")
    worst = max(range(90), key=lambda place: int("0" + cells.nth(place).inner_text().strip("·")))
    cells.nth(worst).focus()
    inspector.page.keyboard.press("Enter")
    count = int(cells.nth(worst).inner_text())
    inspector.wait(f"document.querySelectorAll('#misread li canvas').length === {min(count, 48)}")
    inspector.page.wait_for_function(f"() => ({INKED})('#misread canvas') > 40")
    inspector.click("learn-misread")
    message = "document.querySelector('#misread .message').textContent"
    inspector.wait(f"/{count} are read right now/.test({message})")
    inspector.wait("document.querySelectorAll('#misread li canvas').length === 0")  # none is left in the cell
    inspector.click("misread-close")
    inspector.wait_hidden("misread")


def test_timeline_goes_back_and_training_goes_on(inspector: Lab) -> None:
    inspector.click("weights-new")
    inspector.wait_text("weights-origin", "random")
    inspector.click("train")
    inspector.wait_number("iteration", 100)
    inspector.page.mouse.move(
        1, 1
    )  # a cell that scrolls below the pointer would tell of itself in place of the whole
    see(inspector, "#inside-confusion")
    inspector.wait_text("confusion-words", "are read right")
    see(inspector, "#timeline")
    inspector.page.focus("#timeline")
    inspector.page.keyboard.press("Home")
    inspector.wait_text("timeline-words", "^Iteration 0:")
    reached = inspector.number("iteration")
    see(inspector, "#inside-confusion")
    inspector.wait_text("confusion-words", "^At iteration 0:")
    inspector.wait(f"{ON_DIAGONAL} < 6000")
    inspector.wait_number("iteration", reached + 50)
    see(inspector, "#timeline")
    inspector.page.click("#timeline-live")
    inspector.wait_text("timeline-words", "^Live")
    inspector.wait_text("prediction", "^3$")


def test_everything_fits_a_phone(same_inspector: Lab) -> None:
    page = same_inspector.page
    page.set_viewport_size({"width": 360, "height": 740})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        see(same_inspector, '[data-panel="fc1-tiles"]')
        painted(same_inspector, '[data-panel="fc1-tiles"]', 128 * 100)
        for name in ("#inside-layers [role=option]", "#mistakes td[data-cell]", "#readers button", "#saliency"):
            if name != "#saliency":
                see(same_inspector, name)
            boxes = page.locator(name).evaluate_all(
                "all => all.filter(one => one.offsetParent).map(one => [one.offsetWidth, one.offsetHeight])"
            )
            assert boxes
            assert all(width >= 24 and height >= 24 for width, height in boxes), name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
