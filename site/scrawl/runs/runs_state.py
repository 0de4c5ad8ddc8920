"""The runs that are kept to be compared, and the place on the curves that is pointed at. Pure.

A run is kept when the person asks for it, or when its weights give way to others: what it has shown is not lost.
"""

from scrawl.state import formatting
from scrawl.state import settings as presets
from scrawl.state.history import History

MOST = 5  # kept at a time, as many as can be told apart
FEWEST = 2  # points that a curve must have to be worth keeping
LONGEST = 60  # characters of a name


class Run:
    """A run: its name, what it has shown, and with which settings it began. `slot` says how it is drawn."""

    def __init__(self, slot: int, model: str, settings: dict, history: History) -> None:
        self.slot = slot
        self.model = model
        self.settings = settings
        self.history = history
        self.name = name_of(model, settings)
        self.shown = True


class Runs:
    """The runs' part of the state."""

    def __init__(self) -> None:
        self.kept: list = []
        self.present: dict = {}  # model → (history, settings) of the run under way
        self.pointed: int | None = None  # iteration


def name_of(model: str, settings: dict) -> str:
    """Return what tells a run from others: its network, its rule, and what is not as usual."""
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


def at(series: object, iteration: int) -> int | None:
    """Return which point of a series is the nearest to an iteration, None if there is none."""
    places = range(len(series.iterations))
    return min(places, key=lambda place: abs(series.iterations[place] - iteration), default=None)


def is_worth_keeping(history: History) -> bool:
    """Tell whether there is a curve to be seen."""
    return len(history.test.iterations) >= FEWEST or len(history.train.iterations) >= FEWEST


def series_of(history: History) -> object:
    """Return the series by which a kept run is compared: the test digits', if it has been measured often enough."""
    return history.test if len(history.test.iterations) >= FEWEST else history.train


def _run_noted(state: object, model: str) -> None:
    """The run of a network goes on: note what must be known once it is over."""
    record = state.record_of(model)
    state.runs.present[model] = (record.history, record.run_settings or dict(state.settings))


def _run_over(state: object, model: str) -> None:
    """A network has other weights: keep the run that has ended, if there was one."""
    history, settings = state.runs.present.pop(model, (None, None))
    if history is not None and history is not state.record_of(model).history:
        _keep(state, model, history, settings)


def _run_kept(state: object, model: str) -> None:
    """Keep the present run of a network as far as it has come."""
    history, settings = state.runs.present[model]
    _keep(state, model, history.copy(), settings)


def _keep(state: object, model: str, history: History, settings: dict) -> None:
    kept = state.runs.kept
    if not is_worth_keeping(history) or any(_is_same(run, model, settings, history) for run in kept):
        return
    while len(kept) >= MOST:
        kept = kept[1:]
    taken = [run.slot for run in kept]
    slot = next(slot for slot in range(MOST) if slot not in taken)
    state.runs.kept = [*kept, Run(slot, model, settings, history)]
    _draw(state)


def _is_same(run: Run, model: str, settings: dict, history: History) -> bool:
    """Tell whether a run is kept already, as far as it has come."""
    mine, other = series_of(run.history), series_of(history)
    return (run.model, run.settings) == (model, settings) and (mine.iterations, mine.values["loss"]) == (
        other.iterations,
        other.values["loss"],
    )


def _run_renamed(state: object, slot: int, name: str) -> None:
    for run in state.runs.kept:
        if run.slot == slot:
            run.name = " ".join(name.split())[:LONGEST] or name_of(run.model, run.settings)


def _run_shown(state: object, slot: int, on: bool) -> None:
    for run in state.runs.kept:
        if run.slot == slot:
            run.shown = on
    _draw(state)


def _run_forgotten(state: object, slot: int) -> None:
    state.runs.kept = [run for run in state.runs.kept if run.slot != slot]
    _draw(state)


def _draw(state: object) -> None:
    state.overlays = tuple((series_of(run.history), run.slot) for run in state.runs.kept if run.shown)


def _pointed(state: object, iteration: int | None) -> None:
    state.runs.pointed = iteration


TRANSITIONS = {
    "run_noted": _run_noted,
    "run_over": _run_over,
    "run_kept": _run_kept,
    "run_renamed": _run_renamed,
    "run_shown": _run_shown,
    "run_forgotten": _run_forgotten,
    "pointed": _pointed,
}
