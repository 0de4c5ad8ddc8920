"""What each event makes of the state: `apply(state, event, **fields)`.

Pure: `actions` and `sharing` carry out what follows. The worker's reports are events under their own names; the
others are the person's doings and the API's answers.
"""

from scrawl.history import History
from scrawl.state import Notice, State, check_setting

# Said while there is nothing to train on; the first block makes both untrue.
FETCHING = "Fetching the first digits…"
NO_DIGITS = "The API is away, so there are no digits to learn from yet. Training begins when it is back."


def apply(state: State, event: str, **fields: object) -> None:
    """Change the state as the event demands."""
    TRANSITIONS[event](state, **fields)


# Drawing


def _pen_down(state: State, x: float, y: float) -> None:
    state.drawing.begin(x, y)
    state.notices.pop("draw", None)
    state.notices.pop("tune", None)


def _pen_moved(state: State, points: list) -> None:
    state.drawing.extend(points)


def _undone(state: State) -> None:
    state.drawing.undo()


def _cleared(state: State) -> None:
    state.drawing.clear()
    state.notices.pop("draw", None)
    state.notices.pop("tune", None)


def _noticed(state: State, place: str, text: str, tone: str) -> None:
    state.notices[place] = Notice(text, tone)


def _sampled(state: State, picture: object, label: int) -> None:
    if picture is None:
        text = "The API is away and no block is cached yet: draw a digit, or try again once it is back."
        state.notices["draw"] = Notice(text, "warning")
        return
    state.drawing.show(picture, label)
    state.label = label
    state.notices["draw"] = Notice(f"A test digit that its writer meant as {label}. Draw over it, or undo.")
    state.notices.pop("tune", None)


def _predicted(state: State, blank: bool, picture: object, probabilities: list) -> None:
    state.blank = blank
    state.picture = picture
    state.probabilities = probabilities


# Training


def _opened(state: State) -> None:
    """A network is there, with no digits yet; what another one reported last no longer counts."""
    state.opened = True
    state.cached = 0
    _start_over(state)
    _ready_if_complete(state)


def _ready_if_complete(state: State) -> None:
    if state.opened and not state.awaiting_weights:
        state.phase = "ready"


def _setting_changed(state: State, name: str, text: str) -> None:
    value, problem = check_setting(name, text)
    state.invalid = [other for other in state.invalid if other != name]
    if problem:
        state.invalid.append(name)
        state.notices["settings"] = Notice(problem, "error")
        return
    state.settings = {**state.settings, name: value}
    if not state.invalid:
        state.notices.pop("settings", None)


def _training_wanted(state: State, on: bool) -> None:
    state.training = on
    state.touched = True
    if on and not state.cached:
        state.notices["train"] = Notice(FETCHING)


def _step_wanted(state: State) -> None:
    state.touched = True
    if not state.cached:
        state.notices["train"] = Notice(FETCHING)


def _progress(
    state: State, iteration: int, loss: float, accuracy: float, samples_per_second: float, training: bool
) -> None:
    state.iteration, state.loss, state.train_accuracy = iteration, loss, accuracy
    state.samples_per_second = samples_per_second
    state.history.add("train", iteration, loss, accuracy)
    if training and loss != loss:
        text = "The loss is no number any more: the learning rate was too high. Lower it and take new weights."
        state.notices["train"] = Notice(text, "error")


def _evaluated(state: State, iteration: int, loss: float, accuracy: float, count: int) -> None:
    state.test_accuracy, state.test_count = accuracy, count
    state.history.add("test", iteration, loss, accuracy)


def _blocks(state: State, cached: int, total: int, in_flight: int) -> None:
    if cached and "train" in state.notices and state.notices["train"].text in (FETCHING, NO_DIGITS):
        del state.notices["train"]
    state.cached, state.blocks_total, state.worker_requests = cached, total, in_flight


def _block_refused(state: State, split: str, index: int, message: str) -> None:
    text = f"A block was refused ({split} {index}): {message}. Training goes on with the others."
    state.notices["train"] = Notice(text, "warning")


