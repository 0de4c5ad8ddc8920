"""Gives each test its markers by what it uses, so that `make test-quick` can leave out what takes long.

A test uses what it names itself and what its fixtures and the helpers under `tests` name. A test that needs marking
for another reason does so itself, as with `pytestmark = pytest.mark.server`. What each marker means is written in
`pyproject.toml`.
"""

import functools
import os
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from infra.paths import ROOT

BROWSER = f"{ROOT / 'tests' / 'browser'}{os.sep}"  # all of it needs one
SLOW = ("browser", "server", "package")
# Marker → names that a test which has it uses, directly or not.
USES = {
    "server": {"subprocess", "ThreadedMotoServer", "LocalS3", "moto_cloud"},
    "package": {"build_site", "lambda_package"},
}


def mark(item: pytest.Item) -> None:
    """Add the markers that follow from what a test uses; skip what only continuous integration runs."""
    if not isinstance(item, pytest.Function):
        return
    if str(item.path).startswith(BROWSER):  # a comparison of paths would take seconds for all tests
        item.add_marker("browser")
    names = set().union(*(names_used(function) for function in _functions(item)))
    for marker, telling in USES.items():
        if names & telling:
            item.add_marker(marker)
    if item.get_closest_marker("ci_only") and not os.environ.get("CI"):
        item.add_marker(pytest.mark.skip(reason="runs where CI is set"))


@functools.cache
def names_used(function: object) -> frozenset[str]:
    """Return the names in a function, and in the functions and classes of the tests it refers to."""
    found: set[str] = set()
    seen: set[int] = set()
    _collect(function, found, seen)
    return frozenset(found)


def _functions(item: pytest.Function) -> Iterator[Callable[..., Any]]:
    """Return a test and its fixtures."""
    yield item.function
    for definitions in item._fixtureinfo.name2fixturedefs.values():
        yield definitions[-1].func


def _collect(target: object, found: set[str], seen: set[int]) -> None:
    if id(target) in seen or not str(getattr(target, "__module__", "")).startswith("tests"):
        return
    seen.add(id(target))
    if isinstance(target, type):
        for value in vars(target).values():
            _collect(getattr(value, "fget", value), found, seen)
    target = getattr(target, "__wrapped__", target)
    if not isinstance(target, FunctionType):
        return
    names = _names(target.__code__)
    found |= names
    for name in names:
        value = target.__globals__.get(name)
        if isinstance(value, ModuleType):
            for attribute in names & vars(value).keys():
                _collect(vars(value)[attribute], found, seen)
        else:
            _collect(value, found, seen)


@functools.cache
def _names(code: CodeType) -> set[str]:
    """Return the global names and attributes that code refers to, with those of the functions inside it."""
    inner = [_names(part) for part in code.co_consts if isinstance(part, CodeType)]
    return set(code.co_names).union(*inner)
