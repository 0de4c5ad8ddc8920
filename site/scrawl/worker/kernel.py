"""The browser's kernel: fetches the WebAssembly module and gives `scrawl.net.network` its memory and functions.

`site/kernel` explains what the functions compute. There are four builds: with or without relaxed SIMD, for browsers
whose `WebAssembly.validate` accepts its instructions; and with a memory that threads can share, where the page may
have one, or without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import self as window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from browser.arrays import Float32Array, Uint8Array

    from scrawl.net.interfaces import Bytes, Floats

ALIGNMENT = 64
PAGE = 65536
FIRST_PAGES = 32  # of a shared memory
# The pages that it may grow to, which the browser reserves at once: as many as the build allows, or fewer.
MOST_PAGES = (16384, 8192, 4096)
MOST_THREADS = 16  # as in `site/kernel/team.h`

# (module (func (param v128 v128 v128) (result v128)
#   local.get 0  local.get 1  local.get 2  f32x4.relaxed_madd))
RELAXED_PROBE = [
    *(0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00),
    *(0x01, 0x08, 0x01, 0x60, 0x03, 0x7B, 0x7B, 0x7B, 0x01, 0x7B),
    *(0x03, 0x02, 0x01, 0x00),
    *(0x0A, 0x0D, 0x01, 0x0B, 0x00, 0x20, 0x00, 0x20, 0x01, 0x20, 0x02, 0xFD, 0x85, 0x02, 0x0B),
]

# (module (func (result v128)  i32.const 0  i8x16.splat))
SIMD_PROBE = [
    *(0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00),
    *(0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7B),
    *(0x03, 0x02, 0x01, 0x00),
    *(0x0A, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xFD, 0x0F, 0x0B),
]


def has_relaxed_simd() -> bool:
    """Tell whether this browser has relaxed SIMD."""
    return bool(window.WebAssembly.validate(window.Uint8Array.new(RELAXED_PROBE)))


def check_browser() -> None:
    """Raise an error that a person understands if this browser cannot run the kernel."""
    wanted = "a current Chrome, Edge, Firefox or Safari has it"
    if not hasattr(window, "WebAssembly"):
        raise RuntimeError(f"this browser has no WebAssembly, or has it switched off; {wanted}")
    if not window.WebAssembly.validate(window.Uint8Array.new(SIMD_PROBE)):
        raise RuntimeError(f"this browser's WebAssembly has no SIMD; {wanted}")


async def load_kernel(urls: dict[str, str]) -> Kernel:
    """Fetch the build that suits this browser and page, from absolute addresses, and return its `Kernel`."""
    check_browser()
    relaxed = has_relaxed_simd()
    memory, why_single = shared_memory()
    if memory is not None:
        try:
            result = await _instance(urls["threadsRelaxed" if relaxed else "threads"], memory)
            return Kernel(result, memory, urls["helper"])
        except Exception as error:  # then the other build has to do, or says what is wrong
            why_single = f"the kernel for several threads did not start ({error})"
    return Kernel(await _instance(urls["relaxed" if relaxed else "plain"], None), why_single=why_single)


def shared_memory() -> tuple[Any, str]:
    """Return a memory that threads can share, or None and why there is none."""
    cores = getattr(window.navigator, "hardwareConcurrency", 1)
    if cores < 2:
        return None, "this device has one core"
    if not getattr(window, "crossOriginIsolated", False):
        return None, "this page is not isolated from other sites, so threads cannot share its memory"
    if not hasattr(window, "Worker"):
        return None, "this browser does not let a thread start others"
    for pages in MOST_PAGES:
        try:
            limits = {"initial": FIRST_PAGES, "maximum": pages, "shared": True}
            return window.WebAssembly.Memory.new(limits), ""
        except Exception:
            continue
    return None, "there is no room for memory that threads can share"


async def load_module(url: str) -> Kernel:
    """Fetch a module made of the C in `site/kernel`, from an absolute address, and return it with its memory."""
    return Kernel(await _instance(url, None))


async def _instance(url: str, memory: Any) -> Any:
    response = await window.fetch(url)
    if not response.ok:
        raise RuntimeError(f"{url} answered {response.status}, expected a WebAssembly module")
    imports = {} if memory is None else {"env": {"memory": memory}}
    return await window.WebAssembly.instantiate(await response.arrayBuffer(), imports)


class Kernel:
    """A module with its instance, and an allocator that only ever grows.

    With a shared `memory`, helpers whose script is at `helper_url` may run the same module; else `why_single` says
    why not.
    """

    def __init__(self, result: Any, memory: Any = None, helper_url: str = "", why_single: str = "") -> None:
        self.module, self.exports = result.module, result.instance.exports
        self.helper_url, self.why_single = helper_url, why_single
        self.most_threads = 1 if memory is None else min(MOST_THREADS, window.navigator.hardwareConcurrency)
        self.memory = self.exports.memory if memory is None else memory
        self.end: int = getattr(self.exports, "__heap_base").value
        self._view()

    def _view(self) -> None:
        # Growing the memory detaches its buffer, or leaves it as small as it is, so the views must be made again.
        # What leaves this class is copied: a browser takes no shared memory for pictures, storage, digests and texts.
        buffer = self.memory.buffer
        self.bytes = window.Uint8Array.new(buffer)
        self.floats = window.Float32Array.new(buffer)
        self.doubles = window.Float64Array.new(buffer)

    def alloc(self, size: int) -> int:
        """Reserve `size` bytes, zeroed, and return their address, a multiple of 64."""
        address = -(-self.end // ALIGNMENT) * ALIGNMENT
        missing = -(-(address + size - self.bytes.length) // PAGE)
        if missing > 0:
            self._grow(missing)
        self.end = address + size  # not before: where there is no more memory, what there is stays of use
        return address

    def _grow(self, pages: int) -> None:
        try:
            self.memory.grow(pages)
        except Exception as error:
            have = round(self.bytes.length / 1e6)
            raise RuntimeError(f"this browser gives no more memory than the {have} MB it has given") from error
        self._view()

    def release(self, address: int) -> None:
        """Give back everything that was reserved from `address` on: nobody uses it."""
        last = min(self.end, self.bytes.length)
        if last > address:
            self.bytes.fill(0, address, last)
        self.end = address

    def function(self, name: str) -> Callable[..., Any]:
        """Return an exported function."""
        function: Callable[..., Any] = getattr(self.exports, name)
        return function

    def size(self, data: Bytes | Floats) -> int:
        """Return how many elements a typed array has."""
        return len(data)

    def write(self, address: int, data: Bytes) -> None:
        """Copy a Uint8Array to the address."""
        self.bytes.set(data, address)

    def write_words(self, address: int, words: Sequence[int]) -> None:
        """Copy a list of whole numbers from 0 to the address, 4 bytes each."""
        window.Uint32Array.new(self.memory.buffer, address, len(words)).set(words)

    def write_floats(self, address: int, data: Floats | Sequence[float]) -> None:
        """Copy a Float32Array to the address."""
        self.floats.set(data, address // 4)

    def read_floats(self, address: int, count: int) -> Float32Array:
        """Return a copy as a Float32Array."""
        return self.floats.slice(address // 4, address // 4 + count)

    def read_bytes(self, address: int, count: int) -> Uint8Array:
        """Return a copy as a Uint8Array."""
        return self.bytes.slice(address, address + count)

    def read_words(self, address: int, count: int) -> list[int]:
        """Return a list of whole numbers from 0, 4 bytes each."""
        return [*window.Uint32Array.new(self.memory.buffer, address, count)]

    def read_double(self, address: int) -> float:
        """Return one number."""
        return self.doubles[address // 8]
