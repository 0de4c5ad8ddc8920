"""Scrawl's page as a visitor uses it: drawing strokes on the pad, pressing buttons, reading figures.

It asserts nothing; the tests do. The page shows the effect of an event some frames later. So a test waits for it
after an action, and uses the value that the wait returns: a later look may see something newer.
"""

import re
from typing import Any

from playwright.sync_api import ConsoleMessage, Page
from playwright.sync_api import TimeoutError as PageTimeoutError

from tests.support.digits.handwriting import DIGITS, Strokes

READY = "document.body.dataset.state === 'ready'"
COMPLETE = "document.body.dataset.complete === 'yes'"
PATIENCE = 90_000  # milliseconds; generous, since other work may share the machine
POLLING = 20  # milliseconds between two looks; a look in each frame would have the page painted for the test alone
# Whether the browser paints the page: whether a frame comes within some seconds.
PAINTED = """() => new Promise(resolve => {
    requestAnimationFrame(() => resolve(true))
    setTimeout(() => resolve(false), 5000)
})"""
# How many of a hundred pixels of the pad are inked.
INKED = """(() => {
    const { width } = document.getElementById("pad"), pen = document.getElementById("pad").getContext("2d")
    const opacity = pen.getImageData(0, 0, width, width).data.filter((value, place) => place % 4 == 3)
    return Math.round(1e4 * opacity.filter(value => value > 127).length / width ** 2) / 100
})()"""
MESSAGES = """[...document.querySelectorAll("[data-tone], #api-status")]
    .filter(element => element.checkVisibility())
    .map(element => element.id + ": " + element.textContent)"""
# What the browser itself says about requests that nobody answers; the page cannot keep it from doing so.
_FAILED_LOAD = re.compile(r"Failed to load resource: (net::ERR_|the server responded with a status of 5)")


def until(function: str) -> str:
    """Return a JavaScript function that calls an async one until it returns what is true; false if it never does."""
    return f"""async argument => {{
        const holds = {function}, end = performance.now() + {PATIENCE}
        while (!await holds(argument)) {{
            if (performance.now() > end) return false
            await new Promise(resolve => setTimeout(resolve, 20))
        }}
        return true
    }}"""


