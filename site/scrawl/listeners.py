"""Calling everyone who waits for something to happen. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def call_each[**P](actions: Iterable[Callable[P, object]], *arguments: P.args, **fields: P.kwargs) -> None:
    """Call all of them in order. If one raises, the rest are still called before the exception goes on."""
    remaining = list(actions)
    try:
        while remaining:
            remaining.pop(0)(*arguments, **fields)
    finally:
        if remaining:
            call_each(remaining, *arguments, **fields)
