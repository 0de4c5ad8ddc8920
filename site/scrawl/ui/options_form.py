"""The form for the settings that are not always in view, as HTML made from the table in `presets`. Pure."""

from scrawl.state import settings

# Those in the closed part, in their order; pace and speed stand beside it.
MORE = ("optimizer", "momentum", "weight_decay", "augment", "seed", "target")
STEPS = {"whole": "1", "number": "any", "percent": "any"}
UNITS = {"target": "% right", "speed": ""}


def id_of(name: str) -> str:
    """Return the id of a setting's field."""
    return name.replace("_", "-")


def html() -> str:
    """Return what goes into #training-options."""
    more = "".join(field(name) for name in MORE)
    return f"""<div class="pace">{field("pace")}{_speed()}</div>
<div class="epoch"><progress id="epoch-progress" max="1" value="0" aria-label="Progress through the epoch"></progress>
<span id="epoch-text" class="hint">Epoch 1 has not begun</span></div>
<details id="more-settings" class="more"><summary>More settings</summary><div class="options">{more}</div></details>
<details id="speeds" class="more"><summary>Speed beside other libraries</summary><ol class="speeds"></ol>
<p class="help">Only the first bar is yours. The others were measured on the machine of Scrawl's authors, in
batches of 128 with plain SGD; docs/benchmarks.md says how.</p></details>"""


def field(name: str) -> str:
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
        low, high = setting.limits
        limits = f'min="{low:g}" max="{high:g}" step="{STEPS[setting.kind]}"'
        control = f'<input id="{place}" type="number" {limits} inputmode="decimal" required {described}>'
    if name == "seed":
        control = (
            f'<span class="with-button">{control}'
            '<button type="button" id="seed-another" title="Draw lots.">Another</button></span>'
        )
    return f"""<div class="field kind-{setting.kind}" id="{place}-field">{label}{control}
<p class="help" id="{place}-help">{setting.help}</p>
<p class="message" id="{place}-message" role="status" hidden></p></div>"""


def _speed() -> str:
    """Return the slider for slow motion."""
    setting = settings.SETTINGS["speed"]
    low, high = setting.limits
    return f"""<div class="field" id="speed-field" hidden><label for="speed">{setting.title}
<output id="speed-text" class="unit"></output></label>
<input id="speed" type="range" min="{low:g}" max="{high:g}" step="0.2" title="{setting.help}"></div>"""


def epoch_text(epoch: float, training: bool) -> str:
    """Return in words how far a run is."""
    if not epoch:
        return "Epoch 1 begins" if training else "Epoch 1 has not begun"
    complete = int(epoch)
    return f"Epoch {complete + 1}, {100 * (epoch - complete):.0f}% through"
