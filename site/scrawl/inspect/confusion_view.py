"""The confusion matrix: what the network predicts for test digits, the digits of a cell, and training on those."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

from scrawl.inspect import descriptions
from scrawl.inspect.panels import SIDE, neighbour
from scrawl.ui.dom import by_id, set_attribute, set_flag, set_text, show_notice

if TYPE_CHECKING:
    from typing import Any

    from browser import Element, Event

    from scrawl.inspect.confusion_requests import ConfusionRequests
    from scrawl.inspect.inspect_state import ConfusionMatrix, MisreadDigits
    from scrawl.state.app_state import State

CELLS_A_FRAME = 10
CONFUSION = """<h3>What it takes for what</h3>
<p class="hint">Rows: what the writer meant. Columns: what the network read. Off the diagonal are its mistakes;
open one to see the digits.</p>
<div class="confusion-grid"><div><table role="grid" aria-label="Confusion matrix">
<thead><tr><td></td>{0}</tr></thead><tbody>{1}</tbody></table>
<p id="confusion-words" class="cell-words"></p>
<button type="button" id="count" aria-describedby="count-help">Read the test digits</button>
<p class="help" id="count-help">All of them, in the background: neither training nor drawing waits.</p></div>
<div id="misread" hidden><div class="misread-head"><h4 id="misread-title"></h4><button type="button"
 id="misread-close" class="bare" aria-label="Close" title="Close">✕</button></div>
