"""The confusion matrix: what the test digits are read as, the digits behind a cell, and training on those."""

from browser import document
from browser import self as window

from scrawl.inspect import descriptions, grid_navigation
from scrawl.ui.dom import by_id, set_attribute, set_flag, set_text, show_notice

SIDE = 28
AT_ONCE = 10  # cells a frame
CONFUSION = """<h3>What it takes for what</h3>
<p class="hint">Rows: what the writer meant. Columns: what the network read. Off the diagonal are its mistakes;
open one to see the digits.</p>
<div class="confusion-grid"><div><table role="grid" aria-label="Confusion matrix">
<thead><tr><td></td>{0}</tr></thead><tbody>{1}</tbody></table>
<p id="confusion-words" class="cell-words"></p>
<button type="button" id="count" aria-describedby="count-help">Read the test digits</button>
<p class="help" id="count-help">All of them, in the background: neither training nor drawing waits.</p></div>
<div id="misread" hidden><div class="misread-head"><h4></h4><button type="button" id="misread-close" class="bare"
 aria-label="Close" title="Close">✕</button></div><ul></ul><p class="hint more"></p>
<button type="button" id="learn-misread" aria-describedby="learn-help">Train on these</button>
<p class="help" id="learn-help">Up to 20 steps on these, amid four times as many other
digits so that it does not forget those, at the learning rate of the settings.</p>
<p class="message" role="status" hidden></p></div></div>"""


def _cell(label: int, reading: int) -> str:
    kind = "right" if label == reading else "wrong"
    return f'<td role="gridcell" class="{kind}" tabindex="-1" data-cell="{10 * label + reading}"></td>'


