"""What can be set: the table, its checks, what each network and optimizer starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scrawl.state import settings
from scrawl.state.app_state import Notice, State
from scrawl.state.settings import SETTINGS, check_setting, limits_for, settings_for, text_of
from scrawl.state.transitions import apply, register, training

if TYPE_CHECKING:
    from scrawl.net.interfaces import LayerDescription
    from scrawl.state.settings import Value

DENSE: list[LayerDescription] = [{"kind": "dense"}]
CONV: list[LayerDescription] = [{"kind": "conv3x3"}, {"kind": "dense"}]
MODELS = [{"model": "mlp-128", "layers": DENSE}, {"model": "conv-32-64", "layers": CONV}]


@pytest.fixture
def state() -> State:
    state = State()
    apply(state, "models_known", models=MODELS)
    return state


def put(state: State, **texts: str) -> None:
    for name, text in texts.items():
        apply(state, "setting_changed", name=name, text=text)


def test_setting_takes_effect(state: State) -> None:
    put(state, batch_size="32", learning_rate="0.05", augment="on", optimizer="momentum", target="97.5", seed="0")
    wanted = {"batch_size": 32, "augment": True, "optimizer": "momentum", "target": 0.975, "seed": 0}
    assert {name: value for name, value in state.settings.items() if name in wanted} == wanted


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *[("batch_size", text) for text in ("0", "-1", "1.5", "1025", "", "a", "1e9")],
        *[("learning_rate", text) for text in ("0", "-0.1", "11", "nan", "inf", "")],
        *[("momentum", text) for text in ("1", "-0.1", "much")],
        *[("weight_decay", text) for text in ("-1", "1.1", "")],
        *[("seed", text) for text in ("-1", "1000000", "0.5", "")],
        *[("target", text) for text in ("100", "-5", "most")],
        *[("speed", text) for text in ("0", "21")],
        ("cache_size", "0"),
        ("optimizer", "rmsprop"),
        ("augment", "yes"),
        ("pace", ""),
    ],
)
def test_impossible_setting_is_named_and_the_last_one_kept(state: State, name: str, text: str) -> None:
    before = state.settings
    put(state, **{name: text})
    assert state.settings is before
    assert SETTINGS[name].title in state.invalid[name]
    assert f"got {text or 'nothing'}." in state.invalid[name]


def test_message_stays_until_its_setting_is_possible(state: State) -> None:
    put(state, batch_size="0", cache_size="10")
    assert [*state.invalid] == ["batch_size"]
    put(state, batch_size="8")
    assert not state.invalid


def test_limits_are_shown_as_people_write_them(state: State) -> None:
    put(state, batch_size="0", learning_rate="11", target="100")
    assert "a whole number from 1 to 1024, got 0" in state.invalid["batch_size"]
    assert "a number from 0.0001 to 10, got 11" in state.invalid["learning_rate"]
    assert "a percentage from 0 to 99.99, got 100" in state.invalid["target"]


def test_settings_are_the_networks_own_until_filled_in(state: State) -> None:
    apply(state, "model_chosen", model="conv-32-64")
    assert state.settings["learning_rate"] < 0.2
    put(state, learning_rate="0.05")
    apply(state, "model_chosen", model="mlp-128")
    assert state.settings["learning_rate"] == 0.05


def test_optimizer_brings_its_own_learning_rate(state: State) -> None:
    rates = {}
    for optimizer in ("momentum", "adam", "sgd"):
        put(state, learning_rate="7", optimizer=optimizer)
        rates[optimizer] = state.settings["learning_rate"]
    assert rates == settings.RATES
    assert "learning_rate" not in state.typed
    put(state, learning_rate="0", optimizer="adam")
    assert not state.invalid  # the field shows another rate now


def test_deep_network_learns_with_smaller_steps() -> None:
    shallow, deep = DENSE * settings.DEEP, DENSE * (settings.DEEP + 1)
    assert settings_for(shallow)["learning_rate"] == SETTINGS["learning_rate"].default
    assert settings_for(deep)["learning_rate"] == settings.DEEP_RATES["sgd"] < settings.RATES["sgd"]
    assert settings_for(deep, {"optimizer": "adam"})["learning_rate"] == settings.RATES["adam"]


def test_weights_that_have_learned_get_smaller_steps_than_random_ones(state: State) -> None:
    def taken(origin: str) -> float:
        apply(state, "weights_loaded", model=state.model, origin=origin, metadata={})
        return state.settings["learning_rate"]

    for learned in ("quick", "shared", "file", "kept"):
        assert taken("random") == settings.RATES["sgd"]
        assert taken(learned) == settings.CAREFUL_RATES["sgd"] < settings.RATES["sgd"]
    apply(state, "new_weights_wanted")  # before they come, so that no step is taken at the other rate
    assert state.settings["learning_rate"] == settings.RATES["sgd"]
    put(state, learning_rate="0.7")
    assert taken("shared") == 0.7


def test_weights_of_another_network_change_nothing_that_is_said_of_the_selected_one(state: State) -> None:
    state.record.iteration, advice = 40, Notice("It is not learning.", missing="progress")
    state.record.notices["train"] = advice
    apply(state, "weights_loaded", model="conv-32-64", origin="shared", metadata={})
    assert state.record.notices["train"] is advice
    assert state.record.watched_from == 0


def test_batch_size_is_limited_by_the_network(state: State) -> None:
    put(state, batch_size="1024")
    apply(state, "model_chosen", model="conv-32-64")
    assert state.settings["batch_size"] == 256
    put(state, batch_size="257")
    assert "from 1 to 256, got 257" in state.invalid["batch_size"]
    apply(state, "model_chosen", model="mlp-128")
    assert state.settings["batch_size"] == 1024
    assert not state.invalid


@pytest.mark.parametrize("layers", [DENSE, CONV])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_values_survive_the_way_through_text(layers: list[LayerDescription], optimizer: str) -> None:
    typed: dict[str, Value] = {"optimizer": optimizer, "augment": True, "target": 0.985, "pace": "slow"}
    for name, value in settings_for(layers, typed).items():
        assert check_setting(name, text_of(name, value), limits_for(layers)) == (value, None)


def test_run_remembers_the_settings_it_started_with(state: State) -> None:
    put(state, seed="5")
    apply(state, "training_wanted", on=True)
    figures = {"epoch": 0.1, "loss": 1.0, "accuracy": 0.5, "samples_per_second": 1.0, "points": []}
    register(training.TRANSITIONS)
    apply(state, "progress", model="mlp-128", iteration=3, **figures)
    put(state, seed="6")
    apply(state, "training_wanted", on=True)
    assert state.record.run_settings is not None
    assert state.record.run_settings["seed"] == 5
