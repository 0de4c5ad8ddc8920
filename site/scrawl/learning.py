"""What events make of the networks: choosing one, its training, its weights. Pure; `transitions` includes the table.

Events that concern one network carry its `model`, and change its record whether it is the selected one or not.
"""

from scrawl import presets, text
from scrawl.state import Notice, State

# Said while there is nothing to train on; the first block makes both untrue.
FETCHING = "Fetching the first digits…"
NO_DIGITS = "The API is away, so there are no digits to learn from yet. Training begins when it is back."
UNDER_WAY = "The shared weights are still on their way. Until they come, this network can only guess."


# Networks


def _models_known(state: State, models: list) -> None:
    state.models = models
    forget_warning(state)
    _use_settings(state)


def forget_warning(state: State) -> None:
    """Take back what the page warned of as a whole: what was missing has come. Errors stay."""
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
    state.model = model
    state.training = False
    state.invalid = {}
    state.notices.pop("tune", None)
    _use_settings(state)
    if was_training:
        message = f"{text.short_name(left)} is paused; choose it again to go on where it stopped."
        state.record.notices["train"] = Notice(message)


def _use_settings(state: State) -> None:
    """Take what the person has filled in, as far as the network allows, and the network's own values otherwise."""
    state.settings = presets.settings_for(state.layers(), state.typed)


def _opened(state: State, model: str) -> None:
    state.record_of(model).opened = True
    ready_if_complete(state)


def ready_if_complete(state: State) -> None:
    """Let the page be used once there is a network with its first weights."""
    if state.record.opened and not state.awaiting_weights:
        state.phase = "ready"


# Training


def _setting_changed(state: State, name: str, text: str) -> None:
    value, problem = presets.check_setting(name, text, presets.limits_for(state.layers()))
    state.invalid = {other: why for other, why in state.invalid.items() if other != name}
    if problem:
        state.invalid[name] = problem
        return
    typed = {**state.typed, name: value}
    if name == "optimizer" and value != state.settings[name]:
        typed.pop("learning_rate", None)  # what suits one makes another diverge
        state.invalid.pop("learning_rate", None)
    state.typed = typed
    _use_settings(state)


def _settings_given(state: State, typed: dict) -> None:
    """All settings at once, as an address has them; what it does not name is the network's own again."""
    state.typed = dict(typed)
    state.invalid = {}
    _use_settings(state)


def _training_wanted(state: State, on: bool) -> None:
    state.training = on
    _begun(state)


def _step_wanted(state: State) -> None:
    _begun(state)


def _begun(state: State) -> None:
    state.record.touched = True
    if not state.record.iteration:
        state.record.run_settings = dict(state.settings)
    state.record.notices.pop("train", None)
    if not state.cached:
        state.record.notices["train"] = Notice(FETCHING)


def _progress(
    state: State,
    model: str,
    iteration: int,
    epoch: float,
    loss: float,
    accuracy: float,
    samples_per_second: float,
    points: list,
) -> None:
    record = state.record_of(model)
    record.iteration, record.epoch, record.loss, record.train_accuracy = iteration, epoch, loss, accuracy
    record.samples_per_second = samples_per_second
    for i in range(0, len(points), 3):
        record.history.add("train", points[i], points[i + 1], points[i + 2])


def _evaluated(
    state: State, model: str, iteration: int, loss: float, accuracy: float, count: int, on_curve: bool
) -> None:
    record = state.record_of(model)
    record.test_accuracy, record.test_count = accuracy, count
    if on_curve:
        record.history.add("test", iteration, loss, accuracy)


def _target_reached(state: State, model: str, iteration: int, accuracy: float) -> None:
    if model == state.model:
        state.training = False
    text = f"Stopped at iteration {iteration}: {100 * accuracy:.2f}% of all test digits are read correctly."
    state.record_of(model).notices["train"] = Notice(text, "good")


def _diverged(state: State, model: str, iteration: int, back_to: int) -> None:
    """The worker has stopped, and taken the last good weights again."""
    record = state.record_of(model)
    if model == state.model:
        state.training = False
    record.iteration = back_to
    if not back_to:
        record.loss = record.train_accuracy = None
    record.history.cut(back_to)
    record.scrubbed = -1
    message = (
        f"Training diverged at iteration {iteration}: the loss was no number any more. It has stopped, and the "
        f"weights of iteration {back_to} are back. A lower learning rate will help."
    )
    record.notices["train"] = Notice(message, "error")