<ul tabindex="0" aria-labelledby="misread-title"></ul><p class="hint more"></p>
<button type="button" id="learn-misread" aria-describedby="learn-help">Train on these</button>
<p class="help" id="learn-help">Up to 20 steps on these, mixed with four times as many other
digits so that it does not forget those, at the learning rate of the settings.</p>
<p class="message" role="status" hidden></p></div></div>"""


class ConfusionView:
    """Owns the matrix and the digits of the open cell."""

    def __init__(self, root: Element, requests: ConfusionRequests) -> None:
        self.requests = requests
        head = "".join(f'<th scope="col">{digit}</th>' for digit in range(10))
        body = "".join(
            f'<tr><th scope="row">{label}</th>'
            + "".join(_cell(label, prediction) for prediction in range(10))
            + "</tr>"
            for label in range(10)
        )
        root.innerHTML = CONFUSION.format(head, body)
        self.table = root.querySelector("table")
        self.cells: list[Element] = list(root.querySelectorAll("[data-cell]"))
        set_attribute(self.cells[0], "tabindex", "0")
        self.description, self.count = by_id("confusion-words"), by_id("count")
        self.digits = MisreadDigitsView(by_id("misread"))
        self.count.bind("click", lambda _event: requests.count())
        by_id("learn-misread").bind("click", lambda _event: requests.train())
        by_id("misread-close").bind("click", self._close)
        self.table.bind("keydown", self._press)
        self.table.bind("click", lambda event: self._open(event.target))
        for event in ("pointerover", "focusin"):
            self.table.bind(event, self._describe)
        self._shown: ConfusionMatrix | None = None
        self._stale = 0  # the first cell that does not show it yet
        self._open_cell = -1

    def render(self, state: State) -> bool:
        """Show the selected network's matrix, some cells a frame. Return whether there are more."""
        inspection = state.inspection
        confusion = inspection.confusions.get(state.model)
        set_flag(self.count, "disabled", inspection.counting)
        again = "Read again" if confusion else "Read the test digits"
        set_text(self.count, "Reading…" if inspection.counting else again)
        if confusion is not self._shown:
            self._shown, self._stale = confusion, 0
            set_text(self.description, descriptions.confusion_summary(confusion) if confusion else "")
        self._mark_open(inspection.cell)
        self.digits.render(state)
        if self._stale < len(self.cells):
            self._fill_some(confusion)
        return self._stale < len(self.cells)

    def _mark_open(self, cell: tuple[int, int] | None) -> None:
        index = 10 * cell[0] + cell[1] if cell else -1
        if index != self._open_cell:
            for place, selected in ((self._open_cell, "false"), (index, "true")):
                if place >= 0:
                    set_attribute(self.cells[place], "aria-selected", selected)
            self._open_cell = index

    def _fill_some(self, confusion: ConfusionMatrix | None) -> None:
        """Fill in the next cells."""
        for index in range(self._stale, self._stale + CELLS_A_FRAME):
            element, label, prediction = self.cells[index], index // 10, index % 10
            count, most = 0, 0
            if confusion:
                count = confusion.counts[index]
                most = confusion.row_total(label) if label == prediction else confusion.worst
            set_text(element, str(count) if count else "·" if confusion else "")
            element.removeAttribute("aria-label")  # of the last matrix
            element.style.setProperty("--heat", f"{count / most:.3f}" if most else "0")
        self._stale += CELLS_A_FRAME

    def _describe(self, event: Event) -> None:
        index, confusion = _index_of(event.target), self._shown
        if index >= 0 and confusion:
            label, prediction = index // 10, index % 10
            text = descriptions.cell(label, prediction, confusion.counts[index], confusion.row_total(label))
            set_text(self.description, text)
            set_attribute(event.target, "aria-label", text)

    def _press(self, event: Event) -> None:
        index = _index_of(event.target)
        if event.key in ("Enter", " "):
            event.preventDefault()
            self._open(event.target)
            return
        target = neighbour(event.key, index, 100, 10)
        if target is not None:
            event.preventDefault()
            set_attribute(self.cells[index], "tabindex", "-1")
            set_attribute(self.cells[target], "tabindex", "0")
            self.cells[target].focus()

    def _open(self, element: Element) -> None:
        index = _index_of(element)
        if index >= 0 and self._shown:
            self.requests.open_cell(index // 10, index % 10)

    def _close(self, _event: Event) -> None:
        index = self._open_cell
        self.requests.close_cell()
        if index >= 0:
            self.cells[index].focus()


class MisreadDigitsView:
    """The digits of the open cell, each with the probability of its prediction."""

    def __init__(self, element: Element) -> None:
        self.element = element
        self.title, self.list = element.querySelector("h4"), element.querySelector("ul")
        self.more, self.train = element.querySelector(".more"), by_id("learn-misread")
        self.message = element.querySelector(".message")
        self._shown: MisreadDigits | None = None

    def render(self, state: State) -> None:
        """Show the digits if a cell is open."""
        inspection = state.inspection
        set_flag(self.element, "hidden", inspection.cell is None)
        if inspection.cell is None:
            return
        label, prediction = inspection.cell
        right = label == prediction
        set_text(self.title, f"{label}, read right" if right else f"{label}, read as {prediction}")
        set_flag(self.train, "hidden", right)
        count = int(inspection.misread["count"]) if inspection.misread else 0
        trainable = count and not inspection.training and state.record.shown_checkpoint < 0
        set_flag(self.train, "disabled", not trainable)
        show_notice(self.message, inspection.notice)
        if inspection.misread is not self._shown:
            self._shown = inspection.misread
            self._show(inspection.misread)

    def _show(self, misread: MisreadDigits | None) -> None:
        self.list.innerHTML = ""
        set_text(self.more, "")
        if misread is None:
            return
        shares = [float(share) for share in misread["shares"]]
        count, label, prediction = int(misread["count"]), int(misread["label"]), int(misread["prediction"])
        if not shares:
            set_text(self.more, "None of them.")
            return
        pixels = window.Uint8ClampedArray.new(misread["buffer"])
        image = window.ImageData.new(pixels, SIDE, SIDE * len(shares))
        for index, share in enumerate(shares):
            text = f"a {label}, read as {prediction}, {share:.0%} sure"
            self.list.appendChild(_digit(image, index, text, share))
        if count > len(shares):
            set_text(self.more, f"The surest {len(shares)} of {count}.")


def _cell(label: int, prediction: int) -> str:
    kind = "right" if label == prediction else "wrong"
    return f'<td role="gridcell" class="{kind}" tabindex="-1" data-cell="{10 * label + prediction}"></td>'


def _index_of(cell: Element) -> int:
    index = cell.getAttribute("data-cell")
    return int(index) if index else -1


def _digit(image: Any, index: int, text: str, share: float) -> Element:
    item, canvas, caption = [document.createElement(tag) for tag in ("li", "canvas", "span")]
    for name, value in (("width", SIDE), ("height", SIDE), ("role", "img"), ("aria-label", text)):
        set_attribute(canvas, name, str(value))
    canvas.getContext("2d").putImageData(image, 0, -SIDE * index, 0, SIDE * index, SIDE, SIDE)
    set_text(caption, f"{share:.0%}")
    item.appendChild(canvas)
    item.appendChild(caption)
    return item
