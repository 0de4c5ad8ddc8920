"""Weights as others wrote them: names, kinds of numbers, layouts, and files of other formats."""

import io
import pickle
import struct
import zipfile
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save

from functions.errors import FormatError, InvalidValueError
from functions.weights import foreign, safetensors
from functions.weights.int8 import as_int8, to_int8
from functions.weights.tensor_checks import fit
from tests.support.api import Api
from tests.support.digits.samples import weights_with_biases

SHAPES = {"fc1.weight": (128, 784), "fc1.bias": (128,), "fc2.weight": (10, 128), "fc2.bias": (10,)}
WEIGHTS = weights_with_biases(SHAPES, 1)


def read(data: bytes) -> dict[str, NDArray[np.float32]]:
    return fit(safetensors.read_foreign(data)[0], SHAPES)


def named(change: Callable[[str], str]) -> bytes:
    return save({change(name): tensor for name, tensor in WEIGHTS.items()})


@pytest.mark.parametrize(
    "change",
    [
        lambda name: name.replace("fc", "linear_"),
        lambda name: f"module.{name}",
        lambda name: f"_orig_mod.{name}",
        lambda name: f"model.{name}",
        lambda name: f"_orig_mod.module.{name.replace('fc', 'linear_')}",
    ],
)
def test_names_of_wrappers_and_of_other_programs_are_ours(change: Callable[[str], str]) -> None:
    for name, tensor in read(named(change)).items():
        np.testing.assert_array_equal(tensor, WEIGHTS[name])


def test_tensor_under_two_names_is_refused() -> None:
    twice = {**WEIGHTS, "module.fc1.bias": WEIGHTS["fc1.bias"]}
    with pytest.raises(InvalidValueError, match=r"both fc1.bias and module.fc1.bias"):
        read(save(twice))


@pytest.mark.parametrize(("kind", "tolerance"), [(np.float16, 1e-3), (np.float64, 0)])
def test_other_floats_are_read(kind: type, tolerance: float) -> None:
    for name, tensor in read(save({n: w.astype(kind) for n, w in WEIGHTS.items()})).items():
        np.testing.assert_allclose(tensor, WEIGHTS[name], rtol=tolerance, atol=tolerance / 100)


def test_bfloat16_is_the_upper_half_of_float32() -> None:
    halves = {name: (w.view(np.uint32) >> 16).astype("<u2") for name, w in WEIGHTS.items()}
    header, place = {}, 0
    for name, half in halves.items():
        header[name] = {"dtype": "BF16", "shape": half.shape, "data_offsets": (place, place + half.nbytes)}
        place += half.nbytes
    text = msgspec.json.encode(header)
    data = struct.pack("<Q", len(text)) + text + b"".join(half.tobytes() for half in halves.values())
    for name, tensor in read(data).items():
        np.testing.assert_allclose(tensor, WEIGHTS[name], rtol=2**-7)


def test_int8_as_the_api_gives_it_is_read() -> None:
    small = safetensors.encode(to_int8(WEIGHTS), {})
    for name, tensor in read(small).items():
        np.testing.assert_array_equal(tensor, as_int8(WEIGHTS)[name])


def test_int8_without_its_scales_is_refused() -> None:
    small = {name: w for name, w in to_int8(WEIGHTS).items() if not name.endswith(".scale")}
    with pytest.raises(InvalidValueError, match="is float32, got int8"):
        read(safetensors.encode(small, {}))


def test_kernels_in_keras_order_are_named() -> None:
    turned = {**WEIGHTS, "fc1.weight": WEIGHTS["fc1.weight"].T.copy()}
    with pytest.raises(InvalidValueError, match=r"transposed, as Keras keeps kernels; send kernel.T"):
        read(save(turned))
    assert "transpose(3, 2, 0, 1)" in foreign.layout_hint((3, 3, 1, 32), (32, 1, 3, 3))
    assert foreign.layout_hint((1, 2), (3, 4)) == ""


def archive(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        opened.writestr(name, b"x")
    return file.getvalue()


FOREIGN = {
    "torch": (archive("archive/data.pkl"), r"PyTorch checkpoint .*torch.load"),
    "keras": (archive("model.weights.h5"), r"Keras model .*kernel.numpy\(\).T"),
    "numpy": (archive("fc1.weight.npy"), r"NumPy archive"),
    "zip": (b"PK\x03\x04" + bytes(100), r"zip file, as PyTorch .* and Keras"),
    "pickle": (pickle.dumps({"fc1.weight": [1.0]}), r"Python pickle"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(100), r"HDF5 file, as Keras"),
    "ONNX": (b"\x08\x0a\x12\x07pytorch" + bytes(100), r"ONNX model.*import-onnx"),
    "gzip": (b"\x1f\x8b" + bytes(100), r"gzip file.*unpack it first"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_other_formats_are_named_with_the_way_out(kind: str) -> None:
    data, message = FOREIGN[kind]
    with pytest.raises(FormatError, match=message):
        safetensors.read_foreign(data)


def test_api_takes_what_it_gives_and_what_others_call_the_same(api: Api) -> None:
    kind = "application/vnd.safetensors"
    small = api("GET", "/weights?precision=int8", headers={"Accept": kind}).body
    assert api("POST", "/weights", body=small, headers={"Content-Type": kind}).status_code == 201
    as_json = api("GET", "/weights").json_body["tensors"]
    wrapped = {"tensors": {f"module.{name.replace('fc', 'linear_')}": tensor for name, tensor in as_json.items()}}
    assert api("POST", "/weights", body=wrapped).status_code == 201
    pth = api("POST", "/weights", body=FOREIGN["torch"][0], headers={"Content-Type": kind})
    assert (pth.status_code, "PyTorch" in pth.json_body["error"]["message"]) == (400, True)
