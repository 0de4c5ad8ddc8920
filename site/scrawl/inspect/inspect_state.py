"""The part of the page's state that belongs to inspecting a network, and the events that change it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.inspect import descriptions
from scrawl.state.app_state import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal, TypedDict

    from browser.arrays import ArrayBuffer

    from scrawl.state.app_state import State, Transitions

    class PanelPicture(TypedDict):
        """A painted panel: RGBA pixels, and the value that has full colour."""

        width: int
        height: int
        limit: float
        buffer: ArrayBuffer

    class UnitExplanation(TypedDict):
        """What a unit does for the drawing; `contributions` are to the ten digits' scores."""

        stage: int
        unit: int
        activation: float
        contributions: Sequence[float]

    class Saliency(TypedDict):
        """The pixels' contributions to a digit's score, as RGBA pixels and as sums; digit -1 for a blank pad."""

        digit: int
        speaks_for: float
        against: float
        buffer: ArrayBuffer | None

    class MisreadDigits(TypedDict):
        """The digits of a cell, the surest first: probabilities and RGBA pixels of some of the `count`."""

        label: int
        prediction: int
        count: int
        shares: Sequence[float]
        buffer: ArrayBuffer

    type ComparisonStatus = Literal["loading", "ready", "failed"]


class ConfusionMatrix:
    """What one network predicts for the test digits."""

    def __init__(self, iteration: int, counts: Sequence[int]) -> None:
        self.iteration = iteration
        self.counts = counts  # by label, then by prediction
        self.correct = sum(counts[11 * digit] for digit in range(10))
        self.total = sum(counts)
        self.worst = max(count for cell, count in enumerate(counts) if cell % 11)  # the most frequent mistake

    def row_total(self, label: int) -> int:
        """Return how many digits have that label."""
        return sum(self.counts[10 * label : 10 * label + 10])


class ComparedNetwork:
    """How far a network has come that is only compared with the selected one; `problem` says why it failed."""

    def __init__(self, status: ComparisonStatus, problem: str = "") -> None:
        self.status = status
        self.problem = problem


class InspectionState:
    """What the inspection of networks adds to the page's state."""

    def __init__(self) -> None:
        self.saliency_on = False
        self.saliency_digit = -1  # the one whose score is explained, -1: the one that is predicted
        self.counting = False  # whether the worker is counting the confusion matrix
        self.training = False  # whether the worker is training on misread digits
        self.confusions: dict[str, ConfusionMatrix] = {}  # by model
        self.compared: dict[str, ComparedNetwork] = {}  # by model
        self.predictions: dict[str, list[float]] = {}  # model → ten probabilities
        self.clear()

    def clear(self) -> None:
        """Forget what is shown of the selected network only."""
        self.pictures: dict[str, PanelPicture] = {}  # by panel
        self.chosen: tuple[int, int] | None = None  # stage and unit
        self.explanation: UnitExplanation | None = None  # of the chosen unit
        self.saliency: Saliency | None = None
        self.cell: tuple[int, int] | None = None  # label and prediction of the open one
        self.misread: MisreadDigits | None = None  # the digits of the open cell
        self.notice: Notice | None = None  # about them
        self.wanted_checkpoint: int | None = None  # requested and not shown yet


def _inspection_cleared(state: State) -> None:
    state.inspection.clear()


def _worker_replaced(state: State) -> None:
    """Start again with a new worker: it has no confusion matrix and none of the compared networks."""
    inspection = state.inspection
    inspection.clear()
    inspection.confusions, inspection.compared, inspection.predictions = {}, {}, {}
    inspection.counting = inspection.training = False


# Layers and units


def _panel_painted(
    state: State, model: str, panel: str, width: int, height: int, limit: float, buffer: ArrayBuffer
) -> None:
    if model == state.model:
        state.inspection.pictures[panel] = {"width": width, "height": height, "limit": limit, "buffer": buffer}


def _layers_inspected(state: State, model: str) -> None:
    if model == state.model and state.blank:
        state.inspection.explanation = None


def _unit_explained(
    state: State, model: str, stage: int, unit: int, activation: float, contributions: Sequence[float]
) -> None:
    if model == state.model and state.inspection.chosen == (stage, unit):
        state.inspection.explanation = {
            "stage": stage,
            "unit": unit,
            "activation": activation,
            "contributions": contributions,
        }


def _unit_chosen(state: State, stage: int, unit: int) -> None:
    if state.inspection.chosen != (stage, unit):
        state.inspection.chosen, state.inspection.explanation = (stage, unit), None


