"""What the page's state becomes by the choice of a network: each has a record of its own."""

from scrawl.state.app_state import Notice, State
from scrawl.state.transitions import apply

from tests.support.networks.page_records import DEEP, MLP, MODELS, report_training


def test_another_network_has_its_own_run_and_switching_back_finds_the_first(state: State) -> None:
    apply(state, "opened", model=MLP)
    apply(state, "weights_loaded", model=MLP, origin="shared", metadata={"version": "7"})
    apply(state, "etag_known", model=MLP, etag="a")
    apply(state, "training_wanted", on=True)
    report_training(state, MLP, 10)
    record, history = state.record, state.record.history
    apply(state, "model_chosen", model=DEEP)
    assert (state.record.iteration, state.record.test_accuracy, state.record.etag) == (0, None, "")
    assert state.record.history.last_iteration() == 0
    assert not state.record.opened
    apply(state, "model_chosen", model=MLP)
    assert state.record is record
    assert state.record.history is history
    assert (record.iteration, record.test_accuracy) == (10, 0.75)
    assert (record.origin, record.version, record.etag, record.modified) == ("shared", {"version": "7"}, "a", True)


def test_choosing_another_network_pauses_the_first_and_says_so(state: State) -> None:
    apply(state, "training_wanted", on=True)
    apply(state, "model_chosen", model=DEEP)
    assert not state.training
    for origin in ("quick", "shared"):  # the first weights of the other one say nothing against it
        assert "MLP 128 is paused" in state.record.notices["train"].text
        apply(state, "weights_loaded", model=DEEP, origin=origin, metadata={})
    assert "MLP 128 is paused" in state.record.notices["train"].text
    apply(state, "training_wanted", on=True)
    state.record.notices["train"] = Notice("It is not learning.", "warning")
    apply(state, "weights_loaded", model=DEEP, origin="shared", metadata={})
    assert "train" not in state.record.notices


def test_late_answers_concern_the_network_they_are_about(state: State) -> None:
    apply(state, "busy", model=MLP, task="load", text="Loading")
    apply(state, "model_chosen", model=DEEP)
    assert state.record.busy == ""
    report_training(state, MLP, 10)
    apply(state, "weights_loaded", model=MLP, origin="shared", metadata={"version": "7"})
    apply(state, "settled", model=MLP, text="Loaded.", tone="good")
    apply(state, "weights_sent", model=MLP, description={}, etag="b")
    apply(state, "weights_refused", model=MLP, origin="file", message="no")
    assert (state.record.iteration, state.record.origin, state.record.etag) == (0, "", "")
    assert "weights" not in state.record.notices
    assert state.record_of(MLP).etag == "b"


def test_network_that_is_not_there_any_more_gives_way_to_the_first() -> None:
    state = State()
    state.model = "of-another-version"
    apply(state, "models_known", models=MODELS)
    assert state.model == MODELS[0]["model"]


def test_any_name_of_a_network_can_be_chosen_and_others_cannot(state: State) -> None:
    apply(state, "model_chosen", model="mlp-300-100.gelu")
    assert state.network()["parameters"][0] == {"name": "fc1.weight", "shape": [300, 784]}
    assert [model["model"] for model in state.models][-1] == "mlp-300-100.gelu"
    apply(state, "model_chosen", model="mlp-1000000000")
    assert state.model == "mlp-300-100.gelu"


def test_network_that_the_api_does_not_share_starts_with_random_weights(state: State) -> None:
    apply(state, "model_chosen", model="mlp-300")
    apply(state, "opened", model="mlp-300")
    apply(state, "network_unshared", model="mlp-300")
    assert (state.record.origin, state.phase) == ("random", "ready")
    assert "does not share this network" in state.record.notices["weights"].text


def test_network_that_cannot_be_made_gives_way_to_one_that_is_there(state: State) -> None:
    first = state.model
    apply(state, "opened", model=first)
    apply(state, "model_chosen", model="mlp-1024")
    apply(state, "not_opened", model="mlp-1024", message="there is no more memory")
    assert state.model == first
    assert "MLP 1024 cannot be made here: there is no more memory" in state.notices["page"].text
    assert "mlp-1024" not in [model["model"] for model in state.models]
