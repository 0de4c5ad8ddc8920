"""What events make of the inspection's part of the state."""

from typing import Any

import pytest
from scrawl.inspect.inspect_state import TRANSITIONS, InspectionState
from scrawl.state import transitions
from scrawl.state.app_state import State


@pytest.fixture
def state() -> State:
    transitions.register(TRANSITIONS)
    state = State()
    state.inspection = InspectionState()
    return state


def happen(state: State, *events: tuple[str, dict[str, Any]]) -> InspectionState:
    for event, fields in events:
        transitions.apply(state, event, **fields)
    return state.inspection


def test_explanation_of_a_unit_chosen_before_is_not_shown(state: State) -> None:
    late = {"model": "mlp-128", "stage": 0, "unit": 3, "activation": 1.0, "contributions": [0.0] * 10}
    choose = ("unit_chosen", {"stage": 0, "unit": 4})
    assert happen(state, choose, ("unit_explained", late)).explanation is None
    explanation = happen(state, ("unit_explained", {**late, "unit": 4})).explanation
    assert explanation is not None and explanation["activation"] == 1.0


def test_answers_about_another_network_are_not_shown(state: State) -> None:
    picture = {"panel": "fc1-tiles", "width": 1, "height": 1, "limit": 1.0, "buffer": b""}
    digits = {"label": 4, "prediction": 9, "count": 0, "shares": [], "buffer": b""}
    salient = {"digit": 3, "speaks_for": 1.0, "against": 0.0, "buffer": b""}
    inspection = happen(
        state,
        ("cell_opened", {"label": 4, "prediction": 9}),
        ("panel_painted", {"model": "conv-32-64", **picture}),
        ("misread_digits", {"model": "conv-32-64", **digits}),
        ("saliency_painted", {"model": "conv-32-64", **salient}),
    )
    assert (inspection.pictures, inspection.misread, inspection.saliency) == ({}, None, None)


def test_another_network_starts_with_nothing_chosen(state: State) -> None:
    inspection = happen(
        state,
        ("unit_chosen", {"stage": 0, "unit": 4}),
        ("cell_opened", {"label": 4, "prediction": 9}),
        ("inspection_cleared", {}),
    )
    assert (inspection.chosen, inspection.cell, inspection.pictures) == (None, None, {})


def test_counts_are_kept_for_each_network(state: State) -> None:
    counts = [0] * 100
    counts[0], counts[49], counts[44] = 5, 2, 8
    inspection = happen(
        state, ("count_requested", {}), ("confusion_counted", {"model": "mlp-128", "iteration": 7, "counts": counts})
    )
    confusion = inspection.confusions["mlp-128"]
    assert not inspection.counting
    assert (confusion.correct, confusion.total, confusion.worst, confusion.row_total(4)) == (13, 15, 2, 10)


def test_counts_of_other_weights_are_forgotten(state: State) -> None:
    counted = {"iteration": 7, "counts": [1] * 100}
    inspection = happen(
        state,
        ("confusion_counted", {"model": "mlp-128", **counted}),
        ("confusion_counted", {"model": "conv-32-64", **counted}),
        ("confusion_outdated", {"model": "mlp-128"}),
        ("confusion_outdated", {"model": "mlp-128-64"}),
    )
    assert list(inspection.confusions) == ["conv-32-64"]


@pytest.mark.parametrize(("steps", "tone"), [(3, "good"), (0, "warning")])
def test_result_of_training_on_misread_digits_is_shown(state: State, steps: int, tone: str) -> None:
    learned = {"label": 4, "prediction": 9, "count": 5, "right": 5, "steps": steps, "rate": 0.3}
    inspection = happen(
        state, ("misread_training_requested", {}), ("trained_on_misread", {"model": "mlp-128", **learned})
    )
    assert inspection.notice is not None
    assert inspection.notice.tone == tone
    assert not inspection.training
    assert state.record.modified == (steps > 0)


def test_a_request_that_failed_in_the_worker_is_not_awaited_any_more(state: State) -> None:
    inspection = happen(state, ("count_requested", {}), ("misread_training_requested", {}), ("confusion_failed", {}))
    assert (inspection.counting, inspection.training, inspection.notice) == (False, False, None)


def test_other_networks_are_compared(state: State) -> None:
    shares = [0.0] * 9 + [1.0] + [0.1] * 10
    inspection = happen(
        state,
        ("comparison_requested", {"model": "conv-32-64"}),
        ("comparison_added", {"model": "conv-32-64"}),
        ("comparison_failed", {"model": "mlp-128-64", "message": "fc1.weight is missing"}),
        ("all_predicted", {"models": ["conv-32-64", "mlp-128"], "probabilities": shares}),
    )
    compared = {model: (network.status, network.problem) for model, network in inspection.compared.items()}
    assert compared == {"conv-32-64": ("ready", ""), "mlp-128-64": ("failed", "fc1.weight is missing")}
    assert inspection.predictions == {"conv-32-64": shares[:10], "mlp-128": shares[10:]}
    assert happen(state, ("all_predicted", {"models": ["mlp-128"], "probabilities": []})).predictions == {}


def test_a_new_worker_starts_without_counts_and_compared_networks(state: State) -> None:
    inspection = happen(
        state,
        ("count_requested", {}),
        ("confusion_counted", {"model": "mlp-128", "iteration": 7, "counts": [1] * 100}),
        ("cell_opened", {"label": 4, "prediction": 9}),
        ("misread_training_requested", {}),
        ("comparison_added", {"model": "conv-32-64"}),
        ("worker_replaced", {}),
    )
    assert (inspection.confusions, inspection.cell, inspection.compared, inspection.training) == ({}, None, {}, False)