def _checkpoint(state: State, model: str, number: int, iteration: int, test_accuracy: float) -> None:
    record = state.record_of(model)
    record.checkpoints = [*record.checkpoints, (number, iteration, test_accuracy)]


def _checkpoint_gone(state: State, model: str, number: int) -> None:
    record = state.record_of(model)
    record.checkpoints = [one for one in record.checkpoints if one[0] != number]


def _scrubbed(state: State, model: str, number: int) -> None:
    state.record_of(model).scrubbed = number


def _restored(state: State, model: str, number: int, iteration: int) -> None:
    record = state.record_of(model)
    if model == state.model:
        state.training = False
    record.iteration = iteration
    record.touched = True
    record.history.cut(iteration)
    accuracy = next((one[2] for one in record.checkpoints if one[0] == number), record.test_accuracy)
    record.test_accuracy = accuracy
    record.notices["train"] = Notice(f"The weights of iteration {iteration} are back; training goes on from there.")


def _blocks(state: State, cached: int, total: int, in_flight: int) -> None:
    for record in state.records.values():
        if cached and "train" in record.notices and record.notices["train"].text in (FETCHING, NO_DIGITS):
            del record.notices["train"]
    state.cached, state.blocks_total, state.worker_requests = cached, total, in_flight


def _block_refused(state: State, split: str, index: int, message: str) -> None:
    text = f"A block was refused ({split} {index}): {message}. Training goes on with the others."
    state.record.notices["train"] = Notice(text, "warning")


def _failed(state: State, message: str) -> None:
    state.record.notices["train"] = Notice(f"Something went wrong in the training thread: {message}", "error")


# Weights


def _weights_taken(state: State, model: str, origin: str, metadata: dict) -> None:
    """Other weights: what was measured before no longer holds."""
    record = state.record_of(model)
    record.origin, record.version = origin, metadata
    record.touched = origin == "random"
    record.start_over()
    record.notices.pop("train", None)
    if "weights" in record.notices and record.notices["weights"].text == UNDER_WAY:
        del record.notices["weights"]
    state.awaiting_weights = False
    ready_if_complete(state)


def _weights_late(state: State) -> None:
    """The first ones: the page can be used without."""
    if state.awaiting_weights:
        state.record.notices["weights"] = Notice(UNDER_WAY, "warning")
        state.awaiting_weights = False
        ready_if_complete(state)


def _weights_refused(state: State, model: str, message: str) -> None:
    text = f"The weights were refused: {message}. The network keeps those it has."
    _settled(state, model, text, "error")
    state.awaiting_weights = False
    ready_if_complete(state)


def _weights_sent(state: State, model: str, description: dict, etag: str) -> None:
    record = state.record_of(model)
    record.origin, record.version, record.etag = "sent", description, etag
    record.shared_iteration = record.iteration


def _busy(state: State, model: str, task: str, text: str, progress: float | None = None) -> None:
    record = state.record_of(model)
    record.busy, record.progress = task, progress
    record.notices["weights"] = Notice(text)


def _settled(state: State, model: str, text: str, tone: str) -> None:
    record = state.record_of(model)
    record.busy, record.progress = "", None
    record.notices["weights"] = Notice(text, tone)


def _etag_known(state: State, model: str, etag: str) -> None:
    state.record_of(model).etag = etag


TRANSITIONS = {
    "models_known": _models_known,
    "models_missing": _models_missing,
    "no_kernel": _no_kernel,
    "model_chosen": _model_chosen,
    "opened": _opened,
    "setting_changed": _setting_changed,
    "settings_given": _settings_given,
    "training_wanted": _training_wanted,
    "step_wanted": _step_wanted,
    "progress": _progress,
    "evaluated": _evaluated,
    "diverged": _diverged,
    "target_reached": _target_reached,
    "checkpoint": _checkpoint,
    "checkpoint_gone": _checkpoint_gone,
    "scrubbed": _scrubbed,
    "restored": _restored,
    "blocks": _blocks,
    "block_refused": _block_refused,
    "failed": _failed,
    "weights_taken": _weights_taken,
    "weights_late": _weights_late,
    "weights_refused": _weights_refused,
    "weights_sent": _weights_sent,
    "busy": _busy,
    "settled": _settled,
    "etag_known": _etag_known,
}
