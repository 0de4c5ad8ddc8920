"""The network as a picture, in a real browser: it lights up, changes while it learns, and explains its parts."""

import pytest
from playwright.sync_api import expect

from tests.support.lab import Lab

WORDS = "document.querySelector('#network .network-words').textContent"
# How many pixels of the picture are of no colour but grey: connections, tiles and frames have one.
COLOURED = """(() => {
  const canvas = document.querySelector("#network canvas")
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
  let count = 0
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3] > 100 && Math.abs(data[i] - data[i + 2]) > 60) count++
  return count
})()"""
PICTURE = "document.querySelector('#network canvas').toDataURL()"


def see(lab: Lab) -> Lab:
    """Scroll there, as one who wants to see it."""
    lab.show("network")
    lab.page.locator("#network .network-stage").first.scroll_into_view_if_needed()
    lab.wait(f"{COLOURED} > 500")
    return lab


def part(column: int, place: int) -> str:
    return f'#network [data-column="{column}"][data-place="{place}"]'


def changed(lab: Lab, before: str) -> None:
    lab.page.wait_for_function(f"before => {PICTURE} !== before", arg=before)


def test_it_lights_up_and_explains_a_unit_an_answer_and_a_connection(same_lab: Lab) -> None:
    see(same_lab)
    same_lab.wait(f"{WORDS}.startsWith('Draw, and see')")
    before = same_lab.page.evaluate(PICTURE)
    same_lab.draw(3)
    see(same_lab)
    same_lab.wait(f"{WORDS}.startsWith('The units that count most for this 3.')")
    changed(same_lab, before)
    same_lab.page.hover(part(1, 2))
    same_lab.wait(f"/^Unit [0-9]+ of the first layer (answers with .* It speaks|is silent)/.test({WORDS})")
    expect(same_lab.page.locator(part(1, 2))).to_have_attribute("aria-selected", "true")
    same_lab.page.hover(part(2, 3))
    same_lab.wait(f"/^3: [0-9]+% sure[.] Unit [0-9]+ speaks most for it/.test({WORDS})")
    same_lab.page.hover("#network-heading")
    same_lab.wait(f"{WORDS}.startsWith('The units')")


def test_keys_walk_through_units_and_connections(same_lab: Lab) -> None:
    same_lab.draw(3)
    see(same_lab)
    same_lab.wait(f"{WORDS}.startsWith('The units that count most')")
    keyboard = same_lab.page.keyboard
    same_lab.page.focus(part(1, 0))
    keyboard.press("ArrowDown")
    expect(same_lab.page.locator(part(1, 1))).to_be_focused()
    same_lab.wait(f"/^Unit [0-9]+ of the first layer/.test({WORDS})")
    keyboard.press("ArrowRight")
    same_lab.wait("document.activeElement.dataset.column === '2'")
    same_lab.wait(f"/^[0-9]: [0-9]+% sure/.test({WORDS})")
    slider = same_lab.page.locator('#network [data-links="2"]')
    slider.focus()
    strongest = same_lab.wait(f"/^Unit [0-9]+ answers with .* (adds|takes) /.test({WORDS}) && [{WORDS}]")[0]
    expect(slider).to_have_attribute("aria-valuetext", strongest)
    keyboard.press("ArrowDown")
    same_lab.wait(f"{WORDS} !== {strongest!r}")
    expect(slider).to_have_attribute("aria-valuenow", "2")


def test_convolution_is_shown_step_by_step_for_convolutional_networks_only(same_lab: Lab) -> None:
    same_lab.draw(3)
    expect(same_lab.page.locator("#convolution")).to_be_hidden()
    same_lab.show("model")
    same_lab.page.select_option("#model", "conv-32-64")
    see(same_lab)
    same_lab.wait(f"{WORDS}.startsWith('The units that count most')")
    same_lab.click("convolution")
    step = "document.querySelector('#convolution-words').textContent"
    first = same_lab.wait(f"/^Row [0-9]+, column [0-9]+: nine products/.test({step}) && [{step}]")[0]
    same_lab.click("convolution-step")
    second = same_lab.wait(f"{step} !== {first!r} && [{step}]")[0]
    same_lab.click("convolution-play")
    same_lab.wait(f"![{first!r}, {second!r}].includes({step})")
    same_lab.page.emulate_media(reduced_motion="reduce")
    same_lab.click("convolution-filter")  # which renders
    expect(same_lab.page.locator("#convolution-play")).to_be_hidden()
    same_lab.page.focus(".convolution canvas")
    same_lab.page.keyboard.press("ArrowLeft")  # stops it
    same_lab.page.keyboard.press("ArrowUp")
    same_lab.wait_steady(step)
    same_lab.click("convolution")
    expect(same_lab.page.locator(".convolution")).to_be_hidden()
    same_lab.page.select_option("#model", "mlp-128")
    expect(same_lab.page.locator("#convolution")).to_be_hidden()


def test_it_changes_while_the_network_learns(lab: Lab) -> None:
    lab.complete().draw(3)
    see(lab)
    lab.click("weights-new")
    lab.wait_text("weights-origin", "random")
    see(lab)
    lab.page.evaluate("document.querySelector('#train').click()")
    for _ in range(3):
        changed(lab, lab.page.evaluate(PICTURE))
    lab.page.evaluate("document.querySelector('#train').click()")


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1280, 720), (1440, 900)])
def test_it_fits_its_box(same_lab: Lab, width: int, height: int) -> None:
    same_lab.page.set_viewport_size({"width": width, "height": height})
    see(same_lab)
    same_lab.wait(
        "(() => { const stage = document.querySelector('#network .network-stage').getBoundingClientRect();"
        "return [...document.querySelectorAll('#network [role=option]')].every(option => {"
        "const box = option.getBoundingClientRect();"
        "return box.left >= stage.left - 1 && box.right <= stage.right + 1 && box.top >= stage.top - 1"
        " && box.bottom <= stage.bottom + 1 && box.height >= 18 && box.width >= 24 }) })()"
    )
    assert same_lab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# A worker that has no time: what is asked of it for the picture waits until `release()`.
BUSY_WORKER = """(() => {
  const worker = scrawlWorker, send = worker.postMessage.bind(worker)
  self.held = []
  worker.postMessage = (message, ...rest) =>
    self.held && message.kind === "draw_network" ? held.push(message) : send(message, ...rest)
  self.release = () => { const late = held; self.held = null; late.forEach(message => send(message)) }
})()"""
CANVAS = "document.querySelector('#network canvas')"
STAGE = "document.querySelector('#network .network-stage')"


def test_picture_is_neither_blank_nor_stretched_until_one_of_the_new_size_is_there(lab: Lab) -> None:
    lab.complete().draw(3)
    see(lab)
    lab.wait(f"{WORDS}.startsWith('The units that count most')")
    before = lab.page.evaluate(f"[{CANVAS}.clientWidth, {CANVAS}.clientHeight]")
    lab.page.evaluate(BUSY_WORKER)
    lab.page.set_viewport_size({"width": 1700, "height": 1000})
    lab.wait(f"held.length > 0 && {STAGE}.clientWidth !== {before[0]}")
    assert lab.page.evaluate(f"[{CANVAS}.clientWidth, {CANVAS}.clientHeight]") == before
    assert lab.page.evaluate(COLOURED) > 500
    lab.page.evaluate("release()")
    lab.wait(f"{CANVAS}.clientWidth === {STAGE}.clientWidth && {COLOURED} > 500")
