"""The kernel's build for several threads, run by wasmtime: a shared memory, and threads of this process as helpers.

In the browser those are `scrawl.worker.team` and `site/helper.js`.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import wasmtime
from wasmtime import _ffi as ffi

from infra.page.kernel_build import MOST_MEMORY
from tests.support.networks.kernel_host import ALIGNMENT, PAGE, WasmtimeKernel, built

if TYPE_CHECKING:
    from types import TracebackType

    type Throwing = Literal["none", "aloud", "silently"]

STACK = 65536  # bytes, as in the browser
PATIENCE = 30  # tenths of a second, as in the browser
FIRST_PAGES = 32  # of memory, as in the browser


@functools.cache
def compiled(relaxed: bool) -> tuple[wasmtime.Engine, wasmtime.Module]:
    """Compile the build for several threads for this machine."""
    config = wasmtime.Config()
    config.wasm_threads = True
    config.shared_memory = True
    engine = wasmtime.Engine(config)
    return engine, wasmtime.Module.from_file(engine, str(built(relaxed, with_naive=False, shared=True)))


class SharedMemory(wasmtime.SharedMemory):
    """One that can be imported: wasmtime 50's own passes on a pointer to its pointer, which ctypes refuses."""

    def _as_extern(self) -> Any:
        union = ffi.wasmtime_extern_union(sharedmemory=self.ptr())
        return ffi.wasmtime_extern_t(ffi.WASMTIME_EXTERN_SHAREDMEMORY, union)


class ThreadedKernel(WasmtimeKernel):
    """An instance on a shared memory, and its helpers. Use it in a `with`, which ends them."""

    def __init__(self, threads: int = 1, relaxed: bool = False, most_threads: int = 8) -> None:
        self.engine, self.module = compiled(relaxed)
        self.most_threads = most_threads
        limits = wasmtime.Limits(FIRST_PAGES, MOST_MEMORY // PAGE)
        self.shared = SharedMemory(self.engine, wasmtime.MemoryType(limits, shared=True))
        self.store, self.exports = self.instance()
        heap = self.exports["__heap_base"]
        assert isinstance(heap, wasmtime.Global)
        self.end = int(heap.value(self.store))
        self.stacks = [self.alloc(STACK) + STACK for _ in range(most_threads)]
        self.helpers: list[threading.Thread] = []
        self.set_threads(threads)

    def __enter__(self) -> ThreadedKernel:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.set_threads(1)

    def instance(self) -> tuple[wasmtime.Store, Any]:
        store = wasmtime.Store(self.engine)
        return store, wasmtime.Instance(store, self.module, [self.shared]).exports(store)

    def set_threads(self, threads: int, patience: int = PATIENCE, throwing: Throwing = "none") -> None:
        """Have so many threads. Of those that are to throw, each does in the middle of its first part."""
        number = int(self.function("set_team")(threads, patience))
        for helper in self.helpers:
            helper.join()
        arguments = [(thread, number, throwing) for thread in range(1, threads)]
        self.helpers = [threading.Thread(target=self.help, args=some, daemon=True) for some in arguments]
        for helper in self.helpers:
            helper.start()

    def help(self, thread: int, number: int, throwing: Throwing) -> None:
        """Be a helper."""
        store, exports = self.instance()
        stack = self.stacks[thread] if throwing == "none" else 0  # there, what is written first is out of bounds
        exports["__stack_pointer"].set_value(store, stack)
        try:
            exports["help"](store, thread, number)
        except wasmtime.Trap:
            if throwing != "silently":
                exports["give_up"](store, thread, number)

    def alloc(self, size: int) -> int:
        address = -(-self.end // ALIGNMENT) * ALIGNMENT
        self.end = address + size
        missing = -(-(self.end - self.shared.data_len()) // PAGE)
        if missing > 0:
            self.shared.grow(missing)
        return address

    def write(self, address: int, data: Any) -> None:
        ctypes.memmove(ctypes.addressof(self.shared.data_ptr().contents) + address, bytes(data), len(bytes(data)))

    def read_bytes(self, address: int, count: int) -> bytes:
        return ctypes.string_at(ctypes.addressof(self.shared.data_ptr().contents) + address, count)

    def read(self, address: int, dtype: type, shape: int | tuple[int, ...]) -> np.ndarray:
        count = int(np.prod(shape)) * np.dtype(dtype).itemsize
        return np.frombuffer(self.read_bytes(address, count), dtype).reshape(shape)
