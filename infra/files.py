"""Atomic file writes, and locks between processes.

A reader, or the next start after a crash, finds a file's old content or the new, never half of it. The system
releases a lock however its process ends. The package `filelock` would not do: it empties the lock file before it has
the lock, and with it the holder's process number, which the error message gives.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_atomically(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Replace a file's content in one step. With `durable`, return only once it is on the disk.

    An OSError names this file, and leaves nothing of what was not finished.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.new")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from error
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a crash of the machine, as far as the system can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a lock; its file then contains this process's number.

    Raises:
        BlockingIOError: when another process has it and `wait` is False; the text is that process's number.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            lock.seek(0)
            raise BlockingIOError(lock.read() or "?") from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
