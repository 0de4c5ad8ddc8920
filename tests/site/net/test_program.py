"""Recording calls: Python refuses those that a primitive does not take, and so does the kernel."""

import pytest
import wasmtime
from scrawl.net.program import COUNT, PRIMITIVES, REGISTERS, STEP, WORDS, Program

from infra.page.kernel_build import dispatch_header, numbers_header
from tests.support.networks.kernel_host import WasmtimeKernel


@pytest.fixture
def kernel() -> WasmtimeKernel:
    return WasmtimeKernel()


@pytest.fixture
def program(kernel: WasmtimeKernel) -> Program:
    return Program(kernel, kernel.alloc(16))


def test_call_with_another_number_of_arguments_is_refused(program: Program) -> None:
    with pytest.raises(ValueError, match="relu_forward takes 3 arguments, got 2"):
        program.add("relu_forward", 64, COUNT)
    assert program.words == []


def test_call_with_another_kind_of_argument_is_refused(program: Program) -> None:
    with pytest.raises(ValueError, match="relu_forward takes puu, got f as argument 1"):
        program.add("relu_forward", 64, STEP, 16)
    with pytest.raises(ValueError, match="add_scaled takes ppuf, got p as argument 3"):
        program.add("add_scaled", 64, 128, 16, 1)


def test_unknown_primitive_is_refused(program: Program) -> None:
    with pytest.raises(KeyError, match="dropout"):
        program.add("dropout", 64)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        (0, len(PRIMITIVES)),  # there is no such primitive
        (0, list(PRIMITIVES).index("relu_forward") | 4 << 16),  # it takes three arguments
        (3, len(REGISTERS)),  # there is no such register
    ],
)
def test_kernel_stops_at_what_it_cannot_carry_out(
    kernel: WasmtimeKernel, program: Program, word: int, value: int
) -> None:
    program.add("relu_forward", kernel.alloc(64), COUNT, 16)
    program.words[word] = value
    program.finish()
    with pytest.raises(wasmtime.Trap):
        program.run(0, 0, 0, 0, 1, 1, 0.0)


def test_headers_have_a_call_and_a_number_for_each_primitive() -> None:
    header, numbers = dispatch_header(), numbers_header()
    for name, kinds in PRIMITIVES.items():
        assert len(kinds) <= WORDS - 2
        assert header.count(f": {name}(") == 1
        assert f"CALL_{name.upper()}," in numbers
    for name in REGISTERS:
        assert name.upper() in numbers
