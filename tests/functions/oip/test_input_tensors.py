"""Tensors of the Open Inference Protocol become images: every shape and datatype taken, and what is refused."""

import struct

import msgspec
import numpy as np
import pytest

from functions.errors import FormatError, InvalidValueError
from functions.oip import input_tensors
from tests.support.digits.samples import digit_like

BYTES = np.round(digit_like(2, seed=3)[0] * 255).astype(np.uint8)  # (B, D)
IMAGES = BYTES.astype(np.float32) / np.float32(255)


def as_json(values: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(values))


@pytest.mark.parametrize("shape", [[2, 784], [2, 28, 28], [2, 1, 28, 28], [2, 28, 28, 1]])
@pytest.mark.parametrize("nested", [True, False])
def test_batch_of_every_shape_is_read_flat_or_nested(shape: list[int], nested: bool) -> None:
    data = IMAGES.reshape(shape if nested else -1).tolist()
    np.testing.assert_array_equal(input_tensors.from_json("FP32", shape, as_json(data)), IMAGES)
    np.testing.assert_array_equal(input_tensors.from_bytes("FP32", shape, IMAGES.tobytes()), IMAGES)


@pytest.mark.parametrize("shape", [[784], [28, 28], [1, 28, 28], [1, 784]])
def test_one_image_is_a_batch_of_one(shape: list[int]) -> None:
    data = IMAGES[0].reshape(shape).tolist()
    np.testing.assert_array_equal(input_tensors.from_json("FP32", shape, as_json(data)), IMAGES[:1])


@pytest.mark.parametrize(
    ("datatype", "values", "atol"),
    [
        ("FP32", IMAGES, 0),
        ("FP64", IMAGES.astype(np.float64), 0),
        ("FP16", IMAGES.astype(np.float16), 2**-11),  # what half precision rounds away below 1
        ("UINT8", BYTES, 0),
        ("UINT16", BYTES.astype("<u2"), 0),
        ("INT32", BYTES.astype("<i4"), 0),
        ("INT64", BYTES.astype("<i8"), 0),
    ],
)
def test_datatype_is_read_from_bytes_and_from_json(datatype: str, values: np.ndarray, atol: float) -> None:
    for read in (
        input_tensors.from_bytes(datatype, [2, 784], values.tobytes()),
        input_tensors.from_json(datatype, [2, 784], as_json(values.tolist())),
    ):
        assert read.dtype == np.float32
        np.testing.assert_allclose(read, IMAGES, rtol=0, atol=atol)


def test_bool_is_ink_or_none() -> None:
    ink = IMAGES > 0.5
    np.testing.assert_array_equal(input_tensors.from_bytes("BOOL", [2, 784], ink.tobytes()), ink)
    np.testing.assert_array_equal(input_tensors.from_json("BOOL", [2, 784], as_json(ink.tolist())), ink)


def test_numbers_may_be_written_in_another_way() -> None:
    ink = (IMAGES > 0.5).astype(int)
    np.testing.assert_array_equal(input_tensors.from_json("BOOL", [2, 784], as_json(ink.tolist())), ink)
    floats = BYTES.astype(np.float64).tolist()
    np.testing.assert_array_equal(input_tensors.from_json("UINT8", [2, 784], as_json(floats)), IMAGES)
    assert input_tensors.whole_shape([2.0, 784]) == [2, 784]


def test_large_integers_that_are_only_0_and_1_are_ink_or_none() -> None:
    ink = (IMAGES > 0.5).astype(np.int64)
    np.testing.assert_array_equal(input_tensors.from_bytes("INT64", [2, 784], ink.tobytes()), ink)


@pytest.mark.parametrize("size", [0.5, float("nan"), float("inf")])
def test_shape_of_other_numbers_is_refused(size: float) -> None:
    with pytest.raises(InvalidValueError, match="the shape must be whole numbers"):
        input_tensors.whole_shape([1, size])


