"""The kernel run by wasmtime, for `scrawl.net.network`; in the browser that is `scrawl.worker.kernel.Kernel`."""

import functools
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import wasmtime

from infra.files import locked
from infra.page import kernel_build
from infra.page.kernel_build import SOURCES
from infra.paths import BUILD

ALIGNMENT = 64
PAGE = 65536


def built(relaxed: bool, *, with_naive: bool, shared: bool = False) -> Path:
    """Return the kernel's module, which is built unless these sources have been built before."""
    sources = [*sorted(SOURCES.glob("*.[ch]")), *sorted(kernel_build.NAIVE.glob("*.c")), Path(kernel_build.__file__)]
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    kind = "-threads" * shared + "-relaxed" * relaxed + "-shipped" * (not with_naive)
    path = BUILD / "kernel" / f"tested-{digest}{kind}.wasm"
    with locked(path.with_suffix(".lock")):  # another worker may need it at the same time
        if not path.exists():
            unfinished = path.with_suffix(".unfinished.wasm")
            kernel_build.build_kernel(unfinished, relaxed, with_naive=with_naive, shared=shared)
            unfinished.replace(path)
    return path


@functools.cache
def compiled(relaxed: bool) -> tuple[wasmtime.Engine, wasmtime.Module]:
    """Compile the kernel with its naive twins for this machine."""
    engine = wasmtime.Engine()
    return engine, wasmtime.Module.from_file(engine, str(built(relaxed, with_naive=True)))


@functools.cache
def compiled_pictures() -> tuple[wasmtime.Engine, wasmtime.Module]:
    """Compile the module that reads picture files."""
    engine = wasmtime.Engine()
    return engine, wasmtime.Module(engine, kernel_build.compiled_picture_reader())


class WasmtimeKernel:
    """An instance of the kernel, or of what reads picture files, with an allocator that only ever grows."""

    most_threads = 1
    why_single = "the tests run it on one thread"

    def __init__(self, relaxed: bool = False, *, pictures: bool = False) -> None:
        engine, module = compiled_pictures() if pictures else compiled(relaxed)
        self.store = wasmtime.Store(engine)
        self.exports: Any = wasmtime.Instance(self.store, module, []).exports(self.store)
        memory, heap = self.exports["memory"], self.exports["__heap_base"]
        assert isinstance(memory, wasmtime.Memory)
        assert isinstance(heap, wasmtime.Global)
        self.memory = memory
        self.end = int(heap.value(self.store))

    def alloc(self, size: int) -> int:
        address = -(-self.end // ALIGNMENT) * ALIGNMENT
        self.end = address + size
        missing = -(-(self.end - self.memory.data_len(self.store)) // PAGE)
        if missing > 0:
            self.memory.grow(self.store, missing)
        return address

    def release(self, address: int) -> None:
        self.write(address, bytes(min(self.end, self.memory.data_len(self.store)) - address))
        self.end = address

    def function(self, name: str) -> Callable[..., Any]:
        return functools.partial(self.exports[name], self.store)

    def size(self, data: Any) -> int:
        return data.size if isinstance(data, np.ndarray) else len(data)

    def write(self, address: int, data: Any) -> None:
        self.memory.write(self.store, bytes(data), address)

    def write_words(self, address: int, words: Sequence[int]) -> None:
        self.write(address, np.array(words, np.uint32).tobytes())

    def write_floats(self, address: int, data: Any) -> None:
        self.write(address, np.ascontiguousarray(data, np.float32).tobytes())

    def read(self, address: int, dtype: type, shape: int | tuple[int, ...]) -> np.ndarray:
        count = int(np.prod(shape)) * np.dtype(dtype).itemsize
        return np.frombuffer(bytes(self.memory.read(self.store, address, address + count)), dtype).reshape(shape)

    def read_floats(self, address: int, count: int) -> np.ndarray:
        return self.read(address, np.float32, count)

    def read_bytes(self, address: int, count: int) -> bytes:
        return bytes(self.memory.read(self.store, address, address + count))

    def read_words(self, address: int, count: int) -> list[int]:
        return [int(word) for word in self.read(address, np.uint32, count)]

    def read_double(self, address: int) -> float:
        return float(self.read(address, np.float64, 1)[0])

    def put(self, array: np.ndarray) -> int:
        """Copy an array into fresh memory and return its address."""
        address = self.alloc(array.nbytes)
        self.write(address, array.tobytes())
        return address