class Lab:
    """One visit. `errors` holds what appeared on the console as an error, or was printed there."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []
        self._size: Any = page.viewport_size
        page.on("console", self._take_note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _take_note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "log"):
            self.errors.append(message.text)

    def open(self) -> "Lab":
        """Go to the page and wait until one can draw and predict."""
        self.page.goto(self.url)
        self.page.wait_for_function(READY, timeout=PATIENCE)
        return self

    def complete(self) -> "Lab":
        """Wait until everything is there that the page starts once it is ready."""
        self.page.wait_for_function(COMPLETE, timeout=PATIENCE)
        return self

    def tidy(self) -> "Lab":
        """Empty the pad and put its tools and the window back, for the next test of the same visit."""
        self.errors.clear()
        self._have_it_painted()
        self.page.mouse.up()
        self.page.emulate_media(color_scheme="null", reduced_motion="null", forced_colors="null")
        self.page.set_viewport_size(self._size)
        self.page.evaluate("document.activeElement.blur(), document.querySelector('.tabs [data-tab=draw]').click()")
        self.page.evaluate("scrollTo(0, 0)")
        for name in ("#eraser[aria-pressed=true]", "#pen-medium:not(:checked)", "#clear:not(:disabled)"):
            if control := self.page.query_selector(name):
                control.dispatch_event("click")
        self.wait_text("confidence", "^Draw something$")
        self.wait("document.querySelector('#clear').disabled")
        return self

    def _have_it_painted(self) -> None:
        """Wake a tab that the browser no longer paints: seen once, after a tab beside it had closed."""
        if not self.page.evaluate(PAINTED):
            self.page.bring_to_front()
            if not self.page.evaluate(PAINTED):
                self.open().complete()

    def forgive_outage(self) -> None:
        """Forget the console's lines about requests that were not answered: the test took the API away."""
        self.errors = [error for error in self.errors if not _FAILED_LOAD.match(error)]

    def text(self, name: str) -> str:
        """Return the text of the element with that id."""
        return self.page.inner_text(f"#{name}")

    def number(self, name: str) -> float:
        """Return the number that an element shows, NaN for a dash."""
        found = re.match(r"[0-9.]+", self.text(name))
        return float(found[0]) if found else float("nan")

    def show(self, name: str) -> None:
        """Press the tab, if any, that shows the element with that id, or the first of a CSS selector."""
        self.page.evaluate(
            """name => {
                const onPhones = {
                    draw: ".draw, .reading", train: ".training", inside: ".network", share: ".weights",
                }
                const element = document.getElementById(name) ?? document.querySelector(name)
                const section = element?.closest(".card")
                const tab = section?.dataset.section ??
                    Object.keys(onPhones).find(tab => section?.matches(onPhones[tab]))
                if (tab && !element.checkVisibility())
                    document.querySelector(`.tabs [data-tab=${tab}]`).click()
            }""",
            name,
        )

    def click(self, name: str) -> None:
        """Click on the element with that id, once that is possible, in the tab that shows it."""
        self.show(name)
        self.page.click(f"#{name}", timeout=PATIENCE)

    def train_slowly(self) -> None:
        """Start training with twenty steps a second: at full speed it would take all of the processor."""
        self.complete().show("pace")
        self.page.select_option("#pace", "slow")
        self.page.fill("#speed", "20")
        self.click("train")

    def draw(self, digit: int) -> None:
        """Write a digit on an empty pad, with the mouse."""
        self.draw_strokes(DIGITS[digit])

    def draw_strokes(self, strokes: Strokes, steps: int = 1) -> None:
        """Draw strokes with the mouse; points are in the pad's 280 units.

        The mouse goes from point to point in so many steps. The page predicts at each, so that more cost time.
        """
        mouse = self.page.mouse
        for stroke in strokes:
            points = self.on_screen(stroke)
            mouse.move(*points[0])
            mouse.down()
            for point in points[1:]:
                mouse.move(*point, steps=steps)
            mouse.up()

    def on_screen(self, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """Return where points of the pad are on the screen."""
        pad = self.page.locator("#pad")
        pad.scroll_into_view_if_needed()
        box: Any = pad.bounding_box()
        return [(box["x"] + x * box["width"] / 280, box["y"] + y * box["height"] / 280) for x, y in points]

    def wait_text(self, name: str, pattern: str) -> str:
        """Wait until an element's text matches, and return it."""
        text = f"document.querySelector('#{name}')"  # which may not be there yet
        try:
            found = self._wait(f"{text} && new RegExp({pattern!r}).test({text}.textContent) && [{text}.innerText]")
        except PageTimeoutError as error:
            said = self.page.evaluate(f"{text}?.textContent")
            raise AssertionError(f"#{name} says {said!r}, expected {pattern!r}") from error
        return str(found[0])

    def wait_number(self, name: str, at_least: float) -> float:
        """Wait until an element shows at least that number, and return it."""
        number = f"parseFloat(document.querySelector('#{name}')?.textContent)"
        return float(self.wait(f"{number} >= {at_least} && [{number}]")[0])

    def wait_value(self, name: str, value: str) -> None:
        """Wait until a field has a value."""
        self.wait(f"document.querySelector('#{name}')?.value === {value!r}")

    def wait_hidden(self, name: str) -> None:
        """Wait until an element is not to be seen."""
        self.page.wait_for_selector(f"#{name}", state="hidden", timeout=PATIENCE)

    def wait_still(self, *names: str, milliseconds: int = 500) -> tuple[str, ...]:
        """Wait until the texts of elements have not changed for a while, and return them."""
        shown = f"{list(names)!r}.map(name => document.getElementById(name).innerText)"
        self.page.evaluate("window.still = null")
        return tuple(
            self.wait(f"""(() => {{
                const now = performance.now(), shown = {shown}
                if (still?.shown.join() !== shown.join()) still = {{ shown, since: now }}
                return now - still.since >= {milliseconds} && shown
            }})()""")
        )

    def wait(self, condition: str) -> Any:
        """Wait until a JavaScript expression holds, and return what it is then."""
        try:
            return self._wait(condition)
        except PageTimeoutError as error:
            said = self.page.evaluate(MESSAGES)
            raise AssertionError(
                f"{condition} never held; the page says {said}, the console {self.errors}"
            ) from error

    def _wait(self, condition: str) -> Any:
        return self.page.wait_for_function(condition, timeout=PATIENCE, polling=POLLING).json_value()

    def wait_async(self, function: str, arg: object = None) -> None:
        """Wait until an async JavaScript function returns what is true; `wait` takes any promise for that."""
        assert self.page.evaluate(until(function), arg), f"{function} stayed false"

    def wait_steady(self, expression: str) -> Any:
        """Wait until the value of a JavaScript expression stays the same for ten frames, and return it."""
        self.page.evaluate("window.steady = { frames: -1 }")
        condition = f"""(() => {{
            const value = {expression}
            steady = value === steady.value ? {{ value, frames: steady.frames + 1 }} : {{ value, frames: 0 }}
            return steady.frames >= 10 && [value]
        }})()"""
        return self.page.wait_for_function(condition, timeout=PATIENCE).json_value()[0]

    def wait_settled(self) -> None:
        """Wait until no more elements come to the page."""
        self.wait_steady("document.querySelectorAll('*').length")

    def watch_for_fall(self, name: str) -> None:
        """Note from now on whether the number that an element shows becomes smaller; `has_fallen` tells."""
        self.page.evaluate(
            """name => {
                const element = document.getElementById(name)
                let last = parseFloat(element.textContent)
                window.hasFallen = false
                new MutationObserver(() => {
                    const now = parseFloat(element.textContent)
                    if (now < last) hasFallen = true
                    last = now
                }).observe(element, { childList: true, characterData: true, subtree: true })
            }""",
            name,
        )

    def has_fallen(self) -> bool:
        """Return whether the number has become smaller since `watch_for_fall`."""
        return bool(self.page.evaluate("hasFallen"))

    def probabilities(self) -> list[float]:
        """Return the ten bars' values, 0 to 1."""
        bars = self.page.locator("#probabilities li i").evaluate_all(
            "bars => bars.map(bar => new DOMMatrix(getComputedStyle(bar).transform).a)"
        )
        return [float(bar) for bar in bars]
