"""The layer editor's draft: which network its fields make, and what that costs."""

import pytest
from scrawl.editor.network_draft import Draft, draft_of, memory, samples_per_second, seconds_per_digit
from scrawl.net.names import UnknownNetworkError, parse

from tests.support.networks.network_names import NETWORKS


@pytest.mark.parametrize("name", NETWORKS)
def test_fields_of_a_network_make_that_network(name: str) -> None:
    assert draft_of(name).architecture().name() == name


def test_layers_are_added_changed_and_removed() -> None:
    draft = draft_of("mlp-128").added("hidden")
    assert draft.architecture().name() == "mlp-128-64"
    draft = draft.changed("hidden", 0, "300").changed("activation", 0, "gelu").changed("dropout", 0, "20")
    assert draft.architecture().name() == "mlp-300-64.gelu.drop20"
    draft = draft.added("channels").added("channels").removed("hidden", 0)
    assert draft.architecture().name() == "conv-32-64_64.gelu.drop20"
    assert draft.removed("channels", 1).architecture().name() == "conv-32_64.gelu.drop20"
    assert draft_of("mlp-1").added("hidden").architecture().name() == "mlp-1-1"


@pytest.mark.parametrize(
    ("draft", "problem"),
    [
        (Draft([], ["0"], "relu", "0"), "a hidden layer of 0 units"),
        (Draft([], ["1000000000"], "relu", "0"), "a hidden layer of 1000000000 units"),
        (Draft([], ["9" * 200], "relu", "0"), "a hidden layer of 999"),
        (Draft([], [""], "relu", "0"), "no number of units"),
        (Draft([], ["-5"], "relu", "0"), "it has -5 units"),
        (Draft([], ["1.5"], "relu", "0"), "it has 1.5 units"),
        (Draft(["7"], ["128"], "relu", "0"), "a block of 7 channels"),
        (Draft([], ["128"], "relu", "95"), "a dropout of 95 per cent"),
        (Draft([], [], "relu", "0"), "0 hidden layers"),
    ],
)
def test_what_is_no_network_is_refused_with_what_is_allowed(draft: Draft, problem: str) -> None:
    with pytest.raises(UnknownNetworkError, match=problem) as refused:
        draft.architecture()
    assert "1 to 6 hidden layers of 1 to 1024 units" in str(refused.value)


def test_estimates_are_near_what_was_measured() -> None:
    # docs/benchmarks.md: on one core, batches of 128.
    for name, measured in (("mlp-128", 349_000), ("mlp-128-64", 233_000), ("conv-32-64", 4_750)):
        assert 1 / seconds_per_digit(parse(name).layers()) == pytest.approx(measured, rel=0.25), name


def test_estimate_follows_how_fast_this_tab_has_trained() -> None:
    network = parse("mlp-300-100")
    assert samples_per_second(network, "mlp-128", 0) == pytest.approx(1 / seconds_per_digit(network.layers()))
    assert samples_per_second(network, "mlp-300-100", 1234) == pytest.approx(1234)


def test_no_network_takes_more_memory_than_a_tab_has() -> None:
    largest = parse("conv-64_1024-1024-1024-1024-1024-1024.sigmoid.drop90")
    assert 200e6 < memory(largest) < 1e9
    assert memory(parse("mlp-128")) < 10e6
