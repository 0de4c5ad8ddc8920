"""The training card's further options: more settings, the pace, progress through the epoch, and how fast others are.

The form is made from the table in `state.settings`. The buttons and the settings that are always in view are
`training_view`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window

from scrawl.state import formatting, settings
from scrawl.state.app_state import Notice
from scrawl.ui.dom import LastShown, by_id, set_attribute, set_flag, set_text, show_notice
from scrawl.ui.setting_fields import SettingFields, text_in
from scrawl.ui.training_view import SETTING_IDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser import Element, Event

    from scrawl.app.app import App
    from scrawl.app.page import Page
    from scrawl.state.app_state import State


GREATEST_SEED = settings.limits_for([])["seed"][1]
# Those in the closed part, in their order; pace and speed stand beside it.
MORE = ("optimizer", "momentum", "weight_decay", "augment", "seed", "target", "cores")
STEPS = {"whole": "1", "number": "any", "percent": "any"}
UNITS = {"target": "% right", "speed": ""}
# How fast other libraries train the same networks, from docs/benchmarks.md, which says how that was measured.
OURS = "Scrawl"
# model → (library, samples per second): in the same browser, and PyTorch beside it; batches of 128, plain SGD.
SPEEDS = {
    "mlp-128": (
        (OURS, 349_000),
        ("PyTorch, 1 thread", 148_000),
        ("onnxruntime-web", 52_600),
        ("TensorFlow.js (WASM)", 7_550),
        ("ConvNetJS", 4_770),
    ),
    "mlp-128-64": (
        (OURS, 233_000),
        ("PyTorch, 1 thread", 128_000),
        ("onnxruntime-web", 42_700),
        ("TensorFlow.js (WASM)", 4_910),
        ("ConvNetJS", 3_640),
    ),
    "conv-32-64": ((OURS, 4_750), ("PyTorch, 1 thread", 2_060), ("onnxruntime-web", 939)),
}


def start(app: App) -> None:
    """Add them to the page."""
    app.page.views.append(TrainingOptionsView(app.page))
    app.page.request_render()


class TrainingOptionsView:
    """Owns #training-options."""

    def __init__(self, page: Page) -> None:
        self.page = page
        by_id("training-options").innerHTML = form_html()
        self.names = [*MORE, "pace", "speed"]
        self.fields = SettingFields({name: by_id(id_of(name)) for name in self.names})
        for name, field in self.fields.fields.items():
            field.bind("input", self._handler(name, field))
        for name, place in SETTING_IDS.items():
            by_id(place).title = settings.SETTINGS[name].help
        by_id("seed-another").bind("click", self._another_seed)
        self.progress, self.progress_text = by_id("epoch-progress"), by_id("epoch-text")
        self.speeds = by_id("speeds").querySelector("ol")
        self._last, self._last_speeds = LastShown(), LastShown()

    def render(self, state: State) -> None:
        """Show settings, progress and speeds."""
        self.fields.render(state)
        invalid = [state.invalid.get(name, "") for name in MORE]
        optimizer, pace, speed = (state.settings[name] for name in ("optimizer", "pace", "speed"))
        if self._last.differs(invalid, state.threads, state.why_single, optimizer, pace, speed):
            for name, why in zip(MORE, invalid, strict=True):
                show_notice(by_id(f"{id_of(name)}-message"), Notice(why, "error") if why else None)
            set_text(by_id("cores-help"), cores_text(state.threads, state.why_single))
            set_flag(by_id("momentum-field"), "hidden", optimizer != "momentum")
            set_flag(by_id("speed-field"), "hidden", pace != "slow")
            set_text(by_id("speed-text"), f"{speed:g}")
        epoch = state.record.epoch
        set_attribute(self.progress, "value", f"{epoch - int(epoch):.3f}")
        set_text(self.progress_text, epoch_text(epoch, state.training))
        if by_id("speeds").open:
            self._show_speeds(compare_speeds(state.model, state.record.samples_per_second))

    def _show_speeds(self, rows: list[tuple[str, float, float]]) -> None:
        shown = tuple((name, formatting.rounded(speed), f"{100 * share:.1f}%") for name, speed, share in rows)
        if self._last_speeds.differs(shown):
            self.speeds.innerHTML = "".join(
                f'<li><span>{name}</span><span class="track"><i style="width: {share}"></i></span><b>{speed}</b></li>'
                for name, speed, share in shown
            )

    def _handler(self, name: str, field: Element) -> Callable[[Event], None]:
        return lambda _event: self._change(name, text_in(name, field))

    def _another_seed(self, _event: object) -> None:
        self._change("seed", str(int(window.Math.random() * (GREATEST_SEED + 1))))

    def _change(self, name: str, value: str) -> None:
        self.page.dispatch("setting_changed", name=name, text=value)


