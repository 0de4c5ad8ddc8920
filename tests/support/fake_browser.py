"""Stand-ins for Brython's `browser` and `javascript`, so that the page's modules can be tested in CPython.

The document's elements only hold attributes and handlers: what a view shows is tested in a real browser. Timers and
frames wait until a test runs them.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any


class FakeFloats:
    """A Float32Array."""

    def __init__(self, numbers: int | Iterable[float]) -> None:
        self.numbers = array("f", [0.0] * numbers if isinstance(numbers, int) else numbers)
        self.length = len(self.numbers)

    def set(self, source: FakeFloats | Sequence[float], offset: int) -> None:
        numbers = source.numbers if isinstance(source, FakeFloats) else array("f", source)
        if offset + len(numbers) > self.length:
            raise IndexError(f"{self.length} numbers have no room for {len(numbers)} from {offset} on")
        self.numbers[offset : offset + len(numbers)] = numbers

    def slice(self, start: int, end: int) -> FakeFloats:
        return FakeFloats(self.numbers[start:end])

    def __setitem__(self, place: int, number: float) -> None:
        self.numbers[place] = number

    def __iter__(self) -> Iterator[float]:
        return iter(self.numbers)


class FakeWindow(SimpleNamespace):
    """The browser's `window`: a clock, timers and animation frames that a test moves on."""

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        """Forget everything that waits."""
        self.now = 0.0
        self.timers: dict[int, tuple[float, Callable[..., object], tuple[object, ...]]] = {}
        self.frames: list[Callable[[float], object]] = []
        self.performance = SimpleNamespace(now=lambda: self.now)
        self.console = SimpleNamespace(info=print, warn=print, error=print)
        self.Promise = SimpleNamespace(new=lambda _start: None)
        self.Float32Array = SimpleNamespace(new=FakeFloats)
        self._last = 0

    def setTimeout(self, action: Callable[..., object], milliseconds: float = 0, *arguments: object) -> int:  # noqa: N802
        self._last += 1
        self.timers[self._last] = (self.now + milliseconds, action, arguments)
        return self._last

    def clearTimeout(self, timer: int) -> None:  # noqa: N802
        self.timers.pop(timer, None)

    def requestAnimationFrame(self, action: Callable[[float], object]) -> int:  # noqa: N802
        self.frames.append(action)
        return len(self.frames)

    def run_timers(self, milliseconds: float) -> None:
        """Let time pass, and run what becomes due, in order."""
        end = self.now + milliseconds
        while due := sorted((time, number) for number, (time, *_rest) in self.timers.items() if time <= end):
            self.now, number = due[0]
            _time, action, arguments = self.timers.pop(number)
            action(*arguments)
        self.now = end

    def run_frame(self) -> None:
        """Run what waits for the next frame."""
        frames, self.frames = self.frames, []
        for action in frames:
            action(self.now)


class FakeElement(SimpleNamespace):
    """An element with whatever attributes it is given."""

    def bind(self, event: str, handler: Callable[[Any], object]) -> None:
        setattr(self, f"on_{event}", handler)


class FakeDocument:
    """A document that has an element for each id it is asked for."""

    def __init__(self) -> None:
        self.elements: dict[str, FakeElement] = {}
        self.body = FakeElement(dataset=SimpleNamespace(later="later.js"))
        self.baseURI = "http://localhost/"
        self.visibilityState = "visible"
        self.listeners: dict[str, list[Callable[[Any], object]]] = {}

    def addEventListener(self, event: str, listener: Callable[[Any], object]) -> None:  # noqa: N802
        self.listeners.setdefault(event, []).append(listener)

    def show(self, state: str) -> None:
        """Hide the tab, or show it again: "hidden" or "visible"."""
        self.visibilityState = state
        for listener in self.listeners.get("visibilitychange", []):
            listener(None)

    def __getitem__(self, name: str) -> FakeElement:
        return self.elements.setdefault(name, FakeElement())


window = FakeWindow()
document = FakeDocument()


def run[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that waits for nothing but stand-ins, and return what it returns.

    Not by asyncio: Playwright has a loop of its own running in the thread of the tests.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        returned: T = end.value
        return returned
    coroutine.close()
    raise AssertionError("the coroutine waits for something that the test does not give")


def install() -> None:
    """Let `browser` and `javascript` be imported."""
    browser, javascript = ModuleType("browser"), ModuleType("javascript")
    browser.self = browser.window = window  # type: ignore[attr-defined]
    browser.document = document  # type: ignore[attr-defined]
    browser.aio = SimpleNamespace(run=run)  # type: ignore[attr-defined]
    javascript.JSON = SimpleNamespace(parse=json.loads, stringify=json.dumps)  # type: ignore[attr-defined]
    sys.modules["browser"], sys.modules["javascript"] = browser, javascript
