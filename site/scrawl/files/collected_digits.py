"""The digits one has drawn and labelled: kept in this browser, downloaded as an IDX pair, used to train on.

A drawing that is taught is kept by itself; others are on request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio, document
from browser import self as window

from scrawl.drawing.pad_view import ink_picture
from scrawl.files import idx_writer
from scrawl.files.weight_files import download
from scrawl.share.drawer import Drawer, button, message, row
from scrawl.state.app_state import Notice
from scrawl.storage import database
from scrawl.ui.dom import set_flag, set_text, show_notice

if TYPE_CHECKING:
    from scrawl.app.app import App

PREFIX = "digits/"
SHOWN = 60  # pictures on the page; all are downloaded
PIXELS = 784
MEDIA_TYPE = "application/octet-stream"
KEEP = "Keep the drawing in this browser, with this label."
DOWNLOAD = "Two files, images and labels, as MNIST is published: for scrawl evaluate, PyTorch or anything else."
TRAIN = "Small steps on these digits alone, until the network reads them all."


class Digits:
    """Owns the drawer #digits."""

    def __init__(self, app: App) -> None:
        self.page = app.page
        self.state = app.page.state
        self.drawer = Drawer("digits", "My digits", "", self._fill)
        self.count = self.drawer.element.querySelector(".hint")
        self._shown: object = None  # the list whose pictures are on the page
        self._guessed: tuple = ()  # the drawing whose label was guessed, and the guess
        self.page.on_report("tuned", self._taught)
        self.page.on_report("trained_on_collected", self._learned)
        app.on_repaint(self._repaint)
        aio.run(self._list())

    def render(self, state: object) -> None:
        """Show the digits."""
        digits = state.share.digits
        set_text(self.count, f"{len(digits)} kept in this browser" if digits else "your drawings as training data")
        if not self.drawer.is_open:
            return
        show_notice(self.message, state.share.digits_notice)
        set_flag(self.keep, "disabled", state.blank or state.picture is None)
        self._guess(state)
        for element in (self.download, self.train):
            set_flag(element, "disabled", not digits)
        if self._shown is not digits:
            self._shown = digits
            self._show(digits)

    def _fill(self, body: object) -> None:
        self.keep = button("Keep this drawing as", self._keep_drawing, KEEP, "keep-digit")
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
        for part in (
            row("My digits", self.keep, self.label, self.download, self.train),
            self.message,
            self.list,
            self.more,
        ):
            body.appendChild(part)

    def _show(self, digits: list) -> None:
        self.list.innerHTML = ""
        ink = window.getComputedStyle(self.list).color
        for key, label, picture in digits[:SHOWN]:
            item, name = document.createElement("li"), document.createElement("span")
            name.textContent = str(label)
            remove = button("×", self._remover(key), f"Delete this {label}")
            remove.setAttribute("aria-label", f"Delete this {label}")
            canvas = ink_picture(picture, ink)
            canvas.setAttribute("aria-hidden", "true")
            for part in (canvas, name, remove):
                item.appendChild(part)
            self.list.appendChild(item)
        hidden = len(digits) - SHOWN
        set_text(self.more, f"and {hidden} older ones" if hidden > 0 else "")
        set_flag(self.list, "hidden", not digits)

    def _guess(self, state: object) -> None:
        """Propose what was read, or what a sample is, until the person says otherwise."""
        sample, answer = state.drawing.sample(), state.label_of()
        guess = sample[1] if sample else answer[0] if answer else 0
        if self._guessed != (state.drawing.revision, guess):
            self._guessed = (state.drawing.revision, guess)
            self.label.value = str(guess)

    def _repaint(self) -> None:
        self._shown = None

    # Keeping

    def _taught(self, label: int, **_fields: object) -> None:
        self._keep(label)

    def _keep_drawing(self) -> None:
        self._keep(int(self.label.value))

    def _keep(self, label: int) -> None:
        digits, picture = self.state.share.digits, self.state.picture
        if any(label == other and picture.join() == kept.join() for _key, other, kept in digits):
            self._tell(f"This {label} is kept already.", "quiet")
            return
        aio.run(self._put(label, picture))

    async def _put(self, label: int, picture: object) -> None:
        key = f"{PREFIX}{int(window.Date.now()):015}-{int(window.Math.random() * 1_000_000):06}"
        try:
            await database.put(key, {"label": label, "picture": picture})
        except database.KeepError as error:
            self._tell(f"The drawing could not be kept: {error}.", "warning")
            return
        self.page.dispatch("digits", value=[(key, label, picture), *self.state.share.digits])
        self._tell(f"Kept, as a {label}.", "good")

    async def _list(self) -> None:
        try:
            found = await database.items(PREFIX)
        except database.KeepError:
            return  # said by `autosave`
        digits = [(key, digit.label, digit.picture) for key, digit in found]
        self.page.dispatch("digits", value=digits[::-1])

    def _remover(self, key: str) -> object:
        def remove() -> None:
            rest = [digit for digit in self.state.share.digits if digit[0] != key]
            self.page.dispatch("digits", value=rest)
            aio.run(database.delete(key))
            self.keep.focus()

        return remove

    # Using

    def _bytes(self) -> tuple:
        """Return all labels and all pictures, the oldest first."""
        digits = self.state.share.digits[::-1]
        pictures = window.Uint8Array.new(PIXELS * len(digits))
        for place, (_key, _label, picture) in enumerate(digits):
            pictures.set(picture, PIXELS * place)
        return window.Uint8Array.new([label for _key, label, _picture in digits]), pictures

    def _download(self) -> None:
        labels, pictures = self._bytes()
        images = _joined(idx_writer.images_header(labels.length), pictures)
        download("my-digits-images-idx3-ubyte", images, MEDIA_TYPE)
        download("my-digits-labels-idx1-ubyte", _joined(idx_writer.labels_header(labels.length), labels), MEDIA_TYPE)
        self._tell("Two files are in your downloads: the images, and their labels in the same order.", "good")

    def _train(self) -> None:
        labels, pictures = self._bytes()
        self._tell("Training on your digits…", "quiet")
        self.page.send("train_on_collected", labels=labels, pictures=pictures)

    def _learned(self, count: int, right: int, steps: int, **_fields: object) -> None:
        word = "step" if steps == 1 else "steps"
        self._tell(f"After {steps} {word} the network reads {right} of your {count} digits right.", "good")

    def _tell(self, text: str, tone: str) -> None:
        self.page.dispatch("digits_noticed", value=Notice(text, tone))


def _joined(header: bytes, rest: object) -> object:
    data = window.Uint8Array.new(len(header) + rest.length)
    data.set(list(header), 0)
    data.set(rest, len(header))
    return data


def start(app: App) -> None:
    """Add one's digits to the card of the shared weights."""
    app.page.views.append(Digits(app))
