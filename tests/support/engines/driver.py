"""One window of any browser, as a visitor uses it; `Lab` has more, for Chromium alone.

It asserts nothing but that what a test waits for comes.
"""

import base64
import json
from pathlib import Path
from typing import Any

from tests.support.digits.handwriting import Strokes
from tests.support.engines.connections import Connection
from tests.support.lab import PATIENCE, until

# What is known of the page when something does not come.
PAGE = """JSON.stringify({
    state: document.body.dataset.state,
    complete: document.body.dataset.complete,
    requests: performance.getEntriesByType('resource').map(entry => `${entry.name} ${Math.round(entry.responseEnd)}`),
    text: document.body.innerText,
})"""


class Driver:
    """One window of a browser."""

    def __init__(self, connection: Connection) -> None:
        self.command = connection.command
        self.command("SetTimeouts", script=PATIENCE + 10_000, pageLoad=2 * PATIENCE)

    def goto(self, url: str) -> None:
        """Open an address."""
        self.command("Navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        """Return what a JavaScript expression is."""
        return self.command("ExecuteScript", script=f"return {expression}", args=[])

    def wait(self, expression: str) -> None:
        """Wait until a JavaScript expression holds."""
        script = f"const done = arguments[0]; ({until(f'() => {expression}')})().then(done, e => done(String(e)))"
        try:
            held = self.command("ExecuteAsyncScript", script=script, args=[])
        except RuntimeError as error:  # such as that the script has not ended: the page's timers stand still
            held = error
        assert held is True, f"{expression} stayed false ({held}): {self.evaluate(PAGE)}"

    def click(self, selector: str) -> None:
        """Click on an element once that is possible."""
        self.wait(f"document.querySelector('{selector}') && !document.querySelector('{selector}').disabled")
        self._point([(self._center(selector)), "down", "up"])

    def draw(self, strokes: Strokes) -> None:
        """Draw strokes on the pad with the mouse; points are in its 280 units."""
        for stroke in strokes:
            points = self._on_screen(stroke)
            self._point([points[0], "down", *points[1:], "up"])

    def wait_text(self, name: str, pattern: str) -> None:
        """Wait until an element's text matches."""
        self.wait(f"new RegExp({json.dumps(pattern)}).test(document.getElementById('{name}')?.textContent)")

    def choose(self, name: str, value: str) -> None:
        """Choose one of a list."""
        self.evaluate(f"document.getElementById('{name}').value = '{value}'")
        self.evaluate(f"document.getElementById('{name}').dispatchEvent(new Event('change', {{ bubbles: true }}))")

    def show(self, selector: str) -> None:
        """Scroll to an element."""
        self._center(selector)

    def reload(self) -> None:
        """Leave the page, and come back."""
        url = self.evaluate("location.href")
        self.goto("about:blank")
        self.goto(url)

    def resize(self, width: int, height: int) -> None:
        """Give the page itself a size, as far as the window can be that narrow."""
        for _ in range(2):
            inner = self.evaluate("[outerWidth - innerWidth, outerHeight - innerHeight]")
            self.command("SetWindowRect", width=width + inner[0], height=height + inner[1])

    def screenshot(self, path: Path) -> None:
        """Save what is seen of the page."""
        path.write_bytes(base64.b64decode(self.command("TakeScreenshot")))

    def _center(self, selector: str) -> tuple[float, float]:
        x, y = self.evaluate(
            f"""(element => {{
                element.scrollIntoView({{ block: 'center', behavior: 'instant' }})
                const box = element.getBoundingClientRect()
                return [box.x + box.width / 2, box.y + box.height / 2]
            }})(document.querySelector('{selector}'))"""
        )
        return x, y

    def _on_screen(self, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        center_x, center_y = self._center("#pad")
        size = self.evaluate("document.querySelector('#pad').getBoundingClientRect().width")
        return [(center_x + (x - 140) * size / 280, center_y + (y - 140) * size / 280) for x, y in points]

    def _point(self, steps: list[Any]) -> None:
        """Move the mouse to points, and press and release its button."""
        actions: list[dict[str, Any]] = []
        for step in steps:
            if isinstance(step, str):
                actions.append({"type": f"pointer{step.title()}", "button": 0})
            else:
                x, y = map(round, step)
                actions.append({"type": "pointerMove", "duration": 0, "origin": "viewport", "x": x, "y": y})
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions}
        self.command("PerformActions", actions=[mouse])
