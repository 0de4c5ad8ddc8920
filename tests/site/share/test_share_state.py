"""What events make of sharing's part of the state."""

from scrawl.share.share_state import TRANSITIONS, ShareState
from scrawl.state import transitions
from scrawl.state.app_state import State


def sharing_state() -> State:
    transitions.register(TRANSITIONS)
    state = State()
    state.share = ShareState()
    return state


def test_conflict_and_token_are_noted_and_resolved() -> None:
    state = sharing_state()
    transitions.apply(state, "conflict", model="mlp-128", on=True)
    transitions.apply(state, "conflict", model="conv-32-64", on=True)
    transitions.apply(state, "conflict", model="mlp-128", on=False)
    assert state.share.conflicts == ["conv-32-64"]
    transitions.apply(state, "token_wanted", on=True)
    transitions.apply(state, "token_wanted", on=False)
    assert (state.share.token_wanted, state.share.token_used) == (False, True)


def test_file_for_another_network_is_an_offer_until_the_next_one() -> None:
    state = sharing_state()
    transitions.apply(state, "file_fits_another", name="a.onnx", model="conv-32-64")
    assert state.share.file_offer == "conv-32-64"
    transitions.apply(state, "file_noticed", text="b.onnx is cut off", tone="error")
    assert state.share.file_offer == ""


def test_failed_prediction_of_the_api_replaces_the_last_one() -> None:
    state = sharing_state()
    transitions.apply(state, "api_predicted", prediction={"label": 3})
    transitions.apply(state, "api_prediction_failed", text="The API is away")
    assert state.share.api_prediction is None
    assert state.share.api_notice is not None
    assert state.share.api_notice.text == "The API is away"
