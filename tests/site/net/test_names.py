"""The page reads names of networks as `model_export.names` does: the same networks, the same refusals."""

import pytest
from scrawl.net.names import Architecture, UnknownNetworkError, parse

from model_export.architectures import architecture_named, parameter_table
from tests.support.networks.kernel_networks import layers_described, parameters_described
from tests.support.networks.network_names import NETWORKS, REFUSED


@pytest.mark.parametrize("name", NETWORKS)
def test_name_means_the_network_that_the_api_makes_of_it(name: str) -> None:
    architecture, expected = parse(name), NETWORKS[name]
    assert (architecture.channels, architecture.hidden) == ([*expected.channels], [*expected.hidden])
    assert (architecture.activation, architecture.dropout) == (expected.activation, expected.dropout)
    assert architecture.parameter_count() == expected.parameters
    layers = architecture_named(name).layers
    bare = [{key: value for key, value in layer.items() if value} for layer in layers_described(layers)]
    assert [{**layer} for layer in architecture.layers()] == bare
    assert architecture.description()["parameters"] == parameters_described(layers)
    assert [p["name"] for p in architecture.description()["parameters"]] == [n for n, _ in parameter_table(layers)]
    assert architecture.name() == name


@pytest.mark.parametrize(("name", "right"), REFUSED.items(), ids=[name[:30] for name in REFUSED])
def test_other_names_are_refused_with_what_is_allowed(name: str, right: str | None) -> None:
    with pytest.raises(
        UnknownNetworkError, match=rf"is called {right}" if right else "a network is called mlp-H1-H2"
    ) as refused:
        parse(name)
    assert len(str(refused.value)) < 600


def test_titles_say_what_the_network_is() -> None:
    assert Architecture([300, 100]).title() == architecture_named("mlp-300-100").title
    assert parse("conv-16-32_64.gelu.drop50").title() == architecture_named("conv-16-32_64.gelu.drop50").title
