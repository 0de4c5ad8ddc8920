"""Choosing a network, its settings, and asking for training. What training reports is in `training`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.state import formatting, settings
from scrawl.state.app_state import Notice

if TYPE_CHECKING:
    from scrawl.net.interfaces import NetworkDescription
    from scrawl.state.app_state import State, Transitions
    from scrawl.state.settings import Value

# Shown while there is nothing to train on.
FETCHING = "Fetching the first digits…"


def _models_known(state: State, models: list[NetworkDescription]) -> None:
    state.models, state.ready_models = models, [model["model"] for model in models]
    if not state.know(state.model):  # saved by a version that had other networks
        state.model = models[0]["model"]
    forget_warning(state)
    use_settings(state)


def forget_warning(state: State) -> None:
    """Remove a warning about the whole page: what was missing has come. Errors stay."""
    if "page" in state.notices and state.notices["page"].tone == "warning":
        del state.notices["page"]


def _models_missing(state: State, message: str, seconds: int) -> None:
    text = f"The list of networks did not come ({message}). Asking for it again in {seconds} s."
    state.notices["page"] = Notice(text, "warning")


def _no_kernel(state: State, message: str) -> None:
    text = f"Scrawl cannot read or train here: {message}. You can draw, and look around."
    state.notices["page"] = Notice(text, "error")


def _model_chosen(state: State, model: str) -> None:
    left, was_training = state.model, state.training
    if not state.know(model):
        return
    state.model = model
    state.training = False
    state.invalid = {}
    state.notices.pop("tune", None)
    use_settings(state)
    if was_training:
        message = f"{formatting.short_name(left)} is paused; choose it again to go on where it stopped."
        state.record.notices["train"] = Notice(message)


def use_settings(state: State) -> None:
    """Take what was filled in, as far as the network allows, and otherwise what suits it and its weights."""
    state.settings = settings.settings_for(state.layers(), state.typed, fresh=state.record.fresh)
    state.record.watched_from = state.record.iteration
    if "train" in state.record.notices and state.record.notices["train"].missing == "progress":
        del state.record.notices["train"]


def _opened(state: State, model: str) -> None:
    state.record_of(model).opened = True
    ready_if_complete(state)


def _not_opened(state: State, model: str, message: str) -> None:
    """The worker could not make a network: go back to one that it has."""
    opened = [known["model"] for known in state.models if state.record_of(known["model"]).opened]
    if model != state.model or model in opened or not state.ready_models:
        return
    state.models = [known for known in state.models if known["model"] in [*state.ready_models, *opened]]
    state.model = opened[0] if opened else state.ready_models[0]
    refused, instead = formatting.short_name(model), formatting.short_name(state.model)
    state.notices["page"] = Notice(f"{refused} cannot be made here: {message}. {instead} goes on.", "error")
    state.awaiting_weights = False
    use_settings(state)
    ready_if_complete(state)


def ready_if_complete(state: State) -> None:
    """Let the page be used once there is a network with its first weights."""
    if state.record.opened and not state.awaiting_weights:
        state.phase = "ready"


def _setting_changed(state: State, name: str, text: str) -> None:
    value, problem = settings.check_setting(name, text, settings.limits_for(state.layers()))
    state.invalid = {other: why for other, why in state.invalid.items() if other != name}
    if problem or value is None:
        state.invalid[name] = problem or ""
        return
    typed = {**state.typed, name: value}
    if name == "optimizer" and value != state.settings["optimizer"]:
        typed.pop("learning_rate", None)  # what suits one makes another diverge
        state.invalid.pop("learning_rate", None)
    state.typed = typed
    use_settings(state)


def _settings_given(state: State, typed: dict[str, Value]) -> None:
    """All settings at once, as an address has them; those it does not name are the network's own again."""
    state.typed = dict(typed)
    state.invalid = {}
    use_settings(state)


def _failed(state: State, message: str) -> None:
    """Whatever it was: the page must not wait for it."""
    state.awaiting_weights = False
    ready_if_complete(state)
    state.record.notices["train"] = Notice(f"Something went wrong in the training thread: {message}", "error")


def _training_wanted(state: State, on: bool) -> None:
    state.training = on
    _training_asked_for(state)


def _step_wanted(state: State) -> None:
    _training_asked_for(state)


def _training_asked_for(state: State) -> None:
    state.record.modified = True
    state.record.before_lessons = []  # what is learned from now on stands on them
    state.record.watched_from = state.record.iteration
    if not state.record.iteration:
        state.record.run_settings = {**state.settings}
    state.record.notices.pop("train", None)
    if not state.cached:
        state.record.notices["train"] = Notice(FETCHING, missing="digits")


TRANSITIONS: Transitions = {
    "models_known": _models_known,
    "models_missing": _models_missing,
    "warning_answered": forget_warning,
    "no_kernel": _no_kernel,
    "model_chosen": _model_chosen,
    "opened": _opened,
    "not_opened": _not_opened,
    "setting_changed": _setting_changed,
    "settings_given": _settings_given,
    "training_wanted": _training_wanted,
    "step_wanted": _step_wanted,
    "failed": _failed,
}
