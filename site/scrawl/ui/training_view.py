"""The training card: its buttons, which answer at once, the settings always in view, and the figures of the run.

`curves_view` draws the curves, and `training_options` has the other settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.state import formatting
from scrawl.state.app_state import Notice
from scrawl.ui.dom import LastShown, by_id, set_attribute, set_flag, set_text, show_notice
from scrawl.ui.setting_fields import SettingFields

if TYPE_CHECKING:
    from scrawl.net.interfaces import NetworkDescription
    from scrawl.state.app_state import Record, State

SETTING_IDS = {"batch_size": "batch-size", "learning_rate": "learning-rate", "cache_size": "cache-size"}


class TrainingButtons:
    """Owns the training buttons. A frame view: a pressed button that says nothing is pressed again."""

    def __init__(self) -> None:
        self.train = by_id("train")
        self.label = self.train.querySelector("span")
        self.buttons = [self.train, by_id("step"), by_id("weights-new")]
        self._last = LastShown()

    def render(self, state: State) -> None:
        """Show whether it trains, and whether there is something to train."""
        if not self._last.differs(state.training, state.record.opened):
            return
        set_text(self.label, "Pause" if state.training else "Train")
        set_attribute(self.train, "data-on", "yes" if state.training else "no")
        for button in self.buttons:
            set_flag(button, "disabled", not state.record.opened)


class TrainingView:
    """Owns the settings and the figures."""

    def __init__(self) -> None:
        self.model = by_id("model")
        self.fields = SettingFields({name: by_id(name_on_page) for name, name_on_page in SETTING_IDS.items()})
        self._models: list[NetworkDescription] | None = None
        self._model = ""  # the one that is shown as chosen
        self._shown: dict[str, str] = {}  # figure → its text
        self._last = LastShown()

    def render(self, state: State) -> None:
        """Show where training stands."""
        self._show_models(state)
        self._show_figures(state)
        self.fields.render(state)
        wrong = [state.invalid[name] for name in SETTING_IDS if name in state.invalid]
        notice = state.record.notices.get("train")
        if self._last.differs(wrong, notice):
            show_notice(by_id("settings-message"), Notice(" ".join(wrong), "error") if wrong else None)
            show_notice(by_id("train-message"), notice)

    def _show_figures(self, state: State) -> None:
        for name, shown in (
            ("iteration", str(state.record.iteration)),
            ("loss", formatting.loss(state.record.loss)),
            ("train-accuracy", formatting.percent(state.record.train_accuracy)),
            ("test-accuracy", formatting.percent(state.record.test_accuracy)),
            ("test-count", _measured_on(state.record)),
            ("samples-per-second", formatting.rounded(state.record.samples_per_second)),
            ("threads", f"on {state.threads} cores" if state.threads > 1 else "on 1 core" if state.threads else ""),
            ("cached-blocks", str(state.cached)),
            ("blocks-total", f"of {state.blocks_total}" if state.blocks_total else ""),
            ("in-flight", str(state.page_requests + state.worker_requests)),
        ):
            if self._shown.get(name) != shown:
                self._shown[name] = shown
                by_id(name).textContent = shown

    def _show_models(self, state: State) -> None:
        set_flag(self.model, "disabled", not state.record.opened)
        listed = state.models is not self._models
        if listed:
            self._models = state.models
            self.model.innerHTML = "".join(_option(model) for model in state.models)
        if listed or state.model != self._model:
            self._model = self.model.value = state.model
            titles = [model["title"] for model in state.models if model["model"] == state.model]
            set_attribute(self.model, "title", titles[0] if titles else "")


def _measured_on(record: Record) -> str:
    """Return what the test accuracy was measured on, or why there is none."""
    if record.test_accuracy is not None:
        return f"on {record.test_count} digits"
    return f"not measured since your {'lesson' if record.lessons == 1 else 'lessons'}" if record.lessons else ""


def _option(model: NetworkDescription) -> str:
    return (
        f'<option value="{model["model"]}" title="{model["title"]}">{formatting.short_name(model["model"])}</option>'
    )
