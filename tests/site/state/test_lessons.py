"""What lessons make of a network's record: how many there were, what is measured, and what can be taken back."""

import pytest
from scrawl.share import version_descriptions
from scrawl.state import transitions
from scrawl.state.app_state import State
from scrawl.state.transitions import apply, training

MLP = "mlp-128"
SHARED = {"version": "20260101T000000000-0123abcd", "accuracy": "0.9898"}


@pytest.fixture
def state() -> State:
    transitions.register(training.TRANSITIONS)
    state = State()
    apply(state, "opened", model=MLP)
    apply(state, "weights_loaded", model=MLP, origin="shared", metadata=SHARED)
    apply(state, "evaluated", model=MLP, iteration=0, loss=0.03, accuracy=0.9898, count=10_000, on_curve=True)
    return state


def teach(state: State, undoable: int) -> None:
    apply(state, "tuned", model=MLP, label=8, before=0.01, after=0.93, steps=3, undoable=undoable)


def test_taught_weights_no_longer_count_as_the_shared_ones(state: State) -> None:
    teach(state, 1)
    assert "The weights in this tab are changed: 1 lesson of yours" in state.notices["tune"].text
    assert state.record.test_accuracy is None  # until it is measured again
    teach(state, 2)
    origin = version_descriptions.origin(state.record)
    assert origin == "the shared weights (98.98% when the API measured them), and 2 lessons of yours"
    expected = {"model": MLP, "source": "page", "iteration": "0", "lessons": "2", "parent": SHARED["version"]}
    assert version_descriptions.provenance(MLP, state.record) == expected


def test_lessons_are_taken_back_one_by_one_with_what_was_measured_before(state: State) -> None:
    teach(state, 1)
    apply(state, "evaluated", model=MLP, iteration=0, loss=0.04, accuracy=0.97, count=10_000, on_curve=False)
    teach(state, 2)
    apply(state, "lesson_taken_back", model=MLP)
    assert (state.record.lessons, state.record.test_accuracy) == (1, 0.97)
    apply(state, "lesson_taken_back", model=MLP)
    assert (state.record.lessons, state.record.test_accuracy, state.record.before_lessons) == (0, 0.9898, [])
    assert "lesson" not in version_descriptions.origin(state.record)


def test_lessons_that_the_worker_has_forgotten_cannot_be_taken_back(state: State) -> None:
    teach(state, 1)
    teach(state, 1)
    assert (state.record.lessons, len(state.record.before_lessons)) == (2, 1)
    teach(state, 0)  # in the middle of training
    assert (state.record.lessons, state.record.before_lessons) == (3, [])


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("training_wanted", {"on": True}),
        ("step_wanted", {}),
        ("trained_on_collected", {"model": MLP, "count": 3, "right": 3, "steps": 2}),
        ("restored", {"model": MLP, "number": 0, "iteration": 1}),
    ],
)
def test_lesson_cannot_be_taken_back_once_something_else_changes_the_weights(
    state: State, event: str, fields: dict[str, object]
) -> None:
    teach(state, 1)
    apply(state, event, **fields)
    assert state.record.before_lessons == []
    assert state.record.lessons >= 1


def test_sent_lessons_are_part_of_the_shared_weights(state: State) -> None:
    teach(state, 1)
    apply(state, "weights_sent", model=MLP, description={}, etag="b")
    assert (state.record.lessons, state.record.before_lessons) == (0, [])


def test_checkpoint_brings_back_the_lessons_that_it_had(state: State) -> None:
    teach(state, 1)
    apply(state, "checkpoint", model=MLP, number=5, iteration=8, test_accuracy=0.9)
    teach(state, 1)
    apply(state, "restored", model=MLP, number=5, iteration=8)
    assert state.record.lessons == 1


def test_network_is_untrained_until_it_has_learned_or_got_weights() -> None:
    state = State()
    assert state.record.is_untrained()  # the API is away: there are only random weights
    apply(state, "weights_loaded", model=MLP, origin="random", metadata={})
    assert state.record.is_untrained()
    state.record.iteration = 1
    assert not state.record.is_untrained()
    apply(state, "weights_loaded", model=MLP, origin="shared", metadata={})
    assert not state.record.is_untrained()
