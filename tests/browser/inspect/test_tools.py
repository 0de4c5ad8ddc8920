"""Pens, eraser, redo, keyboard, images and the bare drawing: on a desktop with a mouse, on a phone with fingers."""

import base64
import io
from collections.abc import Iterator

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser

from tests.support.digits.handwriting import DIGITS
from tests.support.lab import INKED, Lab
from tests.support.servers.running_stack import RunningStack

SEEN = "document.getElementById('%s').toDataURL()"


@pytest.fixture(scope="module", params=["desktop", "phone"])
def device_visit(request: pytest.FixtureRequest, browser: Browser, stack: RunningStack) -> Iterator[Lab]:
    """Visit the page on a desktop with a mouse, then on a phone with fingers."""
    phone = request.param == "phone"
    size = {"width": 360, "height": 740} if phone else {"width": 1440, "height": 900}
    context = browser.new_context(viewport=size, has_touch=phone, is_mobile=phone)  # type: ignore[arg-type]
    visit = Lab(context.new_page(), stack.url).open().complete()
    visit.press = visit.page.tap if phone else visit.page.click  # type: ignore[attr-defined]
    yield visit
    context.close()


@pytest.fixture
def anywhere(device_visit: Lab) -> Iterator[Lab]:
    """Return the device's one visit with an empty pad."""
    yield device_visit.tidy()
    assert device_visit.errors == []


def press(lab: Lab, name: str) -> None:
    lab.press(f"#{name}")  # type: ignore[attr-defined]


def inked_at_rest(lab: Lab) -> float:
    """Wait until the pen's last stroke is painted, and return how much is inked."""
    lab.wait("!document.getElementById('undo').disabled")
    return float(lab.wait_steady(INKED))


def picture(paper: str, ink: str, kind: str = "PNG") -> bytes:
    """Return an image file of a 7, larger than the pad and not square."""
    image = Image.new("RGB", (900, 620), paper)
    line = [(250 + x, 120 + y) for x, y in DIGITS[7][0]]
    ImageDraw.Draw(image).line(line, fill=ink, width=20, joint="curve")
    body = io.BytesIO()
    image.save(body, kind)
    return body.getvalue()


def choose(lab: Lab, name: str, kind: str, body: bytes) -> None:
    lab.page.set_input_files("#image-file", {"name": name, "mimeType": kind, "buffer": body})


def test_pens_eraser_undo_and_redo(anywhere: Lab) -> None:
    lab, line = anywhere, [[(60.0, 140.0), (220.0, 140.0)]]
    inked = []
    for pen in ("fine", "medium", "broad"):
        press(lab, f"pen-{pen}")
        lab.draw_strokes(line)
        inked.append(inked_at_rest(lab))
        press(lab, "clear")
        lab.wait("document.getElementById('clear').disabled")
    assert inked == sorted(inked)
    assert inked[2] > 2 * inked[0] > 0
    press(lab, "undo")
    lab.wait(f"{INKED} == {inked[2]}")
    press(lab, "eraser")
    lab.page.wait_for_selector("#eraser[aria-pressed=true]")
    lab.draw_strokes([[(140.0, 60.0), (140.0, 220.0)]])
    lab.wait(f"{INKED} < {inked[2]}")
    erased = inked_at_rest(lab)
    press(lab, "undo")
    lab.wait(f"{INKED} == {inked[2]}")
    press(lab, "redo")
    lab.wait(f"{INKED} == {erased}")
    lab.wait("document.getElementById('redo').disabled")


def test_erased_drawing_is_blank(same_lab: Lab) -> None:
    same_lab.draw_strokes([[(140.0, 60.0), (140.0, 200.0)]])
    same_lab.wait_text("prediction", "^[0-9]$")
    same_lab.page.check("#pen-broad")
    same_lab.click("eraser")
    same_lab.draw_strokes([[(140.0, 40.0), (140.0, 220.0)]])
    same_lab.wait_text("prediction", "^$")
    same_lab.wait_text("confidence", "^Draw something$")
    same_lab.wait_text("pad-hint", "^The eraser is on$")
    assert "eraser is on" in (same_lab.page.get_attribute("#pad", "aria-label") or "")
    assert same_lab.page.is_visible(".pad-erasing")
    same_lab.click("eraser")
    same_lab.wait_text("pad-hint", "^Draw something$")
    assert same_lab.page.get_attribute("#pad", "aria-label") == "Drawing surface: draw one digit here"
    assert not same_lab.page.is_visible(".pad-erasing")


def test_keys_draw_on_the_grid(same_lab: Lab) -> None:
    keys = same_lab.page.keyboard
    same_lab.page.focus("#theme")
    while same_lab.page.evaluate("document.activeElement.id") != "pad":
        keys.press("Tab")
    same_lab.page.wait_for_selector(".pad-cursor")
    for _ in range(9):
        keys.press("ArrowUp")
    keys.press(" ")
    for _ in range(4):
        keys.press("Shift+ArrowDown")
    keys.press(" ")
    same_lab.wait_text("prediction", "^1$")
    same_lab.wait_text("spoken", "Pen up. Column 15, row 22. Reads 1, [0-9]+% sure")
    keys.press("ArrowDown")  # with the pen up: nothing is drawn
    same_lab.wait_text("spoken", "^Column 15, row 23$")
    keys.press("Control+z")
    same_lab.wait_text("prediction", "^$")
    keys.press("Control+Shift+z")
    same_lab.wait_text("prediction", "^1$")
    keys.press("Delete")
    same_lab.wait_text("prediction", "^$")
    keys.press("Tab")
    same_lab.page.wait_for_selector("[hidden].pad-cursor", state="attached")


