"""What the worker reports about training: figures, checkpoints, how a run ends, and the digits it learns from.

The worker trains once it has the second bundle, so this comes with that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.state import formatting, learning_advice
from scrawl.state.app_state import Notice
from scrawl.state.transitions import register
from scrawl.state.transitions.api import api_away, api_up

if TYPE_CHECKING:
    from scrawl.app.app import App
    from scrawl.state.app_state import Record, State, Transitions

NO_DIGITS = "The API is away, so there are no digits to learn from yet. Training starts when it is back."


def _progress(
    state: State,
    model: str,
    iteration: int,
    epoch: float,
    loss: float,
    accuracy: float,
    samples_per_second: float,
    points: list[float],
) -> None:
    record = state.record_of(model)
    record.iteration, record.epoch, record.loss, record.train_accuracy = iteration, epoch, loss, accuracy
    record.samples_per_second = samples_per_second
    _watch(state, record)
    for i in range(0, len(points), 3):
        record.history.add("train", int(points[i]), points[i + 1], points[i + 2])


def _watch(state: State, record: Record) -> None:
    """Say so when the selected network does not learn, and why, until it does."""
    if record is not state.record or record.loss is None or record.train_accuracy is None:
        return
    steps = record.iteration - record.watched_from
    advice = learning_advice.advice(state.settings, steps, record.loss, record.train_accuracy)
    said = record.notices.get("train")
    if advice and (said is None or said.missing == "progress"):
        record.notices["train"] = Notice(advice, "warning", missing="progress")
    elif not advice and said is not None and said.missing == "progress":
        del record.notices["train"]


def _team_changed(state: State, threads: int, why_single: str) -> None:
    state.threads, state.why_single = threads, why_single


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
    record.shown_checkpoint = -1
    to_try = learning_advice.lower_rate(state.settings)
    message = (
        f"Training diverged at iteration {iteration}: the loss was no number any more. It has stopped, and the "
        f"weights of iteration {back_to} are back. A lower learning rate will help{to_try}."
    )
    record.notices["train"] = Notice(message, "error")


def _checkpoint(state: State, model: str, number: int, iteration: int, test_accuracy: float) -> None:
    record = state.record_of(model)
    record.checkpoint_lessons[number] = record.lessons
    record.checkpoints = [*record.checkpoints, (number, iteration, test_accuracy)]


def _checkpoint_gone(state: State, model: str, number: int) -> None:
    record = state.record_of(model)
    record.checkpoints = [one for one in record.checkpoints if one[0] != number]


def _scrubbed(state: State, model: str, number: int) -> None:
    state.record_of(model).shown_checkpoint = number


def _restored(state: State, model: str, number: int, iteration: int) -> None:
    record = state.record_of(model)
    if model == state.model:
        state.training = False
    record.iteration = iteration
    record.modified = True
    record.lessons = record.checkpoint_lessons.get(number, record.lessons)
    record.before_lessons = []
    record.history.cut(iteration)
    accuracy = next((one[2] for one in record.checkpoints if one[0] == number), record.test_accuracy)
    record.test_accuracy = accuracy
    record.notices["train"] = Notice(f"The weights of iteration {iteration} are back; training goes on from there.")


def _blocks(state: State, cached: int, total: int, in_flight: int) -> None:
    for record in state.records.values():
        if cached and "train" in record.notices and record.notices["train"].missing == "digits":
            del record.notices["train"]
    state.cached, state.blocks_total, state.worker_requests = cached, total, in_flight


def _block_refused(state: State, split: str, index: int, message: str) -> None:
    text = f"A block was refused ({split} {index}): {message}. Training goes on with the others."
    state.record.notices["train"] = Notice(text, "warning")


def _source_failed(state: State, message: str, seconds: float) -> None:
    rest = f"Training goes on with the {state.cached} blocks it has." if state.cached else "Training waits for it."
    api_away(state, f"{message}. {rest}", seconds)
    if not state.cached:
        state.record.notices["train"] = Notice(NO_DIGITS, "warning", missing="digits")


def _tuned(state: State, model: str, label: int, before: float, after: float, steps: int, undoable: int) -> None:
    word = "step" if steps == 1 else "steps"
    record = state.record_of(model)
    record.learn_lesson(undoable)
    learned = f"Learned in {steps} {word}: {label} went from {before:.0%} to {after:.0%}."
    text = f"{learned} The weights in this tab are changed: {formatting.lessons(record.lessons)} of yours."
    state.notices["tune"] = Notice(text, "good")


def _lesson_taken_back(state: State, model: str) -> None:
    record = state.record_of(model)
    record.lessons -= 1
    record.test_accuracy, record.test_count = record.before_lessons.pop()
    state.notices["tune"] = Notice("The lesson is taken back: the weights are what they were before it.")


def _trained_on_collected(state: State, model: str, steps: int, **_fields: int) -> None:
    if steps:
        state.record_of(model).learn_lesson(0)


TRANSITIONS: Transitions = {
    "progress": _progress,
    "team_changed": _team_changed,
    "evaluated": _evaluated,
    "target_reached": _target_reached,
    "diverged": _diverged,
    "checkpoint": _checkpoint,
    "checkpoint_gone": _checkpoint_gone,
    "checkpoint_shown": _scrubbed,
    "restored": _restored,
    "blocks": _blocks,
    "block_refused": _block_refused,
    "source_failed": _source_failed,
    "tuned": _tuned,
    "lesson_taken_back": _lesson_taken_back,
    "trained_on_collected": _trained_on_collected,
    "source_back": api_up,
}


def start(_app: App) -> None:
    """Take note of runs from now on."""
    register(TRANSITIONS)
