"""Tensors as bytes: safetensors as its own package reads and writes it, JSON lists, int8; and what is refused."""

import json
import struct

import msgspec
import numpy as np
import pytest
import safetensors.numpy

from functions.errors import FormatError, InvalidValueError
from functions.weights import tensors

SHAPES = {"fc.weight": (3, 4), "fc.bias": (3,)}


@pytest.fixture
def values() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {name: random.standard_normal(shape).astype(np.float32) for name, shape in SHAPES.items()}


@pytest.fixture
def file(values: dict[str, np.ndarray]) -> bytes:
    return tensors.encode(values, {"model": "m"})


def file_of(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def test_package_reads_what_is_written(file: bytes, values: dict[str, np.ndarray]) -> None:
    again = safetensors.numpy.load(file)
    assert again.keys() == values.keys()
    for name, value in values.items():
        np.testing.assert_array_equal(again[name], value)


def test_what_the_package_writes_is_read(values: dict[str, np.ndarray]) -> None:
    again, metadata = tensors.decode(safetensors.numpy.save(values, {"who": "the package"}))
    assert metadata == {"who": "the package"}
    for name, value in tensors.fit(again, SHAPES).items():
        np.testing.assert_array_equal(value, values[name])


def test_equal_input_gives_equal_bytes(file: bytes, values: dict[str, np.ndarray]) -> None:
    assert tensors.encode(values, {"model": "m"}) == file
    assert tensors.encode(*tensors.decode(file)) == file


def test_metadata_is_read_from_the_start_of_the_file_alone(file: bytes) -> None:
    assert tensors.decode_metadata(file[:300]) == {"model": "m"}


def test_every_truncation_is_refused(file: bytes) -> None:
    for length in range(len(file)):
        with pytest.raises(FormatError):
            tensors.decode(file[:length])


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
        tensors.decode(data)


def test_scalars_and_empty_tensors_are_read() -> None:
    header = {"a": entry(shape=(), offsets=(0, 4)), "b": entry(shape=(0, 3), offsets=(4, 4))}
    read, _ = tensors.decode(file_of(header, bytes(4)))
    assert read["a"].shape == ()
    assert read["b"].shape == (0, 3)


def test_tensors_at_an_odd_address_are_aligned() -> None:
    header = json.dumps({"a": entry()}).encode()
    header += b" " * ((-len(header)) % 8 + 1)
    read, _ = tensors.decode(file_of(header, np.array([1, 2], np.float32).tobytes()))
    fitted = tensors.fit(read, {"a": (2,)})["a"]
    assert fitted.flags.aligned
    assert fitted.tolist() == [1, 2]


def test_fit_puts_tensors_in_order(values: dict[str, np.ndarray]) -> None:
    assert list(tensors.fit(dict(reversed(values.items())), SHAPES)) == list(SHAPES)


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"fc.bias": None}, "fc.bias", "fc.bias missing"),
        ({"fc2.bias": np.zeros(3, np.float32)}, "fc2.bias", "fc2.bias unknown"),
        ({"fc.weight": np.zeros((4, 3), np.float32)}, "fc.weight", r"has shape \[3, 4\], got \[4, 3\]"),
        ({"fc.bias": np.array([0, np.nan, 0], np.float32)}, "fc.bias", r"must be finite, got nan at \[1\]"),
        ({"fc.bias": np.array([0, 0, -np.inf], np.float32)}, "fc.bias", r"must be finite, got -inf at \[2\]"),
        ({"fc.bias": np.zeros(3, np.int8)}, "fc.bias", "is float32, got int8"),
    ],
)
def test_tensors_that_do_not_fit_are_refused_by_name(
    values: dict[str, np.ndarray], change: dict[str, np.ndarray | None], field: str, message: str
) -> None:
    changed = {name: value for name, value in (values | change).items() if value is not None}
    with pytest.raises(InvalidValueError, match=message) as refused:
        tensors.fit(changed, SHAPES)
    assert refused.value.field == field


def raw(values: dict[str, object]) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(json.dumps(value).encode()) for name, value in values.items()}


def test_json_lists_are_read(values: dict[str, np.ndarray]) -> None:
    lists = raw({name: value.tolist() for name, value in values.items()})
    for name, value in tensors.fit(tensors.from_lists(lists, SHAPES), SHAPES).items():
        np.testing.assert_array_equal(value, values[name])


@pytest.mark.parametrize(
    ("bias", "message"),
    [
        ([[0, 0, 0]], "numbers in lists nested 1 deep: Expected `float`, got `array`"),
        (1.5, "numbers in lists nested 1 deep: Expected `array`, got `float`"),
        ([0, "a", 0], "Expected `float`, got `str`"),
        ([0, None, 0], "Expected `float`, got `null`"),
        ([0, 0], r"has shape \[3\], got \[2\]"),
        ([0, 1e39, 0], "must be finite, got inf"),
    ],
)
def test_wrong_json_lists_are_refused(bias: object, message: str) -> None:
    lists = raw({"fc.weight": [[0] * 4] * 3, "fc.bias": bias})
    with pytest.raises(InvalidValueError, match=message):
        tensors.fit(tensors.from_lists(lists, SHAPES), SHAPES)


def test_rows_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"'fc.weight' has rows of unequal lengths"):
        tensors.from_lists(raw({"fc.weight": [[0] * 4, [0] * 3, [0] * 4], "fc.bias": [0] * 3}), SHAPES)


def test_int8_is_a_quarter_of_the_size_and_close() -> None:
    random = np.random.default_rng(0)
    weight = random.standard_normal((128, 784)).astype(np.float32)
    weight[5] = 0
    bias = random.standard_normal(128).astype(np.float32)
    small = tensors.to_int8({"fc.weight": weight, "fc.bias": bias})
    assert list(small) == ["fc.weight", "fc.weight.scale", "fc.bias"]
    assert small["fc.weight"].dtype == np.int8
    assert small["fc.weight.scale"].dtype == np.float32
    scale = small["fc.weight.scale"].astype(np.float32)[:, None]
    restored = small["fc.weight"].astype(np.float32) * scale
    # Rounding errs by half a step at most; a little more, because the scale is float32 itself.
    assert (np.abs(restored - weight) <= scale * 0.5001).all()
    assert np.abs(small["fc.weight"].astype(np.int8)).max() == 127
    np.testing.assert_array_equal(small["fc.bias"], bias)
    assert len(tensors.encode(small, {})) < 0.26 * len(tensors.encode({"w": weight, "b": bias}, {}))


def test_tensors_of_other_names_are_named() -> None:
    theirs = {"0.weight": np.zeros((2, 3), np.float32), "0.bias": np.zeros(2, np.float32)}
    with pytest.raises(InvalidValueError, match=r"fc1.weight, fc1.bias missing; unknown: '0.bias', '0.weight'"):
        tensors.fit(theirs, {"fc1.weight": (2, 3), "fc1.bias": (2,)})
