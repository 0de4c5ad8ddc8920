"""Which stored versions may go: those beyond the number to keep, and what crashes and lost races have left behind.

Nothing is asked of clocks. A version's id is greater than its parent's, so whoever is still to publish after the
current version writes a greater id than its; and whoever has read an older pointer can no longer win. So what has a
smaller id than the current version and is not in its history will never be current. Deleting is left to `weights`.
"""

from collections.abc import Collection, Iterable

from functions.weights.pointer import Pointer

_OFTEN = 16  # publications between two prunings, at most


def is_due(pointer: Pointer, keep: int) -> bool:
    """Return whether to prune after this publication: now and then, and more often where few versions are kept."""
    return pointer.count % max(1, min(_OFTEN, keep // 4)) == 0


def superfluous(stored: Iterable[str], pointer: Pointer, keep: int, spared: Collection[str]) -> list[str]:
    """Return those of the stored versions' ids that may go. `spared` ones are still needed by somebody."""
    kept = {entry.version for entry in pointer.history[:keep]} | set(spared)
    return [version for version in stored if version < pointer.version and version not in kept]