# Saliency


def _saliency_toggled(state: State, on: bool) -> None:
    state.inspection.saliency_on = on


def _saliency_digit_chosen(state: State, digit: int) -> None:
    state.inspection.saliency_digit = digit


def _saliency_painted(
    state: State, model: str, digit: int, speaks_for: float, against: float, buffer: ArrayBuffer | None
) -> None:
    if model == state.model:
        state.inspection.saliency = {"digit": digit, "speaks_for": speaks_for, "against": against, "buffer": buffer}


# The confusion matrix


def _count_requested(state: State) -> None:
    state.inspection.counting = True


def _confusion_counted(state: State, model: str, iteration: int, counts: Sequence[int]) -> None:
    state.inspection.confusions[model] = ConfusionMatrix(iteration, [int(count) for count in counts])
    state.inspection.counting = False


def _confusion_outdated(state: State, model: str) -> None:
    state.inspection.confusions.pop(model, None)


def _confusion_failed(state: State) -> None:
    inspection = state.inspection
    if inspection.training:
        inspection.notice = None
    inspection.counting = inspection.training = False


def _cell_opened(state: State, label: int, prediction: int) -> None:
    state.inspection.cell = (label, prediction)
    state.inspection.misread = state.inspection.notice = None


def _cell_closed(state: State) -> None:
    state.inspection.cell = state.inspection.misread = state.inspection.notice = None


def _misread_digits(
    state: State, model: str, label: int, prediction: int, count: int, shares: Sequence[float], buffer: ArrayBuffer
) -> None:
    if model == state.model and state.inspection.cell == (label, prediction):
        state.inspection.misread = {
            "label": label,
            "prediction": prediction,
            "count": count,
            "shares": shares,
            "buffer": buffer,
        }


def _misread_training_requested(state: State) -> None:
    state.inspection.training = True
    state.inspection.notice = Notice("Training on these…")


def _trained_on_misread(
    state: State, model: str, label: int, prediction: int, count: int, right: int, steps: int, rate: float
) -> None:
    if steps:
        state.record_of(model).learn_lesson(0)
    state.inspection.training = False
    text = descriptions.fine_tuned(label, prediction, count, right, steps, rate)
    state.inspection.notice = Notice(text, "good" if steps else "warning")


# The timeline


def _checkpoint_requested(state: State, number: int) -> None:
    state.inspection.wanted_checkpoint = number


def _checkpoint_reached(state: State) -> None:
    state.inspection.wanted_checkpoint = None


# Comparison with other networks


def _compare(state: State, model: str, status: ComparisonStatus, problem: str = "") -> None:
    state.inspection.compared = {**state.inspection.compared, model: ComparedNetwork(status, problem)}


def _comparison_requested(state: State, model: str) -> None:
    _compare(state, model, "loading")


def _comparison_added(state: State, model: str) -> None:
    _compare(state, model, "ready")


def _comparison_failed(state: State, model: str, message: str) -> None:
    _compare(state, model, "failed", message)


def _all_predicted(state: State, models: Sequence[str], probabilities: Sequence[float]) -> None:
    shares = [float(p) for p in probabilities]  # ten for each network, none for a blank pad
    state.inspection.predictions = {
        model: shares[10 * index : 10 * index + 10] for index, model in enumerate(models) if shares
    }


TRANSITIONS: Transitions = {
    "inspection_cleared": _inspection_cleared,
    "worker_replaced": _worker_replaced,
    "panel_painted": _panel_painted,
    "layers_inspected": _layers_inspected,
    "unit_explained": _unit_explained,
    "unit_chosen": _unit_chosen,
    "saliency_toggled": _saliency_toggled,
    "saliency_digit_chosen": _saliency_digit_chosen,
    "saliency_painted": _saliency_painted,
    "count_requested": _count_requested,
    "confusion_counted": _confusion_counted,
    "confusion_outdated": _confusion_outdated,
    "confusion_failed": _confusion_failed,
    "cell_opened": _cell_opened,
    "cell_closed": _cell_closed,
    "misread_digits": _misread_digits,
    "misread_training_requested": _misread_training_requested,
    "trained_on_misread": _trained_on_misread,
    "checkpoint_requested": _checkpoint_requested,
    "checkpoint_reached": _checkpoint_reached,
    "comparison_requested": _comparison_requested,
    "comparison_added": _comparison_added,
    "comparison_failed": _comparison_failed,
    "all_predicted": _all_predicted,
}
