"""What this browser has kept of an earlier visit, found before anything is asked of the network.

Several tabs may be open: each has a place of its own, a number, held by a lock for as long as the tab lives, and
found again after a reload. Drawing and settings lie in localStorage, which can be read and written at once, weights
and curves in IndexedDB. Keeping anything new is left to `share.autosave`, which comes later.
"""

from browser import aio
from browser import self as window
from javascript import JSON

from scrawl.storage import database

PREFIX = "scrawl.work."
OWN = "scrawl.place"  # in sessionStorage, which belongs to one tab and survives its reload
ADDRESS = "scrawl.address"  # there as well: what stands behind the # of the address that this tab has written last
PATIENCE = 250  # milliseconds until a reloaded page's lock is let go, at most
FOREVER = window.Promise.new(lambda _resolve, _reject: None)


class Kept:
    """The work found, {} if there is none, and this tab's place."""

    def __init__(self) -> None:
        self.place = 1
        self.claimed = False  # whether it is this tab's for certain; nothing is kept before
        self.refused = ""  # why the browser keeps nothing
        self.copies: dict = {}  # model → (weights, record as text) that it refused, for the worker that comes next
        self.works: dict = {}  # place → what lies there
        self.others = 0  # tabs whose places this one did not get
        self._new_only = False  # whether to begin with nothing, in a place that nobody has used
        self._when_claimed: list = []

    @property
    def work(self) -> dict:
        """What lies in this tab's place."""
        return self.works.get(self.place, {})

    def find(self, then: object) -> None:
        """Find out what was kept, and go on with `then()`: at once, unless several places could be meant."""
        own, asked = 0, window.location.hash
        try:
            self.works = _read_works()
            own = int(window.sessionStorage.getItem(OWN) or 0)
            if asked and asked != window.sessionStorage.getItem(ADDRESS):  # somebody's address: what is kept stays so
                own = 0
                self._new_only = True
        except Exception as error:
            self.refused = str(error)
        if own or not self.works:
            self.place = own or 1
            then()
            aio.run(self._claim(None))
        else:
            aio.run(self._claim(then))

    async def weights(self, model: str) -> tuple | None:
        """Return (safetensors bytes, the record that belongs to them) if such were kept."""
        if model in self.copies:
            buffer, record = self.copies[model]
            return buffer, JSON.parse(record)
        if model not in self.work.get("iterations", {}):
            return None
        try:
            found = await database.get(f"{self.place}/weights/{model}")
            return (found.buffer, JSON.parse(found.record)) if found else None
        except database.KeepError:
            return None

    def when_claimed(self, action: object) -> None:
        """Have something done once this tab has a place."""
        if self.claimed:
            action()
        else:
            self._when_claimed.append(action)

    def address(self, place: int) -> str:
        """Return the key in localStorage of what lies in a place."""
        return f"{PREFIX}{place}"

    async def _claim(self, then: object) -> None:
        """Take the first place that no other tab has: this tab's, else the one used last, else a new one."""
        if then is None and not await _lock(self.place):
            await aio.sleep(PATIENCE / 1000)
            if not await _lock(self.place):
                self.others += 1
                await self._take_another()
        elif then is not None:
            await self._take_another()
            then()
        self.claimed = True
        for action in self._when_claimed:
            action()

    async def _take_another(self) -> None:
        used = sorted(self.works, key=lambda place: -self.works[place].get("saved", 0))
        new = [place for place in range(1, len(used) + 20) if place not in used]
        used = [] if self._new_only else used
        for place in [place for place in used + new if not (self.others and place == self.place)]:
            if await _lock(place):
                self.place = place
                return
            self.others += 1


def _read_works() -> dict:
    storage, works = window.localStorage, {}
    for index in range(storage.length):
        key = storage.key(index)
        if key.startswith(PREFIX):
            try:
                works[int(key[len(PREFIX) :])] = JSON.parse(storage.getItem(key))
            except Exception:  # written by another version of Scrawl, or by hand
                continue
    return works


def _lock(place: int) -> object:
    """Return a promise of whether this tab now has that place; where there are no locks, it has."""

    def begin(resolve: object, _reject: object) -> None:
        def refused(_error: object) -> None:  # as storage is
            resolve(True)

        def held(lock: object) -> object:
            resolve(bool(lock))  # null, which is not None, where another tab has it
            return FOREVER if lock else None

        if hasattr(window.navigator, "locks"):
            window.navigator.locks.request(f"{PREFIX}{place}", {"ifAvailable": True}, held).catch(refused)
        else:
            resolve(True)

    return window.Promise.new(begin)
