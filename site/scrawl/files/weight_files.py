"""Weights as files: downloaded as safetensors, ONNX or JSON; opened again, chosen or dropped anywhere on the page.

What is in a file is found out in the worker (`share.worker`); here it is asked, told, and offered to the network that
it is for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio, document
from browser import self as window
from javascript import JSON

from scrawl.client.api import absolute_url
from scrawl.files import file_formats
from scrawl.net.safetensors import FormatError
from scrawl.share.drawer import Drawer, button, message, row
from scrawl.state.formatting import short_name
from scrawl.ui.dom import set_flag, set_text, show_notice

if TYPE_CHECKING:
    from scrawl.app.app import App

FORMS = {
    "safetensors": ("safetensors", "For Python and PyTorch, and for opening here again."),
    "onnx": ("ONNX", "The whole network as a graph, for ONNX Runtime and whatever else runs ONNX."),
    "json": ("JSON", "Numbers in nested lists, readable by anything."),
}
SUFFIXES = (".safetensors", ".onnx", ".json")


class Files:
    """Owns the drawer #files, and what is dropped onto the page."""

    def __init__(self, app: App) -> None:
        self.page, self.models = app.page, app.models
        self.state = app.page.state
        self.drawer = Drawer("files", "Files", "download these weights, or open others", self._fill)
        self._graphs: dict | None = None  # what surrounds the weights in ONNX files, fetched when it is wanted
        self._number = 0  # of the file opened last
        self._names: dict = {}  # model → name of the file under way to the worker
        self._offered: object = None  # the bytes of a file for another network
        for kind, action in (("file_opened", self._opened), ("file_refused", self._refused)):
            self.page.on_report(kind, action)
        self.page.on_report("file_saved", self._saved)
        self.page.on_report("weights_loaded", self._taken)
        window.addEventListener("drop", self._dropped, True)  # before `tools.pictures`

    def render(self, state: object) -> None:
        """Show what became of the file opened last."""
        if not self.drawer.is_open:
            return
        show_notice(self.message, state.share.file_notice)
        set_flag(self.offer, "hidden", not state.share.file_offer)
        set_text(self.switch, f"Switch to {short_name(state.share.file_offer)} and open it")
        for element in self.buttons:
            set_flag(element, "disabled", not state.record.opened)

    def _fill(self, body: object) -> None:
        self.buttons = [
            button(title, self._saver(form), help_, f"download-{form}") for form, (title, help_) in FORMS.items()
        ]
        self.input = document.createElement("input")
        self.input.id, self.input.type, self.input.hidden = "file", "file", True
        self.input.accept = ",".join(SUFFIXES)
        self.input.bind("change", self._chosen)
        choose = button("Open a file…", lambda: self.input.click(), "Or drop it anywhere on this page.", "open-file")
        self.message = message("file-message")
        self.switch = button("", self._switch, name="file-switch")
        self.offer = row("The file's network", self.switch)
        label = document.createElement("span")
        label.className, label.textContent = "hint", "Download as"
        drop = document.createElement("p")
        drop.className, drop.textContent = "help", "Files are read in this tab and sent to nobody."
        for part in (row("Download", label, *self.buttons), row("Open", choose, self.input), drop):
            body.appendChild(part)
        body.appendChild(self.message)
        body.appendChild(self.offer)

    # Download

    def _saver(self, form: str) -> object:
        return lambda: aio.run(self._save(form))

    async def _save(self, form: str) -> None:
        graph = {}
        try:
            if form == "onnx":
                graph = (await self._all_graphs())[self.state.model]
        except Exception:
            self._tell("The ONNX graph could not be fetched; the other forms need no network.", "warning")
            return
        record = self.state.record
        known = {"model": self.state.model, "source": "page", "iteration": str(record.iteration)}
        if record.test_accuracy is not None:
            known["accuracy"] = f"{record.test_accuracy:.4f}"
        if record.version.get("version"):
            known["parent"] = record.version["version"]
        known["created_at"] = window.Date.new().toISOString()
        metadata = JSON.stringify(known)
        self.page.send("save_file", model=self.state.model, form=form, metadata=metadata, graph=JSON.stringify(graph))

    async def _all_graphs(self) -> dict:
        if self._graphs is None:
            response = await window.fetch(absolute_url(document.body.dataset.graphs))
            self._graphs = JSON.parse(await response.text())
        return self._graphs

    def _saved(self, model: str, form: str, buffer: object) -> None:
        download(f"{model}.{form}", buffer, file_formats.MEDIA_TYPES[form])
        self._tell(f"{model}.{form} is in your downloads.", "good")

    # Open

    def _chosen(self, _event: object) -> None:
        if self.input.files.length:
            self.open(self.input.files.item(0))
        self.input.value = ""  # so that the same file can be chosen again

    def _dropped(self, event: object) -> None:
        """Take what is dropped, unless it is for the drawing: the pad takes pictures, and what is dropped onto it."""
        files = event.dataTransfer.files
        if not files.length:
            return
        file = files.item(0)
        if file.name.endswith(SUFFIXES) or not (file.type.startswith("image/") or event.target.closest(".pad-frame")):
            event.preventDefault()
            self.drawer.open()
            self.drawer.element.scrollIntoView({"block": "nearest"})
            self.open(file)

    def open(self, file: object) -> None:
        """Read a file and find out what it is; the present weights stay until that is known."""
        try:
            file_formats.check_size(file.name, file.size)
        except FormatError as error:
            self._tell(str(error), "error")
            return
        self._tell(f"Reading {file.name}…", "quiet")
        aio.run(self._read(file))

    async def _read(self, file: object) -> None:
        self._number += 1
        self._name = file.name
        number = self._number
        try:
            buffer = await file.arrayBuffer()
        except Exception:
            self._tell(f"{file.name} could not be read: it has been moved, or the browser may not.", "error")
            return
        selected = self.state.model
        ordered = sorted(self.state.models, key=lambda model: model["model"] != selected)
        shapes = {model["model"]: {p["name"]: p["shape"] for p in model["parameters"]} for model in ordered}
        self.page.send("open_file", number=number, buffer=buffer, networks=JSON.stringify(shapes))

    def _refused(self, number: int, message: str) -> None:
        if number == self._number:
            self._tell(f"{self._name}: {message}. This tab keeps the weights it has.", "error")

    def _opened(self, number: int, model: str, buffer: object) -> None:
        if number != self._number:
            return
        if model == self.state.model:
            self._take(model, buffer)
        else:
            self._offered = buffer
            self.page.dispatch("file_fits_another", name=self._name, model=model)

    def _switch(self) -> None:
        model = self.state.share.file_offer
        self.page.dispatch("model_chosen", model=model)
        self.models.open_selected()
        self._take(model, self._offered)

    def _take(self, model: str, buffer: object) -> None:
        self._names[model], self._offered = self._name, None
        self.page.send("load_weights", model=model, buffer=buffer, origin="file")

    def _taken(self, model: str, origin: str, **_fields: object) -> None:
        if origin == "file":
            name = self._names.pop(model)
            self.page.dispatch("file_taken", model=model, name=name)
            self._tell(f"{name} is open: {short_name(model)} has its weights now.", "good")

    def _tell(self, text: str, tone: str) -> None:
        self.page.dispatch("file_noticed", text=text, tone=tone)


def download(name: str, content: object, media_type: str) -> None:
    """Hand bytes to the person as a file."""
    address = window.URL.createObjectURL(window.Blob.new([content], {"type": media_type}))
    link = document.createElement("a")
    link.href, link.download = address, name
    link.click()
    window.setTimeout(lambda: window.URL.revokeObjectURL(address), 1000)


def start(app: App) -> None:
    """Add files to the card of the shared weights."""
    app.page.views.append(Files(app))
