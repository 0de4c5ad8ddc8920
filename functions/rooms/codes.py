"""The codes of rooms: twelve letters for everybody in a room, and 24 more for whoever opened it.

Letters alone, of which none looks like another one or makes words: 19 to the power of 12 are 2 · 10¹⁵ codes, so that
a thousand guesses a second find one of a hundred rooms within about 350 years.
"""

import hashlib
import hmac
import re
import secrets
from typing import NamedTuple

LETTERS = "BCDFGHJKMNPQRSTVWXZ"
FORM = "a code has twelve letters, none of them A, E, I, L, O, U or Y, like BCDF-GHJK-MNPQ"
_JOIN, _SECRET, _GROUP = 12, 24, 4
_FORM = re.compile(f"([{LETTERS}]{{{_JOIN}}})([{LETTERS}]{{{_SECRET}}})?")
_BETWEEN = re.compile(r"[\s-]")  # what people write between groups of letters


class Code(NamedTuple):
    """What somebody has typed: which room, and what proves that it is theirs; empty for those who join."""

    letters: str
    secret: str = ""

    def __str__(self) -> str:
        return _grouped(self.letters + self.secret)

    @property
    def joining(self) -> str:
        """The part that others are given."""
        return _grouped(self.letters)

    @property
    def room(self) -> str:
        """The room's name in the store, from which nobody finds its code."""
        return hashlib.sha256(f"room {self.letters}".encode()).hexdigest()[:32]

    @property
    def digest(self) -> str:
        """What is stored of the secret."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def owns(self, digest: str) -> bool:
        """Return whether this is the code of whoever opened the room."""
        return bool(self.secret) and hmac.compare_digest(self.digest, digest)


def new() -> Code:
    """Return the code of whoever opens a room."""
    return Code(_drawn(_JOIN), _drawn(_SECRET))


def read(text: str) -> Code | None:
    """Return what a text says, in capital or small letters, with or without hyphens; None: it is no code."""
    found = _FORM.fullmatch(_BETWEEN.sub("", text[:100]).upper())
    return Code(found[1], found[2] or "") if found else None


def _drawn(count: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(count))


def _grouped(letters: str) -> str:
    return "-".join(letters[place : place + _GROUP] for place in range(0, len(letters), _GROUP))
