"""Markers follow from what a test names, also through fixtures and helpers."""

import pytest

from tests.support.digits import samples
from tests.support.markers import names_used
from tests.support.servers.running_stack import RunningStack


def started() -> RunningStack:
    return RunningStack.__new__(RunningStack)


@pytest.mark.parametrize(
    ("function", "name", "used"),
    [
        (started, "subprocess", True),
        (lambda: [started() for _ in range(1)], "subprocess", True),
        (lambda: samples.digit_like(1, 0), "default_rng", True),
        (lambda: samples.digit_like(1, 0), "subprocess", False),
    ],
    ids=["through a class", "in a comprehension", "through a module", "not at all"],
)
def test_names_are_found(function: object, name: str, used: bool) -> None:
    assert (name in names_used(function)) is used
