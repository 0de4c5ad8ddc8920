"""The rooms in a store: `rooms/{name}/room.json`, and everything else of a room below the same prefix.

The name is a digest of the code, so that neither keys nor logs tell it. A room is looked at when it is used: one
whose time is over is removed then. Opening one removes all others whose time is over, and what a crash or a lost race
has left of one that nobody can enter; a bucket may have a rule for that, too. `service` gives a room its weights.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec

from functions import structs
from functions.errors import ConflictError, CorruptDataError, NotFoundError, UnavailableError
from functions.rooms import codes
from functions.rooms.codes import Code
from functions.storage.damage import damage_named, read_again_if_damaged
from functions.storage.store import Store
from functions.weights.versions import ID, iso, new_id, now

HOURS, MOST_HOURS = 24, 14 * 24
OPENED_WITHIN = timedelta(hours=1)  # what is written of a room before anybody is let in is no remains for so long
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
        key, body = room.prefix[:-1] + _FILE, msgspec.json.encode(room)
        try:
            self._store.put(key, body, content_type="application/json", if_absent=True)
        except ConflictError:  # nobody else has this name: an answer got lost, and the second attempt came too late
            if self._read(room.name) != room:
                raise
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

    def named(self, name: str) -> Room:
        """Return a room by its name in the store.

        Raises:
            NotFoundError: when there is none, or its time is over.
        """
        room = self._read(name)
        if room is None:
            raise NotFoundError("the time of this room is over")
        return room

    def end(self, room: Room) -> None:
        """Remove a room: first what lets people in, then the rest."""
        self._store.delete(room.prefix[:-1] + _FILE)
        self._store.delete(*self._store.keys(room.prefix))
        log.info("room ended", extra={"model": room.model})

    def sweep(self) -> None:
        """Remove the rooms whose time is over, and remains. A failure is only logged: the next one will try again."""
        try:
            found: dict[str, list[str]] = {}
            for key in self._store.keys("rooms/"):
                found.setdefault(key.split("/")[1], []).append(key)
            for name, keys in found.items():
                if f"rooms/{name}{_FILE}" in keys:
                    with suppress(CorruptDataError):
                        self._read(name)
                elif not self._is_new(keys):
                    self._store.delete(*keys)
        except UnavailableError as error:
            log.warning("old rooms not removed", extra={"error": str(error)})

    def _is_new(self, keys: list[str]) -> bool:
        """Return whether something was published a short time ago: the room may be about to be opened."""
        names = [key.rpartition("/")[2].partition(".")[0] for key in keys]
        return any(ID.fullmatch(name) and name > new_id(self.clock() - OPENED_WITHIN) for name in names)

    def _read(self, name: str) -> Room | None:
        """Return a room, if it is there and its time is not over; in that case remove it."""
        try:
            room = read_again_if_damaged(lambda: self._loaded(name))
        except NotFoundError:
            return None
        if datetime.fromisoformat(room.expires_at) > self.clock():
            return room
        self.end(room)
        return None

    def _loaded(self, name: str) -> Room:
        with damage_named("a room", "open another one"):
            return structs.decode(self._store.get(f"rooms/{name}{_FILE}").body, Room)
