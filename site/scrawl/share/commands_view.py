"""Commands that do with the API what is on screen, to copy: curl or Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio, document
from browser import self as window

from scrawl.share.command_snippets import LANGUAGES, NEEDS_DRAWING, TASKS, CommandContext, image_json, snippet
from scrawl.share.drawer import Drawer, button, row
from scrawl.share.share_state import unshared_reason
from scrawl.storage.restore import to_base64
from scrawl.ui.canvas import ink_picture
from scrawl.ui.dom import set_flag, set_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from browser import Element
    from browser.arrays import Uint8Array

    from scrawl.app.app import App
    from scrawl.share.command_snippets import CommandTask, Language
    from scrawl.state.app_state import State

WHITE, BLACK = "rgb(255, 255, 255)", "#000"
SHOWN_FOR = 2500  # milliseconds


class CommandsView:
    """Owns the drawer #copying."""

    def __init__(self, app: App) -> None:
        self.page, self.base = app.page, app.api.base
        self.drawer = Drawer("copying", "As commands", "what is on screen, as curl or Python", self._fill)
        self._shown: tuple[object, ...] = ()

    def render(self, state: State) -> None:
        """Show the command for what is on screen now."""
        if not self.drawer.is_open:
            return
        task = next(task for task in TASKS if task == self.task.value)
        language = next(language for language in LANGUAGES if language == self.language.value)
        set_text(self.result, state.share.copy_result)
        reason = unshared_reason(state)
        shown = (
            *(task, language, state.model, state.label, id(state.picture), state.blank),
            *(state.share.token_used, reason),
        )
        if self._shown == shown:
            return
        self._shown = shown
        lacks_drawing = task in NEEDS_DRAWING and (state.blank or state.picture is None)
        problem = reason or ("Draw a digit first." if lacks_drawing else "")
        set_flag(self.copy, "disabled", bool(problem))
        set_text(self.code, problem or snippet(task, language, self._context(state, task)))

    def _fill(self, body: Element) -> None:
        self.task = _select("copy-task", "What to do", "What the command asks the API for.", TASKS)
        self.language = _select("copy-language", "Language", "For a terminal, or for a program.", LANGUAGES)
        for element in (self.task, self.language):
            element.bind("change", lambda _event: self.page.request_render())
        self.copy = button("Copy", lambda: aio.run(self._copy()), "Copy it to the clipboard.", "copy-code")
        self.result = document.createElement("span")
        self.result.className = "hint"
        self.result.setAttribute("role", "status")
        self.code = document.createElement("pre")
        self.code.id, self.code.tabIndex = "code", 0
        self.code.setAttribute("aria-label", "The command")
        body.appendChild(row("Command", self.task, self.language, self.copy, self.result))
        body.appendChild(self.code)

    def _context(self, state: State, task: CommandTask) -> CommandContext:
        context = CommandContext(self.base, state.model)
        context.label = state.label
        context.needs_token = state.share.token_used
        if task in NEEDS_DRAWING and state.picture is not None:
            picture = window.Uint8Array.new(state.picture)
            context.png = _png(picture)
            context.pixels = to_base64(picture)
            context.image = image_json(list(picture))
        return context

    async def _copy(self) -> None:
        try:
            await window.navigator.clipboard.writeText(self.code.textContent)
            self._show_result("Copied.")
        except Exception:  # no permission, or no secure page: let the person press Ctrl+C
            window.getSelection().selectAllChildren(self.code)
            self._show_result("Selected; copy it with Ctrl+C.")

    def _show_result(self, text: str) -> None:
        self.page.dispatch("command_copied", value=text)
        window.setTimeout(lambda: self.page.dispatch("command_copied", value=""), SHOWN_FOR)


def _select(
    name: str, label: str, title: str, options: Mapping[CommandTask, str] | Mapping[Language, str]
) -> Element:
    made = document.createElement("select")
    made.id, made.title = name, title
    made.setAttribute("aria-label", label)
    for value, text in options.items():
        option = document.createElement("option")
        option.value, option.textContent = value, text
        made.appendChild(option)
    return made


def _png(picture: Uint8Array) -> str:
    """Return a picture as a PNG in base64: white on black, as MNIST's digits are."""
    canvas = ink_picture(picture, WHITE)
    context = canvas.getContext("2d")
    context.globalCompositeOperation = "destination-over"
    context.fillStyle = BLACK
    context.fillRect(0, 0, 28, 28)
    png: str = canvas.toDataURL("image/png").split(",")[1]
    return png


def start(app: App) -> None:
    """Add the commands to the card of the shared weights."""
    app.page.views.append(CommandsView(app))
