"""The tour: six steps from drawing to mistakes, each a sentence in the header and a ring around what it is about.

It starts by itself on a first visit, and may be skipped or walked again. Nothing waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

from scrawl.ui.dom import by_id, set_attribute, set_text
from scrawl.ui.preferences import remember

if TYPE_CHECKING:
    from browser import Element, Event

    from scrawl.app.app import App

ENDED = "scrawl.tour"  # key in localStorage
# (tab, element that gets the ring, words)
STEPS = (
    ("draw", "#pad", "Write a digit on the pad, as you would on paper, small or large."),
    ("draw", ".reading", "A small neural network reads it at once, and says how sure it is of each digit."),
    (
        "inside",
        "#network",
        "This is the network: ink comes in, each unit looks for a pattern, and the ten answers add up.",
    ),
    ("train", "#weights-new", "Press New weights, and it has forgotten everything: now it guesses."),
    (
        "train",
        "#train",
        "Press Train: it learns from thousands of digits. Watch the accuracy rise, and your digit turn right.",
    ),
    (
        "mistakes",
        "#mistakes",
        "No network is perfect: see which digits it takes for which, and look at those it misreads.",
    ),
)


def start(app: App) -> None:
    """Offer the tour; on a first visit, start it."""
    Tour(app)


class Tour:
    """Owns .tour and #tour-start, and the root's `data-tour`: on or ended."""

    def __init__(self, app: App) -> None:
        self.show_tab = app.tabs.show
        self.root = document.documentElement
        self.words, self.next = by_id("tour-words"), by_id("tour-next")
        self._target: Element | None = None
        self._step = 0
        for name, action in (("tour-next", self._advance), ("tour-end", self._end), ("tour-start", self._begin)):
            by_id(name).bind("click", action)
            by_id(name).disabled = False
        if self.root.getAttribute("data-tour") != "ended":
            self._ring()

    def _begin(self, _event: Event) -> None:
        set_attribute(self.root, "data-tour", "on")
        self._show(0)
        self.next.focus()

    def _advance(self, event: Event) -> None:
        if self._step + 1 == len(STEPS):
            self._end(event)
        else:
            self._show(self._step + 1)

    def _end(self, _event: Event) -> None:
        set_attribute(self.root, "data-tour", "ended")
        remember(ENDED, "ended")
        self._unring()
        by_id("tour-start").focus()

    def _show(self, step: int) -> None:
        self._step = step
        tab, _target, words = STEPS[step]
        self.words.innerHTML = f"<b>{step + 1} of {len(STEPS)}</b> {words}"
        set_text(self.next, "Done" if step + 1 == len(STEPS) else "Next")
        self.show_tab(tab)
        self._ring()

    def _ring(self) -> None:
        self._unring()
        self._target = document.querySelector(STEPS[self._step][1])
        if self._target is not None:
            set_attribute(self._target, "data-toured", "")
            if self._step:
                large = self._target.clientHeight > 0.7 * window.innerHeight  # then its top counts
                self._target.scrollIntoView({"block": "start" if large else "nearest"})

    def _unring(self) -> None:
        if self._target is not None:
            self._target.removeAttribute("data-toured")
