"""Values by key in the browser's IndexedDB, for the page and its worker alike. The callers choose the keys.

A transaction is committed as soon as its only request is made. WebKit keeps a page that was left, and suspends it
with the transactions it has open; they would keep the storage from the next page, for as long as the old one is kept.
Chromium (150) then ends the transaction before it has the value: one that reads is waited for by its request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

NAME, STORE, VERSION = "scrawl", "kept", 1
LAST = "\uffff"  # comes after all characters of keys
# Milliseconds until storage that does not answer is given up.
PATIENCE = {"readonly": 10_000, "readwrite": 30_000}


class StorageError(RuntimeError):
    """The browser does not store it; the message says why."""


async def get(key: str) -> Any:
    """Return the value, None if there is none."""
    return await _do("readonly", lambda store: store.get(key))


async def put(key: str, value: Any) -> None:
    """Store a value; returns once the browser has it."""
    await _do("readwrite", lambda store: store.put(value, key))


async def delete(key: str) -> None:
    """Forget a value."""
    await _do("readwrite", lambda store: store.delete(key))


async def delete_all(prefix: str) -> None:
    """Forget all values whose keys start with the prefix."""
    await _do("readwrite", lambda store: store.delete(_range(prefix)))


async def items(prefix: str) -> list[tuple[str, Any]]:
    """Return (key, value) of all whose keys start with the prefix, in the order of the keys."""
    keys = await _do("readonly", lambda store: store.getAllKeys(_range(prefix)))
    values = await _do("readonly", lambda store: store.getAll(_range(prefix)))
    return list(zip(keys, values, strict=True))


def _range(prefix: str) -> Any:
    return window.IDBKeyRange.bound(prefix, prefix + LAST)


async def _do(mode: str, action: Callable[[Any], Any]) -> Any:
    """Carry out one action in a transaction of its own."""
    database = await _open(PATIENCE[mode])
    try:
        transaction = database.transaction(STORE, mode)
        request = action(transaction.objectStore(STORE))
        if hasattr(transaction, "commit"):
            transaction.commit()
        if mode == "readwrite":
            await _settled(transaction, "oncomplete", ("onabort", "onerror"), PATIENCE[mode])
            return None
        await _settled(request, "onsuccess", ("onerror",), PATIENCE[mode])  # which an abort reaches too
        return request.result
    except Exception as error:
        raise StorageError(str(error)) from error
    finally:
        database.close()


async def _open(patience: int) -> Any:
    request = None
    try:
        request = window.indexedDB.open(NAME, VERSION)
        request.onupgradeneeded = lambda _event: request.result.createObjectStore(STORE)
        await _settled(request, "onsuccess", ("onerror", "onblocked"), patience)
        return request.result
    except Exception as error:
        if request is not None:  # which may be answered when nobody waits for it any more
            request.onsuccess = lambda _event: request.result.close()
        raise StorageError(f"the browser's storage is closed: {error}") from error


def _settled(target: Any, good: str, bad: tuple[str, ...], patience: int) -> Any:
    """Return a promise that follows the events of a request or a transaction, and fails where none comes."""

    def start(resolve: Callable[..., None], reject: Callable[..., None]) -> None:
        def unanswered() -> None:
            reject(window.Error.new(f"the storage has not answered for {patience // 1000} seconds"))

        timer = window.setTimeout(unanswered, patience)

        def succeeded(_event: object) -> None:
            window.clearTimeout(timer)
            resolve(None)

        def failed(_event: object) -> None:
            window.clearTimeout(timer)
            reject(window.Error.new(_reason(target)))

        setattr(target, good, succeeded)
        for name in bad:
            setattr(target, name, failed)

    return window.Promise.new(start)


def _reason(target: Any) -> str:
    error = target.error
    return f"{error.name}: {error.message}" if error else "no reason given"
