"""What this browser has saved of an earlier visit, found before anything is requested from the network.

Several tabs may be open. Each has a slot of its own, a number, which it holds by a lock for as long as it lives, and
finds again after a reload. Drawing and settings are in localStorage, which can be read and written at once, weights
and curves in IndexedDB. `autosave`, which starts later, does the saving.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio
from browser import self as window
from javascript import JSON

from scrawl.listeners import call_each
from scrawl.storage import database

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from browser.arrays import ArrayBuffer

    type Work = dict[str, Any]  # of one slot, as `state.saved_work` writes it

PREFIX = "scrawl.work."
SLOT = "scrawl.place"  # in sessionStorage, which belongs to one tab and survives its reload
ADDRESS = "scrawl.address"  # there as well: what stands behind the # of the address that this tab has written last
PATIENCE = 250  # milliseconds until the page before a reload has released its lock, at most
FOREVER = window.Promise.new(lambda _resolve, _reject: None)


class SavedVisit:
    """The work found, {} if there is none, and this tab's slot."""

    def __init__(self) -> None:
        self.slot = 1
        self.claimed = False  # whether the slot is this tab's for certain; nothing is saved before
        self.refusal = ""  # why the browser saves nothing
        self.unsaved: dict[str, tuple[ArrayBuffer, str]] = {}  # model → (weights, record as text) that were refused
        self.unread: dict[str, str] = {}  # model → why its weights, which are saved, could not be read
        self.works: dict[int, Work] = {}  # slot → what lies there
        self.other_tabs = 0  # that hold slots which this one did not get
        self._new_only = False  # whether to start with nothing, in a slot that nobody has used
        self._when_claimed: list[Callable[[], object]] = []

    @property
    def work(self) -> Work:
        """What lies in this tab's slot."""
        return self.works.get(self.slot, {})

    def find(self, then: Callable[[], object]) -> None:
        """Find out what was saved, and call `then()`: at once, unless several slots could be meant."""
        own, fragment = 0, window.location.hash
        try:
            self.works = _read_works()
            own = int(window.sessionStorage.getItem(SLOT) or 0)
            if asks_for_something(fragment) and fragment != window.sessionStorage.getItem(ADDRESS):
                own = 0  # a shared address: saved work stays
                self._new_only = True
        except Exception as error:
            self.refusal = str(error)
        if own or not self.works:
            self.slot = own or 1
            then()
            aio.run(self._claim(None))
        else:
            aio.run(self._claim(then))

    async def weights(self, model: str) -> tuple[ArrayBuffer, dict[str, Any]] | None:
        """Return (safetensors bytes, the record that belongs to them) if they were saved and can be read."""
        try:
            if model in self.unsaved:
                buffer, record = self.unsaved[model]
                return buffer, JSON.parse(record)
            if model in self.work.get("iterations", {}):
                found = await database.get(f"{self.slot}/weights/{model}")
                return (found.buffer, JSON.parse(found.record)) if found else None
        except database.StorageError as error:
            self.unread[model] = str(error)
        except Exception as error:  # what it holds is damaged: as if there were none
            window.console.warn(f"the weights saved for {model} cannot be read: {error}")
        return None

    def on_claimed(self, action: Callable[[], object]) -> None:
        """Have something done once this tab has a slot."""
        if self.claimed:
            action()
        else:
            self._when_claimed.append(action)

    def is_overtaken(self) -> bool:
        """Tell whether another page has saved work in this tab's slot since this one did, or found it."""
        found = {} if self.refusal else _read_works()
        return bool(found.get(self.slot, {}).get("saved", 0) > self.work.get("saved", 0))

    def key(self, slot: int) -> str:
        """Return the key in localStorage of what lies in a slot."""
        return f"{PREFIX}{slot}"

    async def _claim(self, then: Callable[[], object] | None) -> None:
        """Take the first slot that no other tab has: this tab's, else the one used last, else a new one."""
        try:
            if then is not None:
                await self._take_another()
                then()
            elif not await _lock(self.slot):
                await aio.sleep(PATIENCE / 1000)
                if not await _lock(self.slot):
                    self.other_tabs += 1
                    await self._take_another()
        finally:
            self.claimed = True
            call_each(self._when_claimed)

    async def _take_another(self) -> None:
        used = sorted(self.works, key=lambda slot: -self.works[slot].get("saved", 0))
        new = [slot for slot in range(1, len(used) + 20) if slot not in used]
        used = [] if self._new_only else used
        for slot in [slot for slot in used + new if not (self.other_tabs and slot == self.slot)]:
            if await _lock(slot):
                self.slot = slot
                return
            self.other_tabs += 1


def asks_for_something(fragment: str) -> bool:
    """Tell whether what follows the # in an address sets anything; the link that skips to a heading only names it."""
    return "=" in fragment


def _read_works() -> dict[int, Work]:
    storage, works = window.localStorage, {}
    for index in range(storage.length):
        key = storage.key(index)
        if key.startswith(PREFIX):
            try:
                work = JSON.parse(storage.getItem(key))
                work["saved"] = int(work.get("saved", 0))
                works[int(key[len(PREFIX) :])] = work
            except Exception:  # written by another version of Scrawl, or by hand
                continue
    return works


def _lock(slot: int) -> Any:
    """Return a promise of whether this tab now has that slot; where there are no locks, it has."""

    def start(resolve: Callable[[bool], None], _reject: Callable[..., None]) -> None:
        def refused(_error: object) -> None:  # as storage is
            resolve(True)

        def granted(lock: Any) -> Any:
            resolve(bool(lock))  # null, which is not None, where another tab has it
            return FOREVER if lock else None

        if hasattr(window.navigator, "locks"):
            window.navigator.locks.request(f"{PREFIX}{slot}", {"ifAvailable": True}, granted).catch(refused)
        else:
            resolve(True)

    return window.Promise.new(start)
