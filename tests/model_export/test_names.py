"""Names of networks: what each means, that it has no other, and how others are refused."""

import pytest

from functions.errors import InvalidValueError
from functions.models.manifest import MODEL_NAME
from model_export.architectures import architecture_named, parameter_count
from model_export.names import LONGEST, Network, parse
from tests.support.networks.network_names import NETWORKS, REFUSED, Named


def in_short(name: str) -> str:
    """Write a network's layers as the shared table does."""
    words = []
    for layer in architecture_named(name).layers:
        sizes = f"{layer.inputs}-{layer.outputs}" if layer.kind != "dropout" else f"{round(100 * layer.rate)}"
        words.append(f"{layer.name}:{sizes}" if layer.name else layer.kind)
    return " ".join(words)


@pytest.mark.parametrize(("name", "expected"), NETWORKS.items())
def test_a_name_means_a_network_and_the_network_has_that_name(name: str, expected: Named) -> None:
    network = Network(expected.hidden, expected.channels, expected.activation, expected.dropout)
    assert parse(name) == network
    assert network.name == name
    assert MODEL_NAME.fullmatch(name)


@pytest.mark.parametrize(("name", "expected"), NETWORKS.items())
def test_layers_and_parameters_follow_from_the_name(name: str, expected: Named) -> None:
    assert in_short(name) == expected.layers
    assert parameter_count(architecture_named(name).layers) == expected.parameters


@pytest.mark.parametrize(("name", "called"), REFUSED.items(), ids=lambda value: str(value)[:20])
def test_other_names_are_refused_with_what_is_allowed_or_how_the_network_is_called(
    name: str, called: str | None
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        parse(name)
    message = str(caught.value)
    assert caught.value.field == "model"
    assert len(message) < 600
    if called is not None:
        assert message == f"{name!r} is called {called!r}"
    else:
        assert "mlp-H1-H2-… (1 to 6 hidden layers of 1 to 1024 units)" in message


def test_the_longest_name_fits() -> None:
    longest = Network((1024,) * 6, (64, 64), "sigmoid", 90).name
    assert len(longest) < LONGEST
    assert parse(longest).name == longest
