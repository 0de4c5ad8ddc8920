"""Training on several threads: the same numbers to the last bit as on one, also where a helper is lost."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

import pytest

from model_export.architectures import architecture_named
from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import NETWORKS, as_bytes, build, digits, stored, weights_for
from tests.support.networks.threaded_kernel import ThreadedKernel

if TYPE_CHECKING:
    from scrawl.net.network import UpdateRule

    from tests.support.networks.kernel_networks import Layers
    from tests.support.networks.threaded_kernel import Throwing

BATCH, STEPS = 64, 3
RULES: dict[str, UpdateRule] = {
    "sgd": {"optimizer": "sgd"},
    "momentum": {"optimizer": "momentum", "momentum": 0.9, "weight_decay": 1e-4},
    "adam, varied": {"optimizer": "adam", "seed": 7},
}


# Large enough that each of the activations' primitives, and dropout's, falls into parts.
NAMED = ["mlp-300-100.tanh.drop20", "mlp-200-96.sigmoid", "mlp-160.gelu.drop50", "conv-16-40_64.gelu.drop10"]


def layers_of(model: str) -> Layers:
    return NETWORKS[model] if model in NETWORKS else architecture_named(model).layers


def trained(kernel: WasmtimeKernel, model: str, rule: UpdateRule, calls: int = 1) -> bytes:
    """Train a network some steps, measure it, and return its weights and what it said, to be compared."""
    layers, (pixels, labels) = layers_of(model), digits(BATCH * STEPS)
    network, samples = build(kernel, layers, BATCH), stored(kernel, pixels, labels)
    network.load(weights_for(layers))
    samples.shuffle([(0, BATCH * STEPS)], 8)
    said = []
    for call in range(calls):
        steps = STEPS // calls
        said.append(network.train_steps(samples, call * BATCH * steps, BATCH, steps, 0.05, **rule))
    said.append(network.evaluate(samples, 0, BATCH * STEPS - 5))
    return as_bytes(network.export()) + repr(said).encode()


@functools.cache
def on_one_thread(model: str, rule: str, relaxed: bool) -> bytes:
    """Return what the build without shared memory makes of it."""
    return trained(WasmtimeKernel(relaxed), model, RULES[rule])


@pytest.mark.parametrize(
    ("rule", "relaxed"), [("sgd", False), ("sgd", True), ("momentum", False), ("adam, varied", True)]
)
@pytest.mark.parametrize("model", NETWORKS)
def test_any_number_of_threads_gives_the_same_bits(model: str, rule: str, relaxed: bool) -> None:
    for threads in (1, 2, 3, 8) if os.environ.get("CI") else (2, 8):
        with ThreadedKernel(threads, relaxed) as kernel:
            assert trained(kernel, model, RULES[rule]) == on_one_thread(model, rule, relaxed)
            assert kernel.function("team_size_left")() == threads


@pytest.mark.parametrize("rule", ["sgd", "adam, varied"])
@pytest.mark.parametrize("model", NAMED)
def test_activations_and_dropout_give_the_same_bits_as_well(model: str, rule: str) -> None:
    for threads in (2, 5):
        with ThreadedKernel(threads, relaxed=True) as kernel:
            assert trained(kernel, model, RULES[rule]) == on_one_thread(model, rule, True)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("model", ["mlp-128", "conv-32-64"])
@pytest.mark.parametrize("throwing", ["aloud", "silently"])
def test_helper_that_stops_in_the_middle_changes_nothing(model: str, rule: str, throwing: Throwing) -> None:
    with ThreadedKernel() as kernel:
        kernel.set_threads(3, patience=1, throwing=throwing)
        for _ in range(100):  # a helper that comes late finds nothing to do
            assert trained(kernel, model, RULES[rule]) == on_one_thread(model, rule, False)
            if kernel.function("team_size_left")() == 1:
                return
        raise AssertionError("no helper has taken a part")


def test_helpers_that_never_come_are_not_waited_for() -> None:
    with ThreadedKernel() as kernel:
        kernel.function("set_team")(4, 1)
        assert trained(kernel, "mlp-128", RULES["sgd"]) == on_one_thread("mlp-128", "sgd", False)
        assert kernel.function("team_size_left")() == 4


def test_the_number_of_threads_can_change_between_two_calls() -> None:
    expected = trained(WasmtimeKernel(), "mlp-128-64", RULES["sgd"], calls=3)
    with ThreadedKernel(4) as kernel:
        layers, (pixels, labels) = NETWORKS["mlp-128-64"], digits(BATCH * STEPS)
        network, samples = build(kernel, layers, BATCH), stored(kernel, pixels, labels)
        network.load(weights_for(layers))
        samples.shuffle([(0, BATCH * STEPS)], 8)
        said = []
        for call, threads in enumerate((4, 1, 2)):
            kernel.set_threads(threads)
            said.append(network.train_steps(samples, call * BATCH, BATCH, 1, 0.05))
        said.append(network.evaluate(samples, 0, BATCH * STEPS - 5))
        assert as_bytes(network.export()) + repr(said).encode() == expected


def test_a_team_has_at_most_sixteen() -> None:
    with ThreadedKernel() as kernel:
        kernel.function("set_team")(128, 1)
        assert kernel.function("team_size_left")() == 16
        kernel.function("set_team")(0, 1)
        assert kernel.function("team_size_left")() == 1
