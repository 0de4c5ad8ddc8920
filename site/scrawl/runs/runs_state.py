"""Saved runs, which are compared on the curves, and the iteration at which the curves are read off. Pure.

A run is saved when the person asks for it, or when other weights replace its weights: so its curve is not lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.state import formatting
from scrawl.state import settings as presets
from scrawl.state.history import History

if TYPE_CHECKING:
    from scrawl.state.app_state import State, Transitions
    from scrawl.state.history import Series
    from scrawl.state.settings import Settings

MOST = 5  # saved runs, as many as can be told apart
FEWEST = 2  # points that a curve must have to be worth saving
LONGEST = 60  # characters of a name


class SavedRun:
    """A run: its name, its curves, and the settings it started with. `slot` decides how it is drawn."""

    def __init__(self, slot: int, model: str, settings: Settings, history: History) -> None:
        self.slot = slot
        self.model = model
        self.settings = settings
        self.history = history
        self.name = name_of(model, settings)
        self.shown = True


class RunsState:
    """The part of the page's state that belongs to saved runs."""

    def __init__(self) -> None:
        self.saved: list[SavedRun] = []
        self.current: dict[str, tuple[History, Settings]] = {}  # model → history and settings of its current run
        self.readout: int | None = None  # the iteration at which the curves are read off


def name_of(model: str, settings: Settings) -> str:
    """Return what tells a run from others: its network, its optimizer, and each setting that is not the default."""
    titles = dict(presets.SETTINGS["optimizer"].choices)
    parts = [
        formatting.short_name(model),
        f"{titles[settings['optimizer']]} {settings['learning_rate']:g}",
        f"batch {settings['batch_size']}",
    ]
    if settings["optimizer"] == "momentum" and settings["momentum"] != presets.SETTINGS["momentum"].default:
        parts.append(f"momentum {settings['momentum']:g}")
    if settings["weight_decay"]:
        parts.append(f"decay {settings['weight_decay']:g}")
    if settings["augment"]:
        parts.append("varied")
    if settings["cache_size"] != presets.SETTINGS["cache_size"].default:
        parts.append(f"{settings['cache_size']} blocks")
    if settings["seed"] != presets.SETTINGS["seed"].default:
        parts.append(f"seed {settings['seed']}")
    return ", ".join(parts)


def nearest_point(series: Series, iteration: int) -> int | None:
    """Return the index of the point of a series that is nearest to an iteration, None if there is no point."""
    indices = range(len(series.iterations))
    return min(indices, key=lambda index: abs(series.iterations[index] - iteration), default=None)


def is_worth_saving(history: History) -> bool:
    """Tell whether there is a curve to be seen."""
    return len(history.test.iterations) >= FEWEST or len(history.train.iterations) >= FEWEST


def series_of(history: History) -> Series:
    """Return the series by which a saved run is compared: the test digits' if it was measured often enough."""
    return history.test if len(history.test.iterations) >= FEWEST else history.train


def _run_progressed(state: State, model: str) -> None:
    """Note what must be known of a network's run once it has ended."""
    record = state.record_of(model)
    state.runs.current[model] = (record.history, record.run_settings or state.settings)


def _run_ended(state: State, model: str) -> None:
    """Save the run of a network that has been given other weights, if there was a run."""
    if model in state.runs.current:
        history, settings = state.runs.current.pop(model)
        if history is not state.record_of(model).history:
            _save(state, model, history, settings)


def _run_saved(state: State, model: str) -> None:
    """Save the current run of a network as far as it has come."""
    history, settings = state.runs.current[model]
    _save(state, model, history.copy(), settings)


def _save(state: State, model: str, history: History, settings: Settings) -> None:
    saved = state.runs.saved
    if not is_worth_saving(history) or any(_is_same(run, model, settings, history) for run in saved):
        return
    while len(saved) >= MOST:
        saved = saved[1:]
    taken = [run.slot for run in saved]
    slot = next(slot for slot in range(MOST) if slot not in taken)
    state.runs.saved = [*saved, SavedRun(slot, model, settings, history)]
    _update_overlays(state)


def _is_same(run: SavedRun, model: str, settings: Settings, history: History) -> bool:
    """Tell whether a run has been saved already, as far as it has come."""
    own, other = series_of(run.history), series_of(history)
    return (run.model, run.settings) == (model, settings) and (own.iterations, own.values["loss"]) == (
        other.iterations,
        other.values["loss"],
    )


def _run_renamed(state: State, slot: int, name: str) -> None:
    for run in state.runs.saved:
        if run.slot == slot:
            run.name = " ".join(name.split())[:LONGEST] or name_of(run.model, run.settings)


def _run_toggled(state: State, slot: int, on: bool) -> None:
    for run in state.runs.saved:
        if run.slot == slot:
            run.shown = on
    _update_overlays(state)


def _run_removed(state: State, slot: int) -> None:
    state.runs.saved = [run for run in state.runs.saved if run.slot != slot]
    _update_overlays(state)


def _update_overlays(state: State) -> None:
    state.overlays = tuple((series_of(run.history), run.slot) for run in state.runs.saved if run.shown)


def _readout_moved(state: State, iteration: int | None) -> None:
    state.runs.readout = iteration


TRANSITIONS: Transitions = {
    "run_progressed": _run_progressed,
    "run_ended": _run_ended,
    "run_saved": _run_saved,
    "run_renamed": _run_renamed,
    "run_toggled": _run_toggled,
    "run_removed": _run_removed,
    "readout_moved": _readout_moved,
}
