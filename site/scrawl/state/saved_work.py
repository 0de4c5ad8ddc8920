"""A visitor's work as plain values that a browser can keep, and back: drawing, settings, figures and curves of a run.

The modules of `scrawl.storage` store them. `pack` and `unpack` turn bytes into text and back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.state import settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from scrawl.net.interfaces import Bytes
    from scrawl.state.app_state import Record, State
    from scrawl.state.history import Series

    type Plain = dict[str, Any]  # what JSON can hold
    type Pack = Callable[[Bytes], str]
    type Unpack = Callable[[str], Bytes]

FIGURES = (
    "iteration",
    "shared_iteration",
    "loss",
    "train_accuracy",
    "test_accuracy",
    "test_count",
    "origin",
    "version",
    "etag",
)


# What concerns the page


def page_to_plain(state: State, pack: Pack) -> Plain:
    """Return network, settings and drawing."""
    sheet = [_action_to_plain(action, pack) for action in [state.drawing.ground(), *state.drawing.strokes()]]
    return {"model": state.model, "typed": state.typed, "label": state.label, "sheet": sheet}


def take_page(state: State, work: Plain, unpack: Unpack) -> None:
    """Take them again."""
    state.model = work.get("model") or state.model
    state.typed = {name: value for name, value in work.get("typed", {}).items() if name in settings.SETTINGS}
    state.label = work.get("label", 0)
    actions = [_action_from_plain(action, unpack) for action in work.get("sheet", [])]
    state.drawing.actions = [action for action in actions if action != ("clear",)]
    state.drawing.revision += 1
    state.drawing.rewrites += 1


def _action_to_plain(action: tuple[Any, ...], pack: Pack) -> list[Any]:
    kind, *rest = action
    if kind == "stroke":
        return [kind, [[round(x, 1), round(y, 1)] for x, y in rest[0]], *rest[1:]]
    return [kind, pack(rest[0]), *rest[1:]] if rest else [kind]


def _action_from_plain(action: list[Any], unpack: Unpack) -> tuple[Any, ...]:
    kind, *rest = action
    if kind == "stroke":
        return (kind, [(x, y) for x, y in rest[0]], *rest[1:])
    return (kind, unpack(rest[0]), *rest[1:]) if rest else (kind,)


# What concerns one network


def record_to_plain(record: Record) -> Plain:
    """Return a run's figures and curves."""
    plain = {name: getattr(record, name) for name in FIGURES}
    plain["touched"] = record.modified  # the name in what browsers have stored
    return {**plain, "curves": {kind: _series(getattr(record.history, kind)) for kind in ("train", "test")}}


def take_record(record: Record, plain: Plain) -> None:
    """Take them again."""
    for name in FIGURES:
        setattr(record, name, plain[name])
    record.modified = plain["touched"]
    for kind, (stride, *points) in plain["curves"].items():
        for iteration, loss, accuracy in zip(*points, strict=True):
            record.history.add(kind, iteration, loss, accuracy)
        getattr(record.history, kind).stride = stride


def _series(series: Series) -> list[Any]:
    return [series.stride, series.iterations, series.values["loss"], series.values["accuracy"]]
