"""The prediction: the digit, what the network sees, ten bars of probabilities, and the form to teach it better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

from scrawl.ui.canvas import ink_picture
from scrawl.ui.dom import by_id, set_attribute, set_flag, set_text, show_notice

if TYPE_CHECKING:
    from browser import Element

    from scrawl.net.interfaces import Bytes
    from scrawl.state.app_state import State


class PredictionView:
    """Owns #prediction, #seen, #probabilities and the form below them."""

    def __init__(self) -> None:
        self.digit, self.confidence = by_id("prediction"), by_id("confidence")
        self.seen = by_id("seen")
        self.label, self.tune, self.take_back = by_id("label"), by_id("tune"), by_id("teach-undo")
        self.message = by_id("tune-message")
        self.bars = [self._add_bar(digit) for digit in range(10)]
        self._shown: list[object] = []
        self._shown_picture: Bytes | bool | None = False
        self._shown_shares = [-1] * 10
        self.repaint()

    def render(self, state: State) -> None:
        """Show the prediction."""
        shown: list[object] = [
            state.probabilities,
            state.picture,
            state.label,
            state.notices.get("tune"),
            state.blank,
            state.unlike,
            state.record.is_untrained(),
            bool(state.record.before_lessons),
        ]
        if self._shown and all(now is before for now, before in zip(shown, self._shown, strict=True)):
            return
        self._shown = shown
        answer = state.label_of()
        set_text(self.digit, str(answer[0]) if answer else "")
        set_text(self.confidence, _confidence(answer, state))
        self._show_picture(state.picture)
        self._show_bars(state.probabilities if answer else [0.0] * 10, answer[0] if answer else -1)
        set_flag(self.tune, "disabled", answer is None)
        set_flag(self.take_back, "hidden", not state.record.before_lessons)
        if self.label.value != str(state.label):
            self.label.value = str(state.label)
        show_notice(self.message, state.notices.get("tune"))

    def repaint(self) -> None:
        """Paint the picture again: the theme has changed."""
        self._ink = window.getComputedStyle(self.seen).color
        self._shown_picture, self._shown = False, []

    def _add_bar(self, digit: int) -> tuple[Element, Element, Element]:
        item, name, track, bar, share = [document.createElement(tag) for tag in ("li", "span", "span", "i", "span")]
        name.className, track.className, share.className = "name", "track", "share"
        name.textContent = str(digit)
        track.appendChild(bar)
        for part in (name, track, share):
            item.appendChild(part)
        by_id("probabilities").appendChild(item)
        return item, bar, share

    def _show_bars(self, probabilities: list[float], best: int) -> None:
        for digit, (item, bar, share) in enumerate(self.bars):
            thousandths = round(1000 * probabilities[digit])
            if self._shown_shares[digit] != thousandths:
                self._shown_shares[digit] = thousandths
                bar.style.transform = f"scaleX({thousandths / 1000})"
            set_text(share, _share(thousandths) if best >= 0 else "")
            set_attribute(item, "class", "best" if digit == best else "")

    def _show_picture(self, picture: Bytes | None) -> None:
        if picture is self._shown_picture:
            return
        self._shown_picture = picture
        context = self.seen.getContext("2d")
        context.clearRect(0, 0, 28, 28)
        if picture is not None:
            context.drawImage(ink_picture(picture, self._ink), 0, 0)


def _confidence(answer: tuple[int, float] | None, state: State) -> str:
    if answer is None:
        return "Draw something" if state.blank else "No answer: these weights cannot be used"
    if state.record.is_untrained():
        return "Untrained: it can only guess"
    if state.unlike:
        return "Unlike any digit I learned"
    share = answer[1]
    if share >= 0.9:
        return f"Quite sure: {share:.0%}"
    return f"Probably: {share:.0%}" if share >= 0.5 else f"Not sure: {share:.0%}"


def _share(thousandths: int) -> str:
    return f"{thousandths / 10:.1f}%" if 0 < thousandths < 1000 else f"{thousandths // 10}%"
