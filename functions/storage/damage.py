"""Stored objects that are damaged: the error that names them, and a second reading.

What seems damaged may be whole in the store, and have been cut off on its way.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from functions.errors import CorruptDataError


@contextmanager
def damage_named(name: str, advice: str = "") -> Iterator[None]:
    """Raise as `CorruptDataError` what decoders raise: it names the object, and says what to do."""
    try:
        yield
    except (ValueError, RecursionError) as error:  # msgspec's errors, and those of UTF-8, are ValueErrors
        raise CorruptDataError(f"{name} is damaged: {error}{advice and f'; {advice}'}") from error


def read_again_if_damaged[T](read: Callable[[], T], damage: type[Exception] = CorruptDataError) -> T:
    """Return what `read` returns; if it raises that it is damaged, what it returns, or raises, the second time."""
    with suppress(damage):
        return read()
    return read()
