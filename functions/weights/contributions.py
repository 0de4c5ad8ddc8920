"""What clients that learn elsewhere have contributed lately: kept in the pointer, beside the history.

A contribution is a weight difference that has been averaged in; `functions.models.averaging` does that. What is kept
of it tells how much others have learned since a version, how many take part, and whether a request came twice. It is
kept for the last `REMEMBERED` versions, and a difference must start from one of these: so whatever could be averaged
in a second time is still known. Of many in few versions, which came through a stream, the newest `MOST` are kept: the
pointer is read each second wherever predictions are made. `lesson_log` knows more of them.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from functions.weights.pointer import Pointer
    from functions.weights.versions import Provenance

REMEMBERED = 128  # versions
MOST = 512
LEARNED = ("update", "patch")  # sources of versions that add to what was there


class Contribution(msgspec.Struct, frozen=True, array_like=True):
    """A difference that was averaged in; an array without field names, as a pointer's entries are."""

    key: str  # the request's Idempotency-Key; empty: it had none
    participant: str  # what a client calls itself: random, and no name; empty: it did not say
    base: str  # the version that it started from
    samples: int
    version: str = ""  # that it became


def anonymous(samples: int) -> Contribution:
    """Return what is known of lessons: how many samples they had."""
    return Contribution("", "", "", samples)


def remembered(contributions: Iterable[Contribution], history: Sequence["Provenance"]) -> tuple[Contribution, ...]:
    """Return the contributions to the last versions of a history."""
    kept = {entry.version for entry in history[:REMEMBERED]}
    return tuple(one for one in contributions if one.version in kept)[:MOST]


def find(pointer: "Pointer", key: str) -> Contribution | None:
    """Return what a request has contributed already; None: nothing that is known."""
    return next((one for one in pointer.contributions if key and one.key == key), None)


def since(pointer: "Pointer", base: str) -> list[Contribution] | None:
    """Return what was learned after a version, newest first, training steps of PATCH among it.

    None: the version is not among the last ones, or the weights have been replaced since.
    """
    known: dict[str, list[Contribution]] = {}
    for one in pointer.contributions:
        known.setdefault(one.version, []).append(one)
    history = pointer.history[:REMEMBERED]
    places = {entry.version: place for place, entry in enumerate(history)}
    place = 0
    found: list[Contribution] = []
    while place < len(history):
        entry = history[place]
        if entry.version == base:
            return found
        if entry.source == "rollback" and entry.restores in places:
            place = places[entry.restores]  # what came in between counts for nothing any more
            continue
        if entry.source not in LEARNED:
            return None
        own = known.get(entry.version, [])
        found += own
        others = entry.samples - sum(one.samples for one in own)  # lessons, or contributions that are forgotten
        if others > 0 or not own:
            found.append(anonymous(others))
        place += 1
    return None


def participants(contributions: Iterable[Contribution], after: str) -> int:
    """Return how many clients have contributed after a version's id. Those that do not say who they are are one."""
    return len({one.participant for one in contributions if one.version > after})