def id_of(name: str) -> str:
    """Return the id of a setting's field."""
    return name.replace("_", "-")


def form_html() -> str:
    """Return what goes into #training-options."""
    more = "".join(field_html(name) for name in MORE)
    return f"""<div class="pace">{field_html("pace")}{_speed_html()}</div>
<div class="epoch"><progress id="epoch-progress" max="1" value="0" aria-label="Progress through the epoch"></progress>
<span id="epoch-text" class="hint">Epoch 1 has not started</span></div>
<details id="more-settings" class="more"><summary>More settings</summary><div class="options">{more}</div></details>
<details id="speeds" class="more"><summary>Speed beside other libraries</summary><ol class="speeds"></ol>
<p class="help">Only the first bar is yours. The others were measured on the machine of Scrawl's authors, in
batches of 128 with plain SGD; docs/benchmarks.md says how.</p></details>"""


def field_html(name: str) -> str:
    """Return a setting's field with its title, its help and a place for what is wrong with it."""
    setting, place = settings.SETTINGS[name], id_of(name)
    described = f'aria-describedby="{place}-help {place}-message"'
    unit = f' <span class="unit">{UNITS[name]}</span>' if UNITS.get(name) else ""
    label = f'<label for="{place}">{setting.title}{unit}</label>'
    if setting.kind == "switch":
        control = f'<input id="{place}" type="checkbox" {described}>'
    elif setting.kind == "choice":
        options = "".join(f'<option value="{value}">{title}</option>' for value, title in setting.choices)
        control = f'<select id="{place}" {described}>{options}</select>'
    else:
        low, high = settings.limits_for([])[name]
        limits = f'min="{low:g}" max="{high:g}" step="{STEPS[setting.kind]}"'
        control = f'<input id="{place}" type="number" {limits} inputmode="decimal" required {described}>'
    if name == "seed":
        control = (
            f'<span class="with-button">{control}'
            '<button type="button" id="seed-another" title="Choose one at random.">Another</button></span>'
        )
    return f"""<div class="field kind-{setting.kind}" id="{place}-field">{label}{control}
<p class="help" id="{place}-help">{setting.help}</p>
<p class="message" id="{place}-message" role="status" hidden></p></div>"""


def _speed_html() -> str:
    """Return the slider for slow motion."""
    setting = settings.SETTINGS["speed"]
    low, high = settings.limits_for([])["speed"]
    return f"""<div class="field" id="speed-field" hidden><label for="speed">{setting.title}
<output id="speed-text" class="unit"></output></label>
<input id="speed" type="range" min="{low:g}" max="{high:g}" step="0.2" title="{setting.help}"></div>"""


def cores_text(threads: int, why_single: str) -> str:
    """Return how many threads train, and why it is one where it could be more."""
    if why_single:
        return f"One thread trains: {why_single}."
    now = f" Now {threads} thread{'s' * (threads > 1)} train{'s' * (threads == 1)}." if threads else ""
    return settings.SETTINGS["cores"].help + now


def epoch_text(epoch: float, training: bool) -> str:
    """Return in words how far a run is."""
    if not epoch:
        return "Epoch 1 starts" if training else "Epoch 1 has not started"
    complete = int(epoch)
    return f"Epoch {complete + 1}, {100 * (epoch - complete):.0f}% through"


def compare_speeds(model: str, samples_per_second: float) -> list[tuple[str, float, float]]:
    """Return (name, samples per second, share of the greatest) of this tab and the others, if they were measured."""
    others = SPEEDS.get(model, ())
    if not others:
        return []
    rows = [("This tab, now", samples_per_second), *((f"{OURS}, there" if n == OURS else n, s) for n, s in others)]
    most = max(speed for _, speed in rows)
    return [(name, speed, speed / most) for name, speed in rows]
