"""Which pointer draws: palms and pens, pointers whose end is never reported, and a pad that moves meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from scrawl.drawing.pen_input import PEN_NEAR, STALE, PenInput

from tests.support.fake_browser import FakeElement, window


class Pad(FakeElement):
    """A canvas of 280 × 280 pixels, `top` pixels below the window's edge."""

    def __init__(self) -> None:
        super().__init__()
        self.top = 0.0

    def setPointerCapture(self, _pointer: int) -> None:  # noqa: N802
        pass

    def getBoundingClientRect(self) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(left=0.0, top=self.top, width=280.0, height=280.0)


class Hand:
    """Does things with pointers on a pad, and notes what becomes of it: `d` for a stroke, `m` for moving on, `x` for
    a stroke that is dropped, and apart from those how often the pen was lifted."""

    def __init__(self) -> None:
        self.pad = Pad()
        self.said, self.lifts = "", 0
        self.places: list[tuple[float, float]] = []
        PenInput(self.pad, self.note)  # type: ignore[arg-type] # all that it uses of an element

    def note(self, event: str, **fields: Any) -> None:
        self.said += {"pen_down": "d", "pen_moved": "m", "stroke_dropped": "x", "pen_lifted": ""}[event]
        self.lifts += event == "pen_lifted"
        self.places += fields.get("points", [(fields["x"], fields["y"])] if "x" in fields else [])

    def do(self, what: str, kind: str = "mouse", pointer: int = 1, **fields: Any) -> None:
        pressed = what in ("pointerdown", "pointermove")
        known = {"pointerType": kind, "pointerId": pointer, "button": 0, "buttons": int(pressed), "isPrimary": True}
        place = {"clientX": 20.0, "clientY": 30.0, "preventDefault": lambda: None, "timeStamp": window.now}
        getattr(self.pad, f"on_{what}")(SimpleNamespace(**{**known, **place, **fields}))


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hand]:
    window.reset()
    listeners: dict[str, Any] = {}
    monkeypatch.setattr(window, "addEventListener", listeners.__setitem__, raising=False)
    monkeypatch.setattr(window, "PointerEvent", SimpleNamespace(prototype=None), raising=False)
    hand = Hand()
    hand.listeners = listeners  # type: ignore[attr-defined]
    yield hand
    window.reset()


def test_each_stroke_ends_once(hand: Hand) -> None:
    for _stroke in range(2):
        hand.do("pointerdown")
        hand.do("pointermove")
        hand.do("pointerup")
        hand.do("lostpointercapture")
    assert (hand.said, hand.lifts) == ("dmdm", 2)


def test_pen_takes_over_from_the_palm_and_its_ink_goes(hand: Hand) -> None:
    hand.do("pointerdown", "touch", 5)
    hand.do("pointermove", "touch", 5)
    hand.do("pointerdown", "pen", 6)
    hand.do("pointermove", "touch", 5)  # the palm rests on
    hand.do("pointermove", "pen", 6)
    hand.do("lostpointercapture", "touch", 5)
    hand.do("pointermove", "pen", 6)
    assert hand.said == "dmxdmm"


def test_palm_that_the_browser_has_taken_away_leaves_no_ink(hand: Hand) -> None:
    hand.do("pointerdown", "touch", 5)
    hand.do("pointercancel", "touch", 5)
    hand.do("pointerdown", "pen", 6)
    assert hand.said == "dxd"
    hand.do("pointerup", "pen", 6)
    hand.do("pointerdown", "pen", 6)
    assert hand.said == "dxdd"


def test_touches_are_the_hand_while_the_pen_is_near(hand: Hand) -> None:
    hand.do("pointermove", "pen", 6, buttons=0)  # it hovers
    hand.do("pointerdown", "touch", 5)
    assert hand.said == ""
    window.run_timers(PEN_NEAR)
    hand.do("pointerdown", "touch", 7)
    assert hand.said == "d"


def test_cancelled_touch_keeps_its_ink_where_there_is_no_pen(hand: Hand) -> None:
    hand.do("pointerdown", "touch", 5)
    hand.do("pointercancel", "touch", 5)
    window.run_timers(PEN_NEAR)
    hand.do("pointerdown", "pen", 6)
    assert hand.said == "dd"


def test_second_finger_is_ignored(hand: Hand) -> None:
    hand.do("pointerdown", "touch", 5)
    hand.do("pointerdown", "touch", 6, isPrimary=False)
    hand.do("pointermove", "touch", 6, isPrimary=False)
    assert hand.said == "d"


@pytest.mark.parametrize("end", ["pointerup", "pointercancel", "lostpointercapture"])
def test_ended_stroke_does_not_go_on(hand: Hand, end: str) -> None:
    hand.do("pointerdown")
    hand.do(end)
    hand.do("pointermove")
    assert hand.said == "d"
    hand.do("pointerdown")
    assert hand.said == "dd"


def test_button_that_was_released_unnoticed_ends_the_stroke(hand: Hand) -> None:
    hand.do("pointerdown")
    hand.do("pointermove", buttons=2)  # the other button is still down
    hand.do("pointermove")
    assert hand.said == "d"


def test_window_that_loses_the_focus_ends_the_stroke(hand: Hand) -> None:
    hand.do("pointerdown")
    hand.listeners["blur"](None)  # type: ignore[attr-defined]
    hand.do("pointermove")
    assert hand.said == "d"


def test_pad_is_not_dead_when_the_end_of_a_stroke_is_never_reported(hand: Hand) -> None:
    hand.do("pointerdown", "mouse", 1)
    hand.do("pointerdown", "mouse", 1)
    assert hand.said == "dd"
    hand.do("pointerup", "mouse", 1)
    hand.do("pointerdown", "touch", 5)
    hand.do("pointerdown", "touch", 6)  # the first finger of a new touch: the other one is gone
    assert hand.said == "dddd"
    hand.do("pointerdown", "mouse", 1)
    assert hand.said == "dddd"
    window.run_timers(STALE + 1)
    hand.do("pointerdown", "mouse", 1)
    assert hand.said == "ddddd"


def test_pad_that_moves_under_the_pen_does_not_shift_its_ink(hand: Hand) -> None:
    hand.do("pointerdown")
    hand.pad.top = -100.0  # the page was scrolled
    hand.do("pointermove", clientY=-70.0)
    assert hand.places == [(20.0, 30.0), (20.0, 30.0)]


def test_pointer_that_cannot_be_captured_draws(hand: Hand) -> None:
    def refuse(_pointer: int) -> None:
        raise RuntimeError("NotFoundError")

    hand.pad.setPointerCapture = refuse  # type: ignore[method-assign]
    hand.do("pointerdown")
    hand.do("pointermove")
    assert hand.said == "dm"
