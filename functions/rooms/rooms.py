"""The rooms in a store: `rooms/{name}/room.json`, and everything else of a room below the same prefix.

The name is a digest of the code, so that neither keys nor logs tell it. A room is looked at whenever it is used: one
whose time is over is removed then, and the others' remains when another room is opened; a bucket may have a rule that
does the same. `service` gives a room its weights.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec

from functions.errors import CorruptDataError, NotFoundError, UnavailableError
from functions.rooms import codes
from functions.rooms.codes import Code
from functions.storage.store import Store
from functions.weights.versions import iso, now

HOURS, MOST_HOURS = 24, 14 * 24
_FILE = "/room.json"

log = logging.getLogger("scrawl")


class Room(msgspec.Struct, frozen=True):
    """A room."""

    name: str  # in the store
    model: str
    created_at: str
    expires_at: str
    owner: str  # a digest of the secret of whoever opened it
    first: str = ""  # the version it started with

    @property
    def prefix(self) -> str:
        """Where everything of it is."""
        return f"rooms/{self.name}/"


class RoomsRepository:
    """The rooms in a store. Safe to share between threads and between processes."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = now) -> None:
        self._store = store
        self.clock = clock

    def plan(self, model: str, hours: int) -> tuple[Room, Code]:
        """Return a room that is not there yet, and the code of whoever opens it."""
        code, moment = codes.new(), self.clock()
        ends = moment + timedelta(hours=hours)
        return Room(code.room, model, iso(moment), iso(ends), code.digest), code

    def open(self, room: Room) -> None:
        """Let people into a room, whose weights are there."""
        self._store.put(
            room.prefix[:-1] + _FILE, msgspec.json.encode(room), content_type="application/json", if_absent=True
        )
        log.info("room opened", extra={"model": room.model, "until": room.expires_at})

    def get(self, code: Code) -> Room:
        """Return the room of a code.

        Raises:
            NotFoundError: when there is none, or its time is over.
        """
        room = self._read(code.room)
        if room is None:
            raise NotFoundError(
                f"there is no room {code.joining}: its time may be over, or a letter is wrong; ask for the code again"
            )
        return room

    def end(self, room: Room) -> None:
        """Remove a room: first what lets people in, then the rest."""
        self._store.delete(room.prefix[:-1] + _FILE)
        self._store.delete(*self._store.keys(room.prefix))
        log.info("room ended", extra={"model": room.model})

    def sweep(self) -> None:
        """Remove the rooms whose time is over. A failure is only logged: the next one will try again."""
        try:
            for key in self._store.keys("rooms/"):
                if key.endswith(_FILE):
                    with suppress(CorruptDataError):
                        self._read(key.split("/")[1])
        except UnavailableError as error:
            log.warning("old rooms not removed", extra={"error": str(error)})

    def _read(self, name: str) -> Room | None:
        """Return a room, if it is there and its time is not over; in that case remove it."""
        key = f"rooms/{name}{_FILE}"
        try:
            room = msgspec.json.decode(self._store.get(key).body, type=Room)
        except NotFoundError:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise CorruptDataError(f"a room is damaged: {error}; open another one") from error
        if datetime.fromisoformat(room.expires_at) > self.clock():
            return room
        self.end(room)
        return None
