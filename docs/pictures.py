"""Takes the pictures of the page that the README shows: `python -m docs.pictures`, about a minute.

A stack of its own is started on the digits of MNIST_DIR; a digit is drawn and a network trained as a visitor would.
"""

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.browser import installed_browser
from tests.support.lab import Lab
from tests.support.servers.running_stack import RunningStack

FOLDER = Path(__file__).with_name("images")
LARGEST = 200_000  # bytes of a picture
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 740}


def main() -> None:
    """Take them all."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        stack = RunningStack(Path(folder) / "scrawl")
        browser = playwright.chromium.launch(executable_path=installed_browser(), args=["--no-sandbox"])
        try:
            first = visit(browser, stack.url, DESKTOP, "light")
            save(first.page.screenshot(), "draw-light")
            save(first.page.locator(".training").screenshot(), "train-light")
            second = visit(browser, stack.url, DESKTOP, "dark")
            save(second.page.screenshot(), "draw-dark")
            look_inside(second)
            save(second.page.locator("#inside").screenshot(), "inside-dark")
            phone = visit(browser, stack.url, PHONE, "light")
            save(phone.page.screenshot(), "phone-light")
        finally:
            browser.close()
            stack.stop()


def visit(browser: Browser, url: str, size: dict[str, int], theme: str) -> Lab:
    """Open the page, learn two runs from nothing, and draw a digit."""
    page: Page = browser.new_page(viewport=size, device_scale_factor=1.5, color_scheme=theme)  # type: ignore[arg-type]
    lab = Lab(page, url).open().complete()
    for rate in ("0.05", "0.3"):
        lab.click("weights-new")
        page.fill("#learning-rate", rate)
        lab.click("train")
        lab.wait_number("iteration", 1500)
        lab.click("train")
    lab.click("tour-end")
    page.click(".tabs [data-tab=draw]")
    lab.draw(3)
    lab.wait_text("prediction", "[0-9]")
    lab.wait_number("test-accuracy", 90)
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(1500)  # for the bars' and the readers' last movements
    return lab


def look_inside(lab: Lab) -> None:
    """Count what is taken for what, and open one of the mistakes."""
    lab.show("inside")
    lab.page.locator("[data-unit]").nth(20).click()
    lab.page.wait_for_timeout(2000)


def save(picture: bytes, name: str) -> None:
    """Write a picture, as good as fits."""
    for quality in (90, 80, 70, 60, 50):
        file = io.BytesIO()
        Image.open(io.BytesIO(picture)).convert("RGB").save(file, "WEBP", quality=quality, method=6)
        if file.tell() <= LARGEST:
            break
    (FOLDER / f"{name}.webp").write_bytes(file.getvalue())
    print(f"{name}.webp: {file.tell():,} bytes")


if __name__ == "__main__":
    main()
