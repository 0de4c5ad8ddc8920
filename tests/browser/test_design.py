"""Light and dark, the captions of a first visit, and a layout that fits screens from a watch to a wall."""

from itertools import combinations

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


def test_captions_are_shown_until_closed(lab: Lab) -> None:
    captions = lab.complete().page.locator(".caption:visible")
    assert captions.count() == 3
    assert "write a digit" in captions.first.inner_text()
    for left in (2, 1, 0):
        captions.first.locator("button").click()
        lab.wait(f"[...document.querySelectorAll('.caption')].filter(one => one.checkVisibility()).length === {left}")
    lab.page.reload()
    lab.page.wait_for_selector("#pad")
    assert captions.count() == 0


def test_nothing_overlaps_or_leaves_the_screen(same_lab: Lab) -> None:
    same_lab.click("sample")
    same_lab.wait_text("prediction", "^[0-9]$")
    for width in (320, 360, 768, 1152, 1440, 1920, 2560):
        same_lab.page.set_viewport_size({"width": width, "height": 900})
        same_lab.wait(f"innerWidth === {width} && document.documentElement.scrollWidth <= {width}")
        boxes = [card.bounding_box() for card in same_lab.page.locator(".card").all()]
        assert len(boxes) == 5
        assert not [(a, b) for a, b in combinations(boxes, 2) if a and b and overlap(a, b)]


def overlap(a: FloatRect, b: FloatRect) -> bool:
    beside = a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
    return not beside and a["y"] < b["y"] + b["height"] and b["y"] < a["y"] + a["height"]


def test_wide_screen_shows_drawing_prediction_and_training_together(same_lab: Lab) -> None:
    same_lab.page.set_viewport_size({"width": 1920, "height": 1080})
    tops = [same_lab.page.locator(f".{card}").bounding_box() for card in ("draw", "reading", "training")]
    assert all(box and box["y"] == tops[0]["y"] for box in tops if tops[0])


def test_storage_that_is_closed_does_not_matter(lab: Lab) -> None:
    script = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('closed') } })"
    lab.page.add_init_script(script)
    lab.open().complete().click("theme")
    lab.wait(f"{THEME} == 'dark'")
    lab.page.locator(".caption:visible button").first.click()
    expect(lab.page.locator(".caption:visible")).to_have_count(2)