def _source_failed(state: State, message: str, seconds: float) -> None:
    rest = f"Training goes on with the {state.cached} blocks it has." if state.cached else "Training waits for it."
    _api_away(state, f"{message}. {rest}", seconds)
    if not state.cached:
        state.notices["train"] = Notice(NO_DIGITS, "warning")


def _source_back(state: State) -> None:
    _api_up(state)


def _tuned(state: State, label: int, before: float, after: float, steps: int) -> None:
    word = "step" if steps == 1 else "steps"
    text = f"Learned in {steps} {word}: {label} went from {before:.0%} to {after:.0%}."
    state.notices["tune"] = Notice(text, "good")
    state.touched = True


def _label_chosen(state: State, label: int) -> None:
    state.label = label


def _failed(state: State, message: str) -> None:
    state.notices["train"] = Notice(f"Something went wrong in the training thread: {message}", "error")


# Weights


def _weights_taken(state: State, origin: str, metadata: dict) -> None:
    """Other weights: what was measured before no longer holds."""
    state.origin, state.version = origin, metadata
    state.touched = origin == "random"
    _start_over(state)
    state.notices.pop("train", None)
    state.awaiting_weights = False
    _ready_if_complete(state)


def _start_over(state: State) -> None:
    state.iteration, state.shared_iteration = 0, 0
    state.loss = state.train_accuracy = state.test_accuracy = None
    state.samples_per_second = 0.0
    state.history = History()


def _weights_refused(state: State, message: str) -> None:
    _settled(state, f"The weights were refused: {message}. The network keeps those it has.", "error")
    state.awaiting_weights = False
    _ready_if_complete(state)


def _weights_sent(state: State, description: dict, etag: str) -> None:
    state.origin, state.version, state.etag = "sent", description, etag
    state.shared_iteration = state.iteration


def _busy(state: State, task: str, text: str, progress: float | None = None) -> None:
    state.busy, state.progress = task, progress
    state.notices["weights"] = Notice(text)


def _settled(state: State, text: str, tone: str) -> None:
    state.busy, state.progress = "", None
    state.notices["weights"] = Notice(text, tone)


def _etag_known(state: State, etag: str) -> None:
    state.etag = etag


# The API


def _api_up(state: State) -> None:
    state.api, state.api_detail = "up", ""


def _api_away(state: State, message: str, seconds: float) -> None:
    state.api = "away"
    state.api_detail = f"{message} Asking again in {max(1, round(seconds))} s."
    state.awaiting_weights = False
    _ready_if_complete(state)


def _api_described(state: State, dataset: str) -> None:
    state.dataset = dataset


def _requests(state: State, count: int) -> None:
    state.page_requests = count


def _models_known(state: State, models: list) -> None:
    state.models = models


def _model_chosen(state: State, model: str) -> None:
    state.model = model
    state.opened = False
    state.training = False
    state.origin, state.version, state.touched = "", {}, False
    state.notices.pop("weights", None)
    _start_over(state)


TRANSITIONS = {
    "pen_down": _pen_down,
    "pen_moved": _pen_moved,
    "undone": _undone,
    "cleared": _cleared,
    "noticed": _noticed,
    "sampled": _sampled,
    "predicted": _predicted,
    "opened": _opened,
    "setting_changed": _setting_changed,
    "training_wanted": _training_wanted,
    "step_wanted": _step_wanted,
    "progress": _progress,
    "evaluated": _evaluated,
    "blocks": _blocks,
    "block_refused": _block_refused,
    "source_failed": _source_failed,
    "source_back": _source_back,
    "tuned": _tuned,
    "label_chosen": _label_chosen,
    "failed": _failed,
    "weights_taken": _weights_taken,
    "weights_refused": _weights_refused,
    "weights_sent": _weights_sent,
    "busy": _busy,
    "settled": _settled,
    "etag_known": _etag_known,
    "api_up": _api_up,
    "api_away": _api_away,
    "api_described": _api_described,
    "requests": _requests,
    "models_known": _models_known,
    "model_chosen": _model_chosen,
}
