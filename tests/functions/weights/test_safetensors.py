"""The safetensors format, as its own package reads and writes it; and what is refused."""

import json
import struct

import numpy as np
import pytest
from safetensors.numpy import load, save

from functions.errors import FormatError
from functions.weights import safetensors
from functions.weights.tensor_checks import fit

SHAPES = {"fc.weight": (3, 4), "fc.bias": (3,)}


@pytest.fixture
def values() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {name: random.standard_normal(shape).astype(np.float32) for name, shape in SHAPES.items()}


@pytest.fixture
def file(values: dict[str, np.ndarray]) -> bytes:
    return safetensors.encode(values, {"model": "m"})


def file_of(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def test_package_reads_what_is_written(file: bytes, values: dict[str, np.ndarray]) -> None:
    again = load(file)
    assert again.keys() == values.keys()
    for name, value in values.items():
        np.testing.assert_array_equal(again[name], value)


def test_what_the_package_writes_is_read(values: dict[str, np.ndarray]) -> None:
    again, metadata = safetensors.decode(save(values, {"who": "the package"}))
    assert metadata == {"who": "the package"}
    for name, value in fit(again, SHAPES).items():
        np.testing.assert_array_equal(value, values[name])


def test_equal_input_gives_equal_bytes(file: bytes, values: dict[str, np.ndarray]) -> None:
    assert safetensors.encode(values, {"model": "m"}) == file
    assert safetensors.encode(*safetensors.decode(file)) == file


def test_metadata_is_read_from_the_start_of_the_file_alone(file: bytes) -> None:
    assert safetensors.decode_metadata(file[:300]) == {"model": "m"}


def test_every_truncation_is_refused(file: bytes) -> None:
    for length in range(len(file)):
        with pytest.raises(FormatError):
            safetensors.decode(file[:length])


def entry(dtype: str = "F32", shape: object = (2,), offsets: object = (0, 8)) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "8 bytes of header length, got 0 bytes"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a safetensors file: a header of"),
        (struct.pack("<Q", 500) + b"{}", "header is 500 bytes long, got 2"),
        (file_of(b"[1, 2]"), "header is not what it should be: Expected `object`, got `array`"),
        (file_of(b"\xff\xfe\x00\x00"), "header is not what it should be"),
        (file_of({"a": {"dtype": "F32"}}), "missing required field"),
        (file_of({"__metadata__": {"a": 1}}), "Expected `str`, got `int`"),
        (file_of({"a": entry()}, bytes(7)), "announces 8 bytes of tensors, got 7"),
        (file_of({"a": entry()}, bytes(9)), "announces 8 bytes of tensors, got 9"),
        (file_of({"a": entry("I64")}, bytes(8)), "dtype F32 or .*, 'a' is 'I64'"),
        (file_of({"a": entry(offsets=(8, 0))}, bytes(8)), "'a' should start at byte 0, its offset says 8"),
        (file_of({"a": entry(offsets=(0, -8))}, bytes(8)), r"takes 8 bytes, its offsets -8"),
        (file_of({"a": entry(shape=(3,))}, bytes(8)), r"'a' of shape \[3\] takes 12 bytes, its offsets 8"),
        (file_of({"a": entry(shape=(-2, -1))}, bytes(8)), r"impossible shape \[-2, -1\]"),
        (file_of({"a": entry(), "b": entry()}, bytes(8)), "'b' should start at byte 8, its offset says 0"),
        (file_of({"a": entry(), "b": entry(offsets=(12, 20))}, bytes(20)), "should start at byte 8"),
        (file_of({"a": entry(shape=(2**40, 2**40))}, bytes(8)), "impossible shape"),
    ],
)
def test_foreign_safetensors_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        safetensors.decode(data)


def test_scalars_and_empty_tensors_are_read() -> None:
    header = {"a": entry(shape=(), offsets=(0, 4)), "b": entry(shape=(0, 3), offsets=(4, 4))}
    read, _ = safetensors.decode(file_of(header, bytes(4)))
    assert read["a"].shape == ()
    assert read["b"].shape == (0, 3)


def test_tensors_at_an_odd_address_are_aligned() -> None:
    header = json.dumps({"a": entry()}).encode()
    header += b" " * ((-len(header)) % 8 + 1)
    read, _ = safetensors.decode(file_of(header, np.array([1, 2], np.float32).tobytes()))
    fitted = fit(read, {"a": (2,)})["a"]
    assert fitted.flags.aligned
    assert fitted.tolist() == [1, 2]