class ConfusionView:
    """Owns the matrix and the digits behind a cell. `count`, `open_cell` and `learn` are what can be asked for."""

    def __init__(self, page: object, root: object, count: object, open_cell: object, learn: object) -> None:
        self.page, self.open_cell = page, open_cell
        head = "".join(f'<th scope="col">{digit}</th>' for digit in range(10))
        body = "".join(
            f'<tr><th scope="row">{label}</th>' + "".join(_cell(label, reading) for reading in range(10)) + "</tr>"
            for label in range(10)
        )
        root.innerHTML = CONFUSION.format(head, body)
        self.table = root.querySelector("table")
        self.cells = list(root.querySelectorAll("[data-cell]"))
        set_attribute(self.cells[0], "tabindex", "0")
        self.words, self.count = by_id("confusion-words"), by_id("count")
        self.gallery = GalleryView(by_id("misread"))
        self.count.bind("click", lambda _event: count())
        by_id("learn-misread").bind("click", lambda _event: learn())
        by_id("misread-close").bind("click", self._close)
        self.table.bind("keydown", self._key)
        self.table.bind("click", lambda event: self._open(event.target))
        for event in ("pointerover", "focusin"):
            self.table.bind(event, self._described)
        self._shown: object = False
        self._next = 0  # the first cell that does not show them yet
        self._cell = -1

    def render(self, state: object) -> bool:
        """Show the counts of the selected network, some cells a frame. Return whether there are more."""
        inside = state.inside
        confusion = inside.confusions.get(state.model)
        set_flag(self.count, "disabled", inside.counting)
        set_text(self.count, "Reading…" if inside.counting else "Read again" if confusion else "Read the test digits")
        if confusion is not self._shown:
            self._shown, self._next = confusion, 0
            set_text(self.words, descriptions.counted(confusion) if confusion else "")
        cell = 10 * inside.cell[0] + inside.cell[1] if inside.cell else -1
        if cell != self._cell:
            for place, chosen in ((self._cell, "false"), (cell, "true")):
                if place >= 0:
                    set_attribute(self.cells[place], "aria-selected", chosen)
            self._cell = cell
        self.gallery.render(state)
        if self._next < len(self.cells):
            self._show_some(confusion)
        return self._next < len(self.cells)

    def _show_some(self, confusion: object) -> None:
        """Fill in the next cells."""
        for place in range(self._next, self._next + AT_ONCE):
            element, label, reading = self.cells[place], place // 10, place % 10
            count = confusion.counts[place] if confusion else 0
            total = confusion.row_total(label) if confusion else 0
            set_text(element, str(count) if count else "·" if confusion else "")
            element.removeAttribute("aria-label")  # of what it was
            most = total if label == reading else confusion.worst if confusion else 0
            element.style.setProperty("--heat", f"{count / most:.3f}" if most else "0")
        self._next += AT_ONCE

    def _place(self, element: object) -> int:
        place = element.getAttribute("data-cell")
        return int(place) if place else -1

    def _described(self, event: object) -> None:
        place = self._place(event.target)
        if place >= 0 and self._shown:
            label, counts = place // 10, self._shown
            said = descriptions.cell(label, place % 10, counts.counts[place], counts.row_total(label))
            set_text(self.words, said)
            set_attribute(event.target, "aria-label", said)

    def _key(self, event: object) -> None:
        place = self._place(event.target)
        if event.key in ("Enter", " "):
            event.preventDefault()
            self._open(event.target)
            return
        target = grid_navigation.move(event.key, place, 100, 10)
        if target is not None:
            event.preventDefault()
            set_attribute(self.cells[place], "tabindex", "-1")
            set_attribute(self.cells[target], "tabindex", "0")
            self.cells[target].focus()

    def _open(self, element: object) -> None:
        place = self._place(element)
        if place >= 0 and self._shown:
            self.open_cell(place // 10, place % 10)

    def _close(self, _event: object) -> None:
        place = self._cell
        self.page.dispatch("cell_closed")
        if place >= 0:
            self.cells[place].focus()


class GalleryView:
    """The digits behind a cell, each with how sure the network was."""

    def __init__(self, element: object) -> None:
        self.element = element
        self.title, self.list = element.querySelector("h4"), element.querySelector("ul")
        self.more, self.learn = element.querySelector(".more"), by_id("learn-misread")
        self.message = element.querySelector(".message")
        self._shown: object = None

    def render(self, state: object) -> None:
        """Show the digits, if a cell is open."""
        inside = state.inside
        set_flag(self.element, "hidden", inside.cell is None)
        if inside.cell is None:
            return
        label, reading = inside.cell
        right = label == reading
        set_text(self.title, f"{label}, read right" if right else f"{label}, read as {reading}")
        set_flag(self.learn, "hidden", right)
        count = int(inside.misread["count"]) if inside.misread else 0
        set_flag(self.learn, "disabled", inside.learning or not count or state.record.shown_checkpoint >= 0)
        show_notice(self.message, inside.notice)
        if inside.misread is not self._shown:
            self._shown = inside.misread
            self._show(inside.misread)

    def _show(self, misread: dict | None) -> None:
        self.list.innerHTML = ""
        set_text(self.more, "")
        if misread is None:
            return
        shares = [float(share) for share in misread["shares"]]
        count, label, reading = int(misread["count"]), int(misread["label"]), int(misread["reading"])
        if not shares:
            set_text(self.more, "None of them.")
            return
        pixels = window.Uint8ClampedArray.new(misread["buffer"])
        image = window.ImageData.new(pixels, SIDE, SIDE * len(shares))
        for place, share in enumerate(shares):
            self.list.appendChild(_digit(image, place, f"a {label}, read as {reading}, {share:.0%} sure", share))
        if count > len(shares):
            set_text(self.more, f"The surest {len(shares)} of {count}.")


def _digit(image: object, place: int, said: str, share: float) -> object:
    item, canvas, caption = [document.createElement(tag) for tag in ("li", "canvas", "span")]
    for name, value in (("width", SIDE), ("height", SIDE), ("role", "img"), ("aria-label", said)):
        set_attribute(canvas, name, str(value))
    canvas.getContext("2d").putImageData(image, 0, -SIDE * place, 0, SIDE * place, SIDE, SIDE)
    set_text(caption, f"{share:.0%}")
    item.appendChild(canvas)
    item.appendChild(caption)
    return item
