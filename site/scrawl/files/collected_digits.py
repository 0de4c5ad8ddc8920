"""The digits that the person has drawn and labelled: stored in this browser, downloaded as an IDX pair, trained on.

A drawing that is taught is stored automatically; others on request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio, document
from browser import self as window

from scrawl.files.file_formats import idx_images_header, idx_labels_header
from scrawl.files.weight_files import download
from scrawl.share.drawer import Drawer, button, message, row
from scrawl.state.app_state import Notice
from scrawl.storage import database
from scrawl.ui.canvas import ink_picture
from scrawl.ui.dom import set_flag, set_text, show_notice

if TYPE_CHECKING:
    from typing import Any

    from browser import Element
    from browser.arrays import Uint8Array

    from scrawl.app.app import App
    from scrawl.share.share_state import CollectedDigit
    from scrawl.state.app_state import State, Tone

PREFIX = "digits/"
SHOWN = 60  # pictures on the page; all are downloaded
PIXELS = 784
MEDIA_TYPE = "application/octet-stream"
KEEP = "Keep the drawing in this browser, with this label."
DOWNLOAD = "Two files, images and labels, as MNIST is published: for scrawl evaluate, PyTorch or anything else."
TRAIN = "Small steps on these digits alone, until the network reads them all."


class CollectedDigits:
    """Owns the drawer #digits."""

    def __init__(self, app: App) -> None:
        self.page = app.page
        self.state = app.page.state
        self.drawer = Drawer("digits", "My digits", "", self._fill)
        self.count = self.drawer.element.querySelector(".hint")
        self._shown: list[CollectedDigit] | None = None  # whose pictures are on the page
        self._proposed: tuple[int, int] | None = None  # the drawing's revision, and the label proposed for it
        self.page.on_report("tuned", self._store_taught)
        self.page.on_report("trained_on_collected", self._trained)
        app.on_repaint(self._repaint)
        aio.run(self._load())

    def render(self, state: State) -> None:
        """Show the digits."""
        digits = state.share.digits
        set_text(self.count, f"{len(digits)} kept in this browser" if digits else "your drawings as training data")
        if not self.drawer.is_open:
            return
        show_notice(self.message, state.share.digits_notice)
        set_flag(self.keep, "disabled", state.blank or state.picture is None)
        self._propose_label(state)
        for element in (self.download, self.train):
            set_flag(element, "disabled", not digits)
        if self._shown is not digits:
            self._shown = digits
            self._show(digits)

    def _fill(self, body: Element) -> None:
        self.keep = button("Keep this drawing as", self._store_drawing, KEEP, "keep-digit")
        self.label = document.createElement("select")
        self.label.id = "keep-label"
        self.label.setAttribute("aria-label", "What the drawing is")
        self.label.title = "The digit that it is kept as."
        self.label.innerHTML = "".join(f"<option>{digit}</option>" for digit in range(10))
        self.download = button("Download IDX pair", self._download, DOWNLOAD, "download-idx")
        self.train = button("Train on mine", self._train, TRAIN, "train-on-mine")
        self.message = message("digits-message")
        self.list = document.createElement("ul")
        self.list.className = "digits"
        self.more = document.createElement("p")
        self.more.className = "hint"
        controls = row("My digits", self.keep, self.label, self.download, self.train)
        for part in (controls, self.message, self.list, self.more):
            body.appendChild(part)

    def _show(self, digits: list[CollectedDigit]) -> None:
        self.list.innerHTML = ""
        ink = window.getComputedStyle(self.list).color
        for key, label, picture in digits[:SHOWN]:
            self.list.appendChild(self._item(key, label, ink_picture(picture, ink)))
        hidden = len(digits) - SHOWN
        set_text(self.more, f"and {hidden} older ones" if hidden > 0 else "")
        set_flag(self.list, "hidden", not digits)

    def _item(self, key: str, label: int, canvas: Element) -> Element:
        item, name = document.createElement("li"), document.createElement("span")
        name.textContent = str(label)
        remove = button("×", lambda: self._remove(key), f"Delete this {label}")
        remove.setAttribute("aria-label", f"Delete this {label}")
        canvas.setAttribute("aria-hidden", "true")
        for part in (canvas, name, remove):
            item.appendChild(part)
        return item

    def _propose_label(self, state: State) -> None:
        """Propose the prediction, or a sample's label, until the person chooses another."""
        sample, answer = state.drawing.sample(), state.label_of()
        label = sample[1] if sample else answer[0] if answer else 0
        proposed = (state.drawing.revision, label)
        if self._proposed != proposed:
            self._proposed = proposed
            self.label.value = str(label)

    def _repaint(self) -> None:
        self._shown = None

    # Storing

    def _store_taught(self, label: int, **_fields: Any) -> None:
        self._store(label)

    def _store_drawing(self) -> None:
        self._store(int(self.label.value))

    def _store(self, label: int) -> None:
        if self.state.picture is None:
            return
        picture = window.Uint8Array.new(self.state.picture)
        pixels = picture.join(",")
        if any(label == other and pixels == stored.join(",") for _key, other, stored in self.state.share.digits):
            self._notify(f"This {label} is kept already.", "quiet")
            return
        aio.run(self._put(label, picture))

    async def _put(self, label: int, picture: Uint8Array) -> None:
        key = f"{PREFIX}{int(window.Date.now()):015}-{int(window.Math.random() * 1_000_000):06}"
        try:
            await database.put(key, {"label": label, "picture": picture})
        except database.StorageError as error:
            self._notify(f"The drawing could not be kept: {error}.", "warning")
            return
        self.page.dispatch("digits_collected", value=[(key, label, picture), *self.state.share.digits])
        self._notify(f"Kept, as a {label}.", "good")

    async def _load(self) -> None:
        try:
            found = await database.items(PREFIX)
        except database.StorageError:
            return  # `autosave` says so
        digits = [(key, digit.label, digit.picture) for key, digit in found]
        self.page.dispatch("digits_collected", value=digits[::-1])

    def _remove(self, key: str) -> None:
        rest = [digit for digit in self.state.share.digits if digit[0] != key]
        self.page.dispatch("digits_collected", value=rest)
        aio.run(self._delete(key))
        self.keep.focus()

    async def _delete(self, key: str) -> None:
        try:
            await database.delete(key)
        except database.StorageError as error:
            self._notify(
                f"The drawing could not be deleted, and will be back with the next visit: {error}.", "warning"
            )

    # Using

    def _bytes(self) -> tuple[Uint8Array, Uint8Array]:
        """Return all labels and all pictures, the oldest first."""
        digits = self.state.share.digits[::-1]
        pictures = window.Uint8Array.new(PIXELS * len(digits))
        for index, (_key, _label, picture) in enumerate(digits):
            pictures.set(picture, PIXELS * index)
        return window.Uint8Array.new([label for _key, label, _picture in digits]), pictures

    def _download(self) -> None:
        labels, pictures = self._bytes()
        count = labels.length
        download("my-digits-images-idx3-ubyte", _joined(idx_images_header(count), pictures), MEDIA_TYPE)
        download("my-digits-labels-idx1-ubyte", _joined(idx_labels_header(count), labels), MEDIA_TYPE)
        self._notify("Two files are in your downloads: the images, and their labels in the same order.", "good")

    def _train(self) -> None:
        labels, pictures = self._bytes()
        self._notify("Training on your digits…", "quiet")
        self.page.send("train_on_collected", labels=labels, pictures=pictures)

    def _trained(self, count: int, right: int, steps: int, **_fields: Any) -> None:
        word = "step" if steps == 1 else "steps"
        self._notify(f"After {steps} {word} the network reads {right} of your {count} digits right.", "good")

    def _notify(self, text: str, tone: Tone) -> None:
        self.page.dispatch("digits_noticed", value=Notice(text, tone))


def _joined(header: bytes, rest: Uint8Array) -> Uint8Array:
    data = window.Uint8Array.new(len(header) + rest.length)
    data.set(list(header), 0)
    data.set(rest, len(header))
    return data


def start(app: App) -> None:
    """Add the collected digits to the card of the shared weights."""
    app.page.views.append(CollectedDigits(app))
