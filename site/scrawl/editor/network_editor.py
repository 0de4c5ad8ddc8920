"""The layer editor's view: fields for the layers, what the network would cost, and the button that uses it.

The draft that it shows is `network_draft`'s; while there is none, it shows the selected network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document

from scrawl.editor import network_draft
from scrawl.editor.network_draft import TRANSITIONS, Draft, draft_of
from scrawl.net import names
from scrawl.net.names import UnknownNetworkError
from scrawl.share.drawer import button
from scrawl.state import formatting, transitions
from scrawl.state.app_state import Notice
from scrawl.ui.dom import by_id, set_attribute, set_flag, set_text, show_notice

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser import Element, Event

    from scrawl.app.app import App
    from scrawl.net.names import Architecture
    from scrawl.state.app_state import State

FORM = """<summary>Layers of a network of your own</summary>
<div class="layers"><p class="hint" id="editor-start">28 × 28 pixels</p><ol id="editor-layers"></ol>
<p class="hint">10 digits</p></div>
<div class="row" role="group" aria-label="Add a layer" id="editor-add"></div>
<div class="options"><div class="field"><label for="editor-activation">Activation</label>
<select id="editor-activation" aria-describedby="activation-help">{activations}</select>
<p class="help" id="activation-help">What each hidden unit makes of its sum.</p></div>
<div class="field"><label for="editor-dropout">Dropout <span class="unit">%</span></label>
<input id="editor-dropout" type="number" inputmode="numeric" min="0" max="{dropout}" step="5"
aria-describedby="dropout-help">
<p class="help" id="dropout-help">So many hidden units are left out, at random, in each step: against learning by
heart.</p></div></div>
<dl class="costs"><div><dt>Name</dt><dd id="editor-name"></dd></div>
<div><dt>Parameters</dt><dd id="editor-parameters"></dd></div>
<div><dt title="From how fast this tab has trained, or the authors' machine did.">Speed, about</dt>
<dd id="editor-speed"></dd></div>
<div><dt>Memory</dt><dd id="editor-memory"></dd></div></dl>
<p id="editor-message" class="message" role="status" hidden></p>
<div class="row" role="group" aria-label="Use the network" id="editor-use"></div>"""
TITLES = {"channels": "Convolution", "hidden": "Dense"}
UNITS = {"channels": "channels", "hidden": "units"}
WHAT_IT_IS = {
    "channels": "Looks at 3 × 3 pixels at a time, for a pattern in each channel, and halves the picture.",
    "hidden": "Each unit weighs all that the layer before says.",
}
LIMITS = {"channels": (names.LEAST_CHANNELS, names.MOST_CHANNELS, 8), "hidden": (1, names.MOST_UNITS, 1)}


class NetworkEditor:
    """Owns #network-editor, and #network-edit, which opens it."""

    def __init__(self, app: App) -> None:
        self.app, self.page = app, app.page
        self.root = document.createElement("details")
        self.root.id, self.root.className = "network-editor", "more"
        activations = "".join(
            f'<option value="{kind}">{title}</option>' for kind, title in names.ACTIVATION_TITLES.items()
        )
        self.root.innerHTML = FORM.format(activations=activations, dropout=names.MOST_DROPOUT)
        by_id("training-options").insertAdjacentElement("beforebegin", self.root)
        self.list = by_id("editor-layers")
        self.use = button("Use this network", self._use, "It starts with random weights.", "editor-use-it")
        self.back = button(
            "Back to the selected one", lambda: self._draft(None), "Undo what you changed here.", "editor-back"
        )
        self.add = {
            field: button(f"Add: {TITLES[field].lower()}", self._adder(field), WHAT_IT_IS[field])
            for field in ("channels", "hidden")
        }
        for place, parts in (("editor-add", self.add.values()), ("editor-use", (self.use, self.back))):
            for part in parts:
                by_id(place).appendChild(part)
        for field in ("activation", "dropout"):
            by_id(f"editor-{field}").bind("input", self._changer(field, 0))
        self.root.bind("toggle", lambda _event: self.page.request_render())
        opener = by_id("network-edit")
        opener.bind("click", self._open)
        opener.disabled = False
        self._rows: list[tuple[str, int]] = []  # (field, its place) of those that are shown

    def render(self, state: State) -> None:
        """Show the draft, or the selected network."""
        if not self.root.open:
            return
        # Only of a keyboard: to give a field a finger's focus would bring up a phone's keys.
        focused = self.root.querySelector(":focus-visible")
        draft = state.draft or draft_of(state.model)
        rows = [(field, place) for field in ("channels", "hidden") for place in range(len(getattr(draft, field)))]
        if rows != self._rows:
            self._rows = rows
            self.list.innerHTML = "".join(
                self._row_html(field, place, len(getattr(draft, field))) for field, place in rows
            )
            for field, place in rows:
                by_id(f"editor-{field}-{place}").bind("input", self._changer(field, place))
                by_id(f"editor-remove-{field}-{place}").bind("click", self._remover(field, place))
        for field, place in rows:
            _show_value(by_id(f"editor-{field}-{place}"), getattr(draft, field)[place])
        _show_value(by_id("editor-activation"), draft.activation)
        _show_value(by_id("editor-dropout"), draft.dropout)
        set_flag(self.add["channels"], "disabled", len(draft.channels) >= names.MOST_BLOCKS)
        set_flag(self.add["hidden"], "disabled", len(draft.hidden) >= names.MOST_LAYERS)
        set_flag(self.back, "disabled", state.draft is None)
        self._show_costs(state, draft)
        if focused and (focused.matches(":disabled") or not focused.isConnected):
            self._pass_focus_on(focused.id)

    def _pass_focus_on(self, name: str) -> None:
        """Give the focus to what has the same name now, else to the last layer: what had it cannot be used now."""
        field, place = self._rows[-1]
        last, same = by_id(f"editor-{field}-{place}"), document.getElementById(name)
        (last if same is None or same.matches(":disabled") else same).focus()

    def _show_costs(self, state: State, draft: Draft) -> None:
        try:
            architecture = draft.architecture()
        except UnknownNetworkError as error:
            show_notice(by_id("editor-message"), Notice(f"This is no network: {error}.", "error"))
            set_flag(self.use, "disabled", True)
            for name in ("name", "parameters", "speed", "memory"):
                set_text(by_id(f"editor-{name}"), "–")
            return
        show_notice(by_id("editor-message"), None)
        set_flag(self.use, "disabled", architecture.name() == state.model)
        for name, text in costs(architecture, state.model, state.record.samples_per_second).items():
            set_text(by_id(f"editor-{name}"), text)

    def _row_html(self, field: str, place: int, count: int) -> str:
        name = f"editor-{field}-{place}"
        low, high, step = LIMITS[field]
        title = f"{TITLES[field]} {place + 1}"
        off = " disabled" if field == "hidden" and count == 1 else ""
        return (
            f'<li><label for="{name}">{title}</label><input id="{name}" type="number" inputmode="numeric" '
            f'min="{low}" max="{high}" step="{step}" required title="From {low:,} to {high:,} {UNITS[field]}.">'
            f'<span class="unit">{UNITS[field]}</span>'
            f'<button type="button" class="square" id="editor-remove-{field}-{place}" title="Remove this layer." '
            f'aria-label="Remove {title}"{off}>×</button></li>'
        )

    # What the person does

    def _open(self, _event: Event) -> None:
        self.app.tabs.show("train")
        self.root.open = True
        self.root.scrollIntoView({"block": "nearest"})
        self.root.querySelector("summary").focus()

    def _current(self) -> Draft:
        return self.page.state.draft or draft_of(self.page.state.model)

    def _draft(self, draft: Draft | None) -> None:
        self.page.dispatch("draft_changed", draft=draft)

    def _adder(self, field: str) -> Callable[[], None]:
        return lambda: self._draft(self._current().added(field))

    def _changer(self, field: str, place: int) -> Callable[[Event], None]:
        return lambda event: self._draft(self._current().changed(field, place, event.target.value))

    def _remover(self, field: str, place: int) -> Callable[[Event], None]:
        return lambda _event: self._draft(self._current().removed(field, place))

    def _use(self) -> None:
        model = self._current().architecture().name()
        self._draft(None)
        self.app.models.choose(model)
        self.app.initial_weights.request()


def costs(architecture: Architecture, measured_model: str, measured: float) -> dict[str, str]:
    """Return in words what a network costs: name, parameters, speed, memory."""
    speed = network_draft.samples_per_second(architecture, measured_model, measured)
    return {
        "name": architecture.name(),
        "parameters": f"{architecture.parameter_count():,}",
        "speed": f"{int(formatting.rounded(speed)):,} digits a second",
        "memory": f"{max(1, round(network_draft.memory(architecture) / 1e6))} MB while it trains",
    }


def _show_value(field: Element, text: str) -> None:
    """Show a text in a field, unless the person has typed it there."""
    if field.value != text:
        field.value = text
    set_attribute(field, "aria-invalid", "false")


def start(app: App) -> None:
    """Add the editor to the page."""
    transitions.register(TRANSITIONS)
    app.page.state.draft = None
    app.page.views.append(NetworkEditor(app))
    app.page.request_render()
