"""The errors the core raises. Each says what was expected and what came.

`functions.api.responses` says what each error means in HTTP.
"""


class FormatError(ValueError):
    """Bytes or JSON that are not what they claim to be: malformed, truncated, of another format."""


class InvalidValueError(ValueError):
    """Well-formed input whose content is wrong: a shape, a range, a label. `field` names the place."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class NotFoundError(LookupError):
    """Something that was named does not exist. The message names it and lists what does."""


class ConflictError(RuntimeError):
    """A compare-and-swap lost: the state is no longer the one that the writer read."""


class StaleVersionError(ConflictError):
    """The caller asked for a change to one version, and that is no longer the current one."""


class CorruptDataError(RuntimeError):
    """Stored data that fails its own checksum or format; the message names the object."""


class UnavailableError(RuntimeError):
    """The store cannot be reached or throttles; trying again later may succeed."""


class BusyError(UnavailableError):
    """More comes at the moment than can be taken; the same, a second later, may be."""