@pytest.mark.parametrize(("paper", "ink", "kind"), [("#eee", "#135", "JPEG"), ("#000", "#fff", "PNG")])
def test_image_becomes_the_drawing(anywhere: Lab, paper: str, ink: str, kind: str) -> None:
    with anywhere.page.expect_file_chooser() as chooser:
        press(anywhere, "image")
    file = {"name": "seven", "mimeType": f"image/{kind.lower()}", "buffer": picture(paper, ink, kind)}
    chooser.value.set_files(file)  # type: ignore[arg-type]
    anywhere.wait_text("prediction", "^7$")
    anywhere.wait_text("draw-message", "turned into ink")
    press(anywhere, "undo")
    anywhere.wait_text("prediction", "^$")


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_image_is_pasted_or_dropped(same_lab: Lab, way: str) -> None:
    same_lab.page.evaluate(
        """([way, body]) => {
            const data = new DataTransfer()
            const bytes = Uint8Array.from(atob(body), letter => letter.charCodeAt(0))
            data.items.add(new File([bytes], "seven.png", { type: "image/png" }))
            const sort = { bubbles: true, cancelable: true }
            const event = way == "paste" ? new ClipboardEvent("paste", { ...sort, clipboardData: data })
                                         : new DragEvent("drop", { ...sort, dataTransfer: data })
            if (document.getElementById("pad").dispatchEvent(event)) throw new Error("the file would be opened")
        }""",
        [way, base64.b64encode(picture("white", "black")).decode()],
    )
    same_lab.wait_text("prediction", "^7$")


def test_long_file_is_not_read(same_lab: Lab) -> None:
    same_lab.page.evaluate(
        """() => {
            const data = new DataTransfer(), input = document.getElementById("image-file")
            data.items.add(new File([new Uint8Array(20_000_001)], "long.png", { type: "image/png" }))
            input.files = data.files
            input.dispatchEvent(new Event("change"))
        }"""
    )
    same_lab.wait_text("draw-message", "long.png has more than 20 MB")


def bomb() -> bytes:
    """Return a small file with more pixels than can be read."""
    body = io.BytesIO()
    Image.new("1", (9000, 3000)).save(body, "PNG")
    return body.getvalue()


def test_image_that_may_be_misread_says_why_and_is_not_sure(same_lab: Lab) -> None:
    image = Image.open(io.BytesIO(picture("white", "black")))
    two = Image.new("RGB", (image.width, image.height), "white")
    for left in (0, 450):
        two.paste(image.crop((225, 0, 675, image.height)), (left, 0))
    body = io.BytesIO()
    two.save(body, "PNG")
    choose(same_lab, "two.png", "image/png", body.getvalue())
    same_lab.wait_text("draw-message", "Look twice: there is more than one figure in the picture")
    same_lab.wait("document.getElementById('draw-message').dataset.tone === 'warning'")
    same_lab.wait_text("prediction", "^7$")
    same_lab.wait(
        "Math.max(...[...document.querySelectorAll('#probabilities .share')]"
        ".map(share => parseFloat(share.textContent) || 0)) < 90"
    )
    same_lab.page.click("#clear")


def test_bad_images_are_explained(same_lab: Lab) -> None:
    for name, kind, body, message in [
        ("notes.txt", "text/plain", b"seven", "notes.txt is no image (text/plain): expected a PNG"),
        ("cut.png", "image/png", picture("white", "black")[:900], "cut.png cannot be read: it is damaged"),
        ("empty.png", "image/png", b"", "empty.png cannot be read: it is damaged"),
        ("text.png", "image/png", b"seven", "text.png cannot be read: it is damaged"),
        ("white.png", "image/png", picture("white", "white"), "Nothing is drawn in this image"),
        ("huge.png", "image/png", bomb(), "huge.png has 9000 × 3000 pixels; at most 20 million"),
    ]:
        choose(same_lab, name, kind, body)
        same_lab.wait(f"document.getElementById('draw-message').textContent.includes({message!r})")
        same_lab.wait("document.getElementById('draw-message').dataset.tone === 'error'")
        assert same_lab.page.is_disabled("#clear")


def test_bare_drawing_is_seen_without_normalisation(anywhere: Lab) -> None:
    lab = anywhere
    corner = [[(20 + x * 0.22, 205 + y * 0.22) for x, y in stroke] for stroke in DIGITS[5]]
    press(lab, "pen-fine")
    lab.draw_strokes(corner)
    lab.wait_text("prediction", "^[0-9]$")
    lab.wait(f"{SEEN % 'raw'} != {SEEN % 'seen'}")
    press(lab, "normalise")
    lab.wait(f"{SEEN % 'raw'} == {SEEN % 'seen'}")
    press(lab, "clear")
    lab.wait_text("prediction", "^$")
    press(lab, "undo")
    lab.wait_text("prediction", "^[0-9]$")
    press(lab, "normalise")
    lab.wait(f"{SEEN % 'raw'} != {SEEN % 'seen'}")


def test_turning_the_phone_keeps_the_drawing(anywhere: Lab) -> None:
    anywhere.draw_strokes(DIGITS[3], steps=4)  # of few points, a smaller pad paints rounder curves
    anywhere.wait_text("prediction", "^3$")
    before, side = inked_at_rest(anywhere), anywhere.page.evaluate("document.getElementById('pad').width")
    anywhere.page.set_viewport_size({"width": 740, "height": 360})
    anywhere.wait(f"document.getElementById('pad').width != {side} && Math.abs({INKED} - {before}) < 0.5")
    assert anywhere.text("prediction") == "3"


def test_prediction_is_announced_by_an_element_of_its_own(same_lab: Lab) -> None:
    same_lab.draw(3)
    same_lab.wait_text("spoken", "^Reads 3, [0-9]+% sure$")
    assert same_lab.page.get_attribute("#prediction", "aria-live") == "off"
