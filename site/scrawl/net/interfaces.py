"""What the network and the training take from outside, as types: the kernel's host, arrays, descriptions of networks.

For the type checker only: import it under `if TYPE_CHECKING:`, then it never reaches the browser. There the kernel is
`scrawl.worker.kernel.Kernel` and arrays are typed arrays; in the tests the kernel is run by wasmtime and arrays are
NumPy's or `bytes`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NotRequired, Protocol, TypedDict


class Bytes(Protocol):
    """Numbers from 0 to 255: `bytes`, a Uint8Array, NumPy's uint8."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> int: ...
    def __iter__(self) -> Iterator[int]: ...


class Floats(Protocol):
    """Float32 numbers: a Float32Array, NumPy's float32."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> float: ...
    def __iter__(self) -> Iterator[float]: ...


type Weights = dict[str, Floats]  # parameter's name → its numbers, flat, in PyTorch's layout
type Rows = tuple[int, int]  # first row, how many


class Kernel(Protocol):
    """An instance of the WebAssembly module, its memory, and an allocator."""

    most_threads: int  # that may share a program

    def alloc(self, size: int, /) -> int:
        """Reserve bytes, zeroed, and return their address, a multiple of 64."""

    def function(self, name: str, /) -> Callable[..., Any]:
        """Return an exported function."""

    def size(self, data: Bytes | Floats, /) -> int:
        """Return how many elements an array has."""

    def write(self, address: int, data: Bytes, /) -> None:
        """Copy bytes to the address."""

    def write_words(self, address: int, words: Sequence[int], /) -> None:
        """Copy whole numbers from 0 to the address, 4 bytes each."""

    def write_floats(self, address: int, data: Floats | Sequence[float], /) -> None:
        """Copy numbers to the address, as float32."""

    def read_bytes(self, address: int, count: int, /) -> Bytes:
        """Return a copy of bytes."""

    def read_words(self, address: int, count: int, /) -> list[int]:
        """Return whole numbers from 0, 4 bytes each."""

    def read_floats(self, address: int, count: int, /) -> Floats:
        """Return a copy of float32 numbers."""

    def read_double(self, address: int, /) -> float:
        """Return one number of 8 bytes."""


class GrowingKernel(Kernel, Protocol):
    """One whose allocator only ever grows, so that what was reserved last can be given back."""

    end: int  # of what has been reserved

    def release(self, address: int, /) -> None:
        """Give back everything that was reserved from the address on."""


class LayerDescription(TypedDict):
    """A layer in a network's list. Those with parameters have a name, and how many inputs and outputs."""

    kind: str
    name: NotRequired[str]
    inputs: NotRequired[int]
    outputs: NotRequired[int]
    rate: NotRequired[float]  # of dropout: the part of the units that is left out


class ParameterDescription(TypedDict):
    """A tensor of the network."""

    name: str
    shape: list[int]


class NetworkDescription(TypedDict):
    """A network as models.json and the API describe it."""

    model: str
    title: str
    layers: list[LayerDescription]
    parameters: list[ParameterDescription]
