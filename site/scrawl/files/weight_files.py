"""Weights as files: downloaded as safetensors, ONNX or JSON; opened again, chosen or dropped anywhere on the page.

The worker finds out what is in a file; here it is asked, and the weights are offered to the network that they fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio, document
from browser import self as window
from javascript import JSON

from scrawl.client.api import absolute_url
from scrawl.files.file_formats import MEDIA_TYPES, check_file
from scrawl.net.safetensors import FormatError
from scrawl.share import version_descriptions
from scrawl.share.drawer import Drawer, button, message, row
from scrawl.state.formatting import short_name
from scrawl.ui.dom import set_flag, set_text, show_notice

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from browser import Element, Event
    from browser.arrays import ArrayBuffer

    from scrawl.app.app import App
    from scrawl.files.file_formats import FileFormat
    from scrawl.state.app_state import State, Tone

FORMATS: dict[FileFormat, tuple[str, str]] = {  # title and explanation of the button
    "safetensors": ("safetensors", "For Python and PyTorch, and for opening here again."),
    "onnx": ("ONNX", "The whole network as a graph, for ONNX Runtime and whatever else runs ONNX."),
    "json": ("JSON", "Numbers in nested lists, readable by anything."),
}
START = 16  # bytes of a file that say what it is
SUFFIXES = (".safetensors", ".onnx", ".json")
# Weights in other formats, dropped onto the pad: `file_formats` says how to convert them.
FOREIGN_SUFFIXES = (".pth", ".pt", ".ckpt", ".pkl", ".keras", ".h5", ".hdf5", ".npz", ".npy")


class WeightFiles:
    """Owns the drawer #files, and takes files that are dropped onto the page."""

    def __init__(self, app: App) -> None:
        self.page, self.models, self.tabs = app.page, app.models, app.tabs
        self.state = app.page.state
        self.drawer = Drawer("files", "Files", "download these weights, or open others", self._fill)
        self._graphs: dict[str, Any] | None = None  # model → the ONNX file around its weights, once it is wanted
        self._number = 0  # of the file opened last
        self._name = ""  # of that file
        self._names: dict[str, str] = {}  # model → name of the file on its way to the worker
        self._offered: ArrayBuffer | None = None  # the weights of a file for another network
        self.page.on_report("file_opened", self._take_opened)
        self.page.on_report("file_refused", self._refused)
        self.page.on_report("file_saved", self._download_saved)
        self.page.on_report("weights_loaded", self._weights_taken)
        self.page.on_report("weights_refused", self._weights_refused)
        window.addEventListener("drop", self._take_dropped, True)  # before `drawing.image_import`

    def render(self, state: State) -> None:
        """Show what became of the file opened last."""
        if not self.drawer.is_open:
            return
        show_notice(self.message, state.share.file_notice)
        set_flag(self.offer, "hidden", not state.share.file_offer)
        set_text(self.switch, f"Switch to {short_name(state.share.file_offer)} and open it")
        for element in self.buttons:
            set_flag(element, "disabled", not state.record.opened)

    def _fill(self, body: Element) -> None:
        self.buttons = [
            button(title, self._saver(file_format), text, f"download-{file_format}")
            for file_format, (title, text) in FORMATS.items()
        ]
        self.input = document.createElement("input")
        self.input.id, self.input.type, self.input.hidden = "file", "file", True
        self.input.accept = ",".join(SUFFIXES)
        self.input.bind("change", self._take_chosen)
        choose = button("Open a file…", lambda: self.input.click(), "Or drop it anywhere on this page.", "open-file")
        self.message = message("file-message")
        self.switch = button("", self._switch_and_open, name="file-switch")
        self.offer = row("The file's network", self.switch)
        label = document.createElement("span")
        label.className, label.textContent = "hint", "Download as"
        privacy = document.createElement("p")
        privacy.className, privacy.textContent = "help", "Files are read in this tab and sent to nobody."
        parts = (row("Download", label, *self.buttons), row("Open", choose, self.input), privacy)
        for part in (*parts, self.message, self.offer):
            body.appendChild(part)

    # Download

    def _saver(self, file_format: FileFormat) -> Callable[[], object]:
        return lambda: aio.run(self._save(file_format))

    async def _save(self, file_format: FileFormat) -> None:
        model, graph = self.state.model, {}
        try:
            if file_format == "onnx" and model in self.state.ready_models:  # the worker writes others itself
                graph = (await self._all_graphs())[model]
        except Exception:
            text = "The ONNX graph could not be fetched; the other formats do not need a connection."
            self._notify(text, "warning")
            return
        self.page.send(
            "save_file",
            model=model,
            form=file_format,
            metadata=JSON.stringify(self._metadata(model)),
            graph=JSON.stringify(graph),
        )

    def _metadata(self, model: str) -> dict[str, str]:
        provenance = version_descriptions.provenance(model, self.state.record_of(model))
        return {**provenance, "created_at": window.Date.new().toISOString()}

    async def _all_graphs(self) -> dict[str, Any]:
        if self._graphs is None:
            response = await window.fetch(absolute_url(document.body.dataset.graphs))
            self._graphs = JSON.parse(await response.text())
        return self._graphs

    def _download_saved(self, model: str, form: FileFormat, buffer: ArrayBuffer) -> None:
        download(f"{model}.{form}", buffer, MEDIA_TYPES[form])
        self._notify(f"{model}.{form} is in your downloads.", "good")

    # Open

    def _take_chosen(self, _event: Event) -> None:
        if self.input.files.length:
            self.open(self.input.files.item(0))
        self.input.value = ""  # so that the same file can be chosen again

    def _take_dropped(self, event: Event) -> None:
        """Open a dropped file, unless it is a picture for the drawing, or dropped onto the pad."""
        files = event.dataTransfer.files
        if not files.length:
            return
        file = files.item(0)
        is_weights = file.name.lower().endswith(SUFFIXES + FOREIGN_SUFFIXES)
        if is_weights or not (file.type.startswith("image/") or event.target.closest(".pad-frame")):
            event.preventDefault()
            self.tabs.show("share")
            self.drawer.open()
            self.drawer.element.scrollIntoView({"block": "nearest"})
            self.open(file)

    def open(self, file: Any) -> None:
        """Read a file and find out what it is; until then the network keeps its weights."""
        self._notify(f"Reading {file.name}…", "quiet")
        aio.run(self._read(file))

    async def _read(self, file: Any) -> None:
        self._number += 1
        self._name = file.name
        number = self._number
        try:
            start = window.Uint8Array.new(await file.slice(0, START).arrayBuffer())
            check_file(bytes([start[place] for place in range(start.length)]), file.size)
            buffer = await file.arrayBuffer()
        except FormatError as error:
            self._refused(number, str(error))
            return
        except Exception:
            self._notify(f"{file.name} could not be read: it was moved, or the browser may not read it.", "error")
            return
        selected = self.state.model
        # A file that does not say of which network it is belongs to one with ReLU, and without dropout.
        plain = [model for model in self.state.models if "." not in model["model"]]
        ordered = sorted(plain, key=lambda model: model["model"] != selected)
        shapes = {model["model"]: {p["name"]: p["shape"] for p in model["parameters"]} for model in ordered}
        self.page.send("open_file", number=number, buffer=buffer, networks=JSON.stringify(shapes))

    def _refused(self, number: int, message: str) -> None:
        if number == self._number:
            self._notify(f"{self._name}: {message}. This tab keeps the weights it has.", "error")

    def _take_opened(self, number: int, model: str, buffer: ArrayBuffer) -> None:
        if number != self._number:
            return
        if model == self.state.model:
            self._send_weights(model, buffer)
        else:
            self._offered = buffer
            self.page.dispatch("file_fits_another", name=self._name, model=model)

    def _switch_and_open(self) -> None:
        model, buffer = self.state.share.file_offer, self._offered
        if buffer is not None:
            self.page.dispatch("model_chosen", model=model)
            self.models.open_selected()
            self._send_weights(model, buffer)

    def _send_weights(self, model: str, buffer: ArrayBuffer) -> None:
        self._names[model], self._offered = self._name, None
        self.page.send("load_weights", model=model, buffer=buffer, origin="file")

    def _weights_taken(self, model: str, origin: str, **_fields: Any) -> None:
        if origin == "file":
            name = self._names.pop(model)
            self.page.dispatch("file_taken", model=model, name=name)
            self._notify(f"{name} is open: {short_name(model)} has its weights now.", "good")

    def _weights_refused(self, model: str, origin: str, message: str) -> None:
        if origin == "file":
            self._notify(f"{self._names.pop(model)}: {message}. This tab keeps the weights it has.", "error")

    def _notify(self, text: str, tone: Tone) -> None:
        self.page.dispatch("file_noticed", text=text, tone=tone)


def download(name: str, content: Any, media_type: str) -> None:
    """Give the person bytes as a file."""
    url = window.URL.createObjectURL(window.Blob.new([content], {"type": media_type}))
    link = document.createElement("a")
    link.href, link.download = url, name
    link.click()
    window.setTimeout(lambda: window.URL.revokeObjectURL(url), 1000)


def start(app: App) -> None:
    """Add files to the card of the shared weights."""
    app.page.views.append(WeightFiles(app))
