"""Begins where the last visit ended: takes drawing and settings, and each network's weights with its figures."""

from browser import self as window

from scrawl.state import saved_work, transitions
from scrawl.state.app_state import State

ORIGIN = "kept"  # of weights that this browser has kept


class Restoring:
    """Gives the page what `kept` has found. The weights themselves are asked for by `first_weights`."""

    def __init__(self, page: object, kept: object) -> None:
        self.page = page
        self.kept = kept
        self._records: dict = {}  # model → what belongs to the weights under way
        transitions.register(TRANSITIONS)
        page.after("weights_taken", self._taken)

    def begin(self) -> None:
        """Take what can be shown at once."""
        try:
            self.page.dispatch("work_found", found=self.kept.work)
        except Exception as error:  # kept by another version, or damaged: better without it
            window.console.warn(f"what was kept is not understood: {error}")

    async def ask(self, model: str) -> bool:
        """Have the worker take the weights kept for a network. Return whether there are any."""
        found = await self.kept.weights(model)
        if found is None:
            return False
        buffer, self._records[model] = found
        self.page.ask("weights", model=model, buffer=buffer, origin=ORIGIN)
        return True

    def gives_up(self, model: str) -> bool:
        """Forget weights that have just been refused. Return whether they were those that had been kept."""
        if self._records.pop(model, None) is None:
            return False
        self.kept.copies.pop(model, None)
        self.kept.work.get("iterations", {}).pop(model, None)
        return True

    def _taken(self, model: str, origin: str, **_fields: object) -> None:
        if origin == ORIGIN:
            self.page.dispatch("run_restored", model=model, record=self._records.pop(model))


def pack(data: object) -> str:
    """Return bytes as text."""
    parts = []
    for begin in range(0, data.length, 8192):
        parts.append(window.String.fromCharCode.apply(None, data.subarray(begin, begin + 8192)))
    return window.btoa("".join(parts))


def unpack(text: str) -> object:
    """Return the bytes again."""
    return window.Uint8Array["from"](window.atob(text), lambda character, _place: ord(character))


def _work_found(state: State, found: dict) -> None:
    saved_work.take_page(state, found, unpack)


def _run_restored(state: State, model: str, record: dict) -> None:
    saved_work.take_record(state.record_of(model), record)


TRANSITIONS = {
    "work_found": _work_found,
    "run_restored": _run_restored,
}
