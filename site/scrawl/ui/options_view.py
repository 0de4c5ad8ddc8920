"""Shows the form of `form`, the way through the epoch and the speeds; hands on what is filled in."""

from browser import self as window
from javascript import JSON

from scrawl.state import formatting, settings
from scrawl.state.app_state import Notice
from scrawl.ui import options_form
from scrawl.ui.dom import by_id, set_attribute, set_flag, set_text, show_notice
from scrawl.ui.fields import Fields, text_in
from scrawl.ui.speeds import compared
from scrawl.ui.training_view import SETTING_IDS

MOST_SEED = settings.SETTINGS["seed"].limits[1]


class OptionsView:
    """Owns #training-options."""

    def __init__(self, page: object) -> None:
        self.page = page
        by_id("training-options").innerHTML = options_form.html()
        self.names = [*options_form.MORE, "pace", "speed"]
        self.fields = Fields({name: by_id(options_form.id_of(name)) for name in self.names})
        for name, field in self.fields.fields.items():
            field.bind("input", self._changed(name, field))
        for name, place in SETTING_IDS.items():
            by_id(place).title = settings.SETTINGS[name].help
        by_id("seed-another").bind("click", self._another_seed)
        self.progress, self.progress_text = by_id("epoch-progress"), by_id("epoch-text")
        self.speeds = by_id("speeds").querySelector("ol")
        self._listed: tuple = ()  # the speeds as they are shown

    def render(self, state: object) -> None:
        """Show settings, progress and speeds."""
        self.fields.render(state)
        for name in options_form.MORE:
            why = state.invalid.get(name)
            show_notice(by_id(f"{options_form.id_of(name)}-message"), Notice(why, "error") if why else None)
        set_flag(by_id("momentum-field"), "hidden", state.settings["optimizer"] != "momentum")
        set_flag(by_id("speed-field"), "hidden", state.settings["pace"] != "slow")
        set_text(by_id("speed-text"), f"{state.settings['speed']:g}")
        epoch = state.record.epoch
        set_attribute(self.progress, "value", f"{epoch - int(epoch):.3f}")
        set_text(self.progress_text, options_form.epoch_text(epoch, state.training))
        if by_id("speeds").open:
            self._show_speeds(compared(state.model, state.record.samples_per_second))

    def _show_speeds(self, rows: list) -> None:
        shown = tuple((name, formatting.rounded(speed), f"{100 * share:.1f}%") for name, speed, share in rows)
        if shown != self._listed:
            self._listed = shown
            self.speeds.innerHTML = "".join(
                f'<li><span>{name}</span><span class="track"><i style="width: {share}"></i></span><b>{speed}</b></li>'
                for name, speed, share in shown
            )

    def _changed(self, name: str, field: object) -> object:
        return lambda _event: self._take(name, text_in(name, field))

    def _another_seed(self, _event: object) -> None:
        self._take("seed", str(int(window.Math.random() * (MOST_SEED + 1))))

    def _take(self, name: str, value: str) -> None:
        before = self.page.state.settings
        self.page.dispatch("setting_changed", name=name, text=value)
        if self.page.state.settings is not before:
            self.page.ask("settings", settings=JSON.stringify(self.page.state.settings))
