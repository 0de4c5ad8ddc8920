"""What is on screen as a command to copy: curl or Python, against the API that this page talks to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio, document
from browser import self as window

from scrawl.drawing.pad_view import ink_picture
from scrawl.share import command_snippets
from scrawl.share.drawer import Drawer, button, row
from scrawl.storage.restore import to_base64
from scrawl.ui.dom import set_flag, set_text

if TYPE_CHECKING:
    from scrawl.app.app import App

WHITE, BLACK = "rgb(255, 255, 255)", "#000"
SAID_FOR = 2500  # milliseconds


class Copying:
    """Owns the drawer #copying."""

    def __init__(self, app: App) -> None:
        self.page, self.base = app.page, app.api.base
        self.state = app.page.state
        self.drawer = Drawer("copying", "As commands", "what is on screen, as curl or Python", self._fill)
        self._shown: tuple = ()

    def render(self, state: object) -> None:
        """Show the command for what is on screen now."""
        if not self.drawer.is_open:
            return
        task, language = self.task.value, self.language.value
        lacking = task in command_snippets.NEEDS_DRAWING and (state.blank or state.picture is None)
        set_flag(self.copy, "disabled", lacking)
        now = (task, language, state.model, state.label, id(state.picture), lacking, state.share.token_used)
        if self._shown != now:
            self._shown = now
            set_text(
                self.code,
                "Draw a digit first." if lacking else command_snippets.snippet(task, language, self._scene()),
            )
        set_text(self.said, state.share.copied)

    def _fill(self, body: object) -> None:
        self.task = _select("copy-task", "What to do", "What the command asks the API for.", command_snippets.TASKS)
        self.language = _select(
            "copy-language", "Language", "For a terminal, or for a program.", command_snippets.LANGUAGES
        )
        for element in (self.task, self.language):
            element.bind("change", lambda _event: self.page.request_render())
        self.copy = button("Copy", lambda: aio.run(self._copy()), "Copy it to the clipboard.", "copy-code")
        self.said = document.createElement("span")
        self.said.className = "hint"
        self.said.setAttribute("role", "status")
        self.code = document.createElement("pre")
        self.code.id, self.code.tabIndex = "code", 0
        self.code.setAttribute("aria-label", "The command")
        body.appendChild(row("Command", self.task, self.language, self.copy, self.said))
        body.appendChild(self.code)

    def _scene(self) -> object:
        scene = command_snippets.Scene(self.base, self.state.model)
        scene.label = self.state.label
        scene.needs_token = self.state.share.token_used
        if self.task.value in command_snippets.NEEDS_DRAWING:
            scene.png = _png(self.state.picture)
            scene.pixels = to_base64(self.state.picture)
            scene.image = command_snippets.image_json(list(self.state.picture))
        return scene

    async def _copy(self) -> None:
        try:
            await window.navigator.clipboard.writeText(self.code.textContent)
            self._say("Copied.")
        except Exception:  # no permission, or no secure page: let the person press Ctrl+C
            window.getSelection().selectAllChildren(self.code)
            self._say("Selected; copy it with Ctrl+C.")

    def _say(self, text: str) -> None:
        self.page.dispatch("copied", value=text)
        window.setTimeout(lambda: self.page.dispatch("copied", value=""), SAID_FOR)


def _select(name: str, label: str, title: str, options: dict) -> object:
    made = document.createElement("select")
    made.id, made.title = name, title
    made.setAttribute("aria-label", label)
    for value, text in options.items():
        option = document.createElement("option")
        option.value, option.textContent = value, text
        made.appendChild(option)
    return made


def _png(picture: object) -> str:
    """Return a picture as a PNG in base64: white on black, as MNIST's digits are."""
    canvas = ink_picture(picture, WHITE)
    context = canvas.getContext("2d")
    context.globalCompositeOperation = "destination-over"
    context.fillStyle = BLACK
    context.fillRect(0, 0, 28, 28)
    return canvas.toDataURL("image/png").split(",")[1]


def start(app: App) -> None:
    """Add the commands to the card of the shared weights."""
    app.page.views.append(Copying(app))
