"""A visitor's work as plain values that a browser can keep, and back: drawing, settings, figures and curves of a run.

The modules of `scrawl.storage` store them. `pack` and `unpack` turn bytes into text and back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.state import settings
from scrawl.state.drawing import within

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from scrawl.net.interfaces import Bytes
    from scrawl.state.app_state import Record, State
    from scrawl.state.history import Series
    from scrawl.state.settings import Value

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
    "lessons",
    "origin",
    "version",
    "etag",
)
LATER = ("lessons",)  # that earlier versions of Scrawl did not save
DIGITS = [*range(10)]
PICTURES = {"sample": 28 * 28, "image": 280 * 280}  # what a sheet may start with → its bytes


# What concerns the page


def page_to_plain(state: State, pack: Pack) -> Plain:
    """Return network, settings and drawing."""
    sheet = [_action_to_plain(action, pack) for action in [state.drawing.ground(), *state.drawing.strokes()]]
    label = {"label": state.label, "label_chosen": state.label_chosen}
    return {"model": state.model, "typed": state.typed, "sheet": sheet, **label}


def has_content(work: Plain) -> bool:
    """Tell whether there is a drawing, or weights: a tab that was only opened has neither."""
    return bool(work.get("iterations")) or work.get("sheet") not in (None, [], [["clear"]])


def take_page(state: State, work: Plain, unpack: Unpack) -> None:
    """Take them again, without what cannot be used: another version of Scrawl may have written it."""
    model, label, typed, sheet = [work.get(name) for name in ("model", "label", "typed", "sheet")]
    if isinstance(model, str) and model:
        state.model = model
    if isinstance(typed, dict):
        checked = {name: _setting(name, value) for name, value in typed.items()}
        state.typed = {name: value for name, value in checked.items() if value is not None}
    state.label = int(label) if label is not None and label in DIGITS else 0
    state.label_chosen = bool(work.get("label_chosen"))
    actions = [_action_from_plain(action, unpack) for action in sheet] if isinstance(sheet, list) else []
    state.drawing.actions = [action for action in actions if action not in (None, ("clear",))]
    state.drawing.revision += 1
    state.drawing.rewrites += 1


def _action_to_plain(action: tuple[Any, ...], pack: Pack) -> list[Any]:
    kind, *rest = action
    if kind == "stroke":
        return [kind, [[round(x, 1), round(y, 1)] for x, y in rest[0]], *rest[1:]]
    return [kind, pack(rest[0]), *rest[1:]] if rest else [kind]


def _setting(name: str, value: Any) -> Value | None:
    """Return a setting's value; None where it is none, or there is no such setting."""
    try:
        return settings.check_setting(name, settings.text_of(name, value), settings.limits_for([]))[0]
    except (KeyError, TypeError, ValueError):
        return None


def _action_from_plain(action: Any, unpack: Unpack) -> Any:
    """Return a stroke or what a sheet starts with; None where it is neither."""
    try:
        kind, *rest = action
        if kind == "stroke":
            points, width, erasing = rest
            return (kind, [within(float(x), float(y)) for x, y in points], float(width), bool(erasing))
        if kind == "clear":
            return (kind,)
        picture = unpack(rest[0])
        if kind == "image":  # earlier versions of Scrawl saved no warnings
            rest = [*rest[:1], [*rest[1]] if len(rest) > 1 else []]
        return (kind, picture, *rest[1:]) if len(picture) == PICTURES.get(kind) else None
    except Exception:  # `unpack` raises the browser's own
        return None


# What concerns one network


def record_to_plain(record: Record) -> Plain:
    """Return a run's figures and curves."""
    plain = {name: getattr(record, name) for name in FIGURES}
    plain["touched"] = record.modified  # the name in what browsers have stored
    return {**plain, "curves": {kind: _series(getattr(record.history, kind)) for kind in ("train", "test")}}


def take_record(record: Record, plain: Plain) -> None:
    """Take them again."""
    for name in FIGURES:
        setattr(record, name, plain.get(name, 0) if name in LATER else plain[name])
    record.modified = plain["touched"]
    record.fresh = record.origin == "random"
    for kind, (stride, *points) in plain["curves"].items():
        for iteration, loss, accuracy in zip(*points, strict=True):
            record.history.add(kind, iteration, loss, accuracy)
        getattr(record.history, kind).stride = stride


def _series(series: Series) -> list[Any]:
    return [series.stride, series.iterations, series.values["loss"], series.values["accuracy"]]
