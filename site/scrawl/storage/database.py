"""What the browser keeps for Scrawl: values by key, in IndexedDB. The page and its worker use it alike.

What is kept under which key is left to the callers.
"""

from browser import self as window

NAME, STORE, VERSION = "scrawl", "kept", 1
LAST = "\uffff"  # comes after all that a key may hold


class KeepError(RuntimeError):
    """The browser does not keep it; the message says why."""


async def get(key: str) -> object:
    """Return the value, None if there is none."""
    return await _do("readonly", lambda store: store.get(key))


async def put(key: str, value: object) -> None:
    """Keep a value; returns once the browser has it."""
    await _do("readwrite", lambda store: store.put(value, key))


async def delete(key: str) -> None:
    """Forget a value."""
    await _do("readwrite", lambda store: store.delete(key))


async def delete_all(prefix: str) -> None:
    """Forget all values whose keys begin so."""
    await _do("readwrite", lambda store: store.delete(_range(prefix)))


async def items(prefix: str) -> list:
    """Return (key, value) of all whose keys begin so, in the order of the keys."""
    keys = await _do("readonly", lambda store: store.getAllKeys(_range(prefix)))
    values = await _do("readonly", lambda store: store.getAll(_range(prefix)))
    return list(zip(keys, values, strict=True))


def _range(prefix: str) -> object:
    return window.IDBKeyRange.bound(prefix, prefix + LAST)


async def _do(mode: str, action: object) -> object:
    """Carry out one action in a transaction of its own."""
    database = await _open()
    try:
        transaction = database.transaction(STORE, mode)
        request = action(transaction.objectStore(STORE))
        await _settled(transaction, "oncomplete", ("onabort", "onerror"))
        return request.result
    except Exception as error:
        raise KeepError(str(error)) from error
    finally:
        database.close()


async def _open() -> object:
    try:
        request = window.indexedDB.open(NAME, VERSION)
        request.onupgradeneeded = lambda _event: request.result.createObjectStore(STORE)
        await _settled(request, "onsuccess", ("onerror", "onblocked"))
        return request.result
    except Exception as error:
        raise KeepError(f"this browser keeps nothing for this page ({error})") from error


def _settled(target: object, good: str, bad: tuple) -> object:
    """Return a promise that follows the events of a request or a transaction."""

    def begin(resolve: object, reject: object) -> None:
        def failed(_event: object) -> None:
            reject(window.Error.new(_reason(target)))

        setattr(target, good, lambda _event: resolve(None))
        for name in bad:
            setattr(target, name, failed)

    return window.Promise.new(begin)


def _reason(target: object) -> str:
    error = target.error
    return f"{error.name}: {error.message}" if error else "no reason given"
