"""The training card: buttons, settings, and the figures of the run. The curves are `views.curves`'s."""

from scrawl import text
from scrawl.dom import by_id, set_attribute, set_flag, set_text, show_notice

SETTING_IDS = {"batch_size": "batch-size", "learning_rate": "learning-rate", "cache_size": "cache-size"}


class TrainingView:
    """Owns the training buttons, the settings and the figures."""

    def __init__(self) -> None:
        self.train = by_id("train")
        self.train_label = self.train.querySelector("span")
        self.buttons = [self.train, by_id("step"), by_id("weights-new")]
        self.model = by_id("model")
        self.inputs = {name: by_id(name_on_page) for name, name_on_page in SETTING_IDS.items()}
        self._models: list = []
        self._shown: dict = {}  # figure → its text

    def render(self, state: object) -> None:
        """Show where training stands."""
        set_text(self.train_label, "Pause" if state.training else "Train")
        set_attribute(self.train, "data-on", "yes" if state.training else "no")
        for button in self.buttons:
            set_flag(button, "disabled", not state.opened)
        self._show_models(state)
        self._show_figures(state)
        for name, field in self.inputs.items():
            set_attribute(field, "aria-invalid", "true" if name in state.invalid else "false")
        show_notice(by_id("settings-message"), state.notices.get("settings"))
        show_notice(by_id("train-message"), state.notices.get("train"))

    def show_settings(self, settings: dict) -> None:
        """Fill in the settings' fields, which are the person's from then on."""
        for name, field in self.inputs.items():
            field.value = str(settings[name])

    def _show_figures(self, state: object) -> None:
        for name, shown in (
            ("iteration", str(state.iteration)),
            ("loss", text.loss(state.loss)),
            ("train-accuracy", text.percent(state.train_accuracy)),
            ("test-accuracy", text.percent(state.test_accuracy)),
            ("test-count", f"on {state.test_count} digits" if state.test_accuracy is not None else ""),
            ("samples-per-second", text.rounded(state.samples_per_second)),
            ("cached-blocks", str(state.cached)),
            ("blocks-total", f"of {state.blocks_total}" if state.blocks_total else ""),
            ("in-flight", str(state.page_requests + state.worker_requests)),
        ):
            if self._shown.get(name) != shown:
                self._shown[name] = shown
                by_id(name).textContent = shown

    def _show_models(self, state: object) -> None:
        set_flag(self.model, "disabled", not state.opened)
        if state.models is not self._models:
            self._models = state.models
            self.model.innerHTML = "".join(
                f'<option value="{model["model"]}">{model["title"]}</option>' for model in state.models
            )
            self.model.value = state.model
