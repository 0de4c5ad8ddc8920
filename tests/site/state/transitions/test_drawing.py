"""What the page's state becomes by drawing, by what is read in a drawing, and by the choice of its label."""

from scrawl.state.app_state import State
from scrawl.state.transitions import apply


def test_prediction_is_the_likeliest_digit(state: State) -> None:
    assert state.label_of() is None
    probabilities = [0.1] * 4 + [0.4] + [0.04] * 5
    apply(state, "predicted", blank=False, picture=b"", probabilities=probabilities, unlike=False)
    assert state.label_of() == (4, 0.4)
    apply(state, "predicted", blank=True, picture=None, probabilities=[], unlike=False)
    assert state.label_of() is None


def test_picture_read_again_with_other_weights_stays(state: State) -> None:
    apply(state, "predicted", blank=False, picture=b"ink", probabilities=[0.1] * 10, unlike=False)
    apply(state, "predicted", blank=False, picture=None, probabilities=[0.2] * 10, unlike=False)
    assert (state.picture, state.probabilities) == (b"ink", [0.2] * 10)
    apply(state, "predicted", blank=True, picture=None, probabilities=[], unlike=False)
    assert state.picture is None


def read(state: State, digit: int) -> None:
    probabilities = [float(other == digit) for other in range(10)]
    apply(state, "predicted", blank=False, picture=b"ink", probabilities=probabilities, unlike=False)


def test_label_follows_the_reading_until_one_is_chosen_and_again_with_a_new_drawing(state: State) -> None:
    apply(state, "pen_down", x=1, y=1)
    read(state, 7)
    assert state.label == 7
    apply(state, "label_chosen", label=8)
    read(state, 1)
    apply(state, "pen_down", x=2, y=2)  # the same drawing goes on
    read(state, 4)
    assert state.label == 8
    apply(state, "cleared")
    read(state, 3)
    assert state.label == 3
    apply(state, "label_chosen", label=9)
    apply(state, "undone")  # back to the drawing before
    read(state, 4)
    assert state.label == 4


def test_label_of_a_sample_does_not_follow_the_reading(state: State) -> None:
    apply(state, "sampled", picture=bytes(784), label=6)
    read(state, 5)
    assert state.label == 6
    apply(state, "cleared")
    read(state, 5)
    assert state.label == 5
    apply(state, "undone")
    read(state, 5)
    assert state.label == 6


def test_sample_brings_its_label(state: State) -> None:
    apply(state, "sampled", picture=bytes(784), label=6)
    assert state.label == 6
    assert state.drawing.sample() == (bytes(784), 6)


def test_sample_without_any_digits_is_explained_until_the_api_is_back(state: State) -> None:
    apply(state, "sampled", picture=None, label=0)
    assert "no block is cached" in state.notices["draw"].text
    assert state.drawing.is_blank()
    apply(state, "api_up")
    assert "draw" not in state.notices