def test_json_may_be_spaced_out() -> None:
    text = msgspec.json.format(msgspec.json.encode([[0.5] * 784] * 2), indent=40)
    assert input_tensors.from_json("FP32", [2, 784], msgspec.Raw(text)).shape == (2, 784)


HALF = [0.5] * 784


@pytest.mark.parametrize(
    ("datatype", "shape", "data", "message"),
    [
        ("FP32", [1, 783], HALF, r"the shape must be \[B,784\], .* got \[1, 783\]"),
        ("FP32", [], HALF, r"got \[\]"),
        ("FP32", [784, 1], HALF, r"got \[784, 1\]"),
        ("FP32", [-1, 784], HALF, "a batch has 1 to 4000 images, got -1"),
        ("FP32", [0, 784], [], "a batch has 1 to 4000 images, got 0"),
        ("FP32", [4001, 784], [], "got 4001"),
        ("FP32", [10**30, 784], [], "a batch has 1 to 4000 images"),
        ("FP32", [1, 784], HALF[1:], "has 784 elements, data has 783"),
        ("FP32", [2, 784], HALF, "has 1568 elements, data has 784"),
        ("FP32", [2, 784], [HALF, HALF[1:]], "differ in length"),
        ("FP32", [1, 784], [[HALF]], "one list, or lists nested 2 deep"),
        ("FP32", [1, 784], 0.5, "must be one list"),
        ("FP32", [2, 28, 28], [[HALF[:28]] * 28], r"nested as the shape \[2, 28, 28\] says, got \[1, 28, 28\]"),
        ("FP32", [784], ["0.5"] * 784, "expected `float`, got `str`"),
        ("FP32", [784], [True] * 784, "expected `float`, got `bool`"),
        ("FP32", [784], [None] * 784, "expected `float`, got `null`"),
        ("FP32", [784], [*HALF[1:], 1.5], "pixels of FP32 are 0 to 1, got 1.5 at 783; send 0 to 255 as UINT8"),
        ("FP32", [784], [-0.1, *HALF[1:]], "got -0.1 at 0"),
        ("UINT8", [784], [256] * 784, "pixels of UINT8 are 0 to 255, got 256 at 0$"),
        ("UINT8", [784], [10**30] * 784, "pixels of UINT8 are 0 to 255"),
        ("UINT8", [784], HALF, "pixels of UINT8 are whole numbers, got 0.5 at 0"),
        ("BOOL", [784], HALF, "pixels of BOOL are whole numbers, got 0.5 at 0"),
        ("BOOL", [784], [2] * 784, "pixels of BOOL are 0 to 1, got 2 at 0"),
        ("INT64", [784], [-1] * 784, "pixels of INT64 are 0 to 255, got -1 at 0"),
        (
            "INT8",
            [784],
            [1] * 784,
            r"the datatype must be FP32, .* a larger INT \(0 to 255\) or BOOL; got 'INT8'",
        ),
        ("fp32", [784], HALF, "got 'fp32'"),
    ],
)
def test_wrong_json_tensor_is_refused(datatype: str, shape: list[int], data: object, message: str) -> None:
    with pytest.raises((FormatError, InvalidValueError), match=f"(?i){message}"):
        input_tensors.from_json(datatype, shape, as_json(data))


@pytest.mark.parametrize(
    ("datatype", "raw", "message"),
    [
        ("FP32", bytes(3135), r"FP32 \[1, 784\] takes 3136 bytes, got 3135"),
        ("UINT8", bytes(785), "takes 784 bytes, got 785"),
        ("FP32", struct.pack("<784f", *[float("nan")] * 784), "got nan at 0"),
        ("FP64", struct.pack("<784d", *[float("inf")] * 784), "got inf at 0"),
        ("BOOL", bytes([2] * 784), "pixels of BOOL are 0 to 1, got 2"),
        ("BYTES", bytes(784), "got 'BYTES'"),
    ],
)
def test_wrong_binary_tensor_is_refused(datatype: str, raw: bytes, message: str) -> None:
    with pytest.raises((FormatError, InvalidValueError), match=message):
        input_tensors.from_bytes(datatype, [1, 784], raw)
