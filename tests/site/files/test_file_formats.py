"""Recognising weight files and the network they fit, and IDX files, compared with independent readers."""

from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from scrawl.files import file_formats
from scrawl.net.safetensors import FormatError

from infra.dataset import idx
from model_export.architectures import architecture_named, parameter_table
from model_export.export import export
from model_export.pretrained import shipped_architectures

MODELS = [architecture.id for architecture in shipped_architectures()]


def random_weights(model: str) -> dict[str, np.ndarray]:
    table = parameter_table(architecture_named(model).layers)
    random = np.random.default_rng(1)
    return {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in table}


def test_formats_are_recognised_by_content() -> None:
    onnx_file = export("mlp-128", random_weights("mlp-128"))["inference.onnx"]
    assert file_formats.format_of(onnx_file[:16]) == "onnx"
    assert file_formats.format_of(safetensors.numpy.save({"a": np.zeros(1, np.float32)})[:16]) == "safetensors"
    assert file_formats.format_of(b'{"model": "mlp-1') == "json"
    assert file_formats.format_of(b"\xef\xbb\xbf \n{") == "json"
    header = (640).to_bytes(8, "little") + b'{"fc1.we'  # starts as an old PyTorch checkpoint does
    assert file_formats.format_of(header) == "safetensors"


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (b"PK\x03\x04 and so on", "as PyTorch .* and Keras"),
        (b"\x80\x02}q\x00X\x05\x00\x00\x00", "Python pickle"),
        (b"\x89HDF\r\n\x1a\n and so on", "HDF5 file, as Keras"),
        (b"\x1f\x8b\x08\x00", "gzip file; unpack"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"%PDF-1.7", "a PDF"),
        (b"\0\0\x08\x03\0\0\xea\x60\0\0\0\x1c\0\0\0\x1c", "an IDX file"),
        (b"\0\0\0\x20ftypisom", "a video"),
        (b"hello, world", "none of the files"),
    ],
)
def test_other_files_are_named(start: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        file_formats.format_of(start)


@pytest.mark.parametrize(
    ("start", "size", "message"),
    [
        (b"", 0, "is empty"),
        (b'{"model": "mlp-1', file_formats.LARGEST + 1, "too large: 65 MB"),
        (b"PK\x03\x04 and so on", file_formats.LARGEST + 1, "a zip file"),  # what it is matters more than its size
    ],
)
def test_file_is_judged_by_its_start_before_it_is_read(start: bytes, size: int, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        file_formats.check_file(start, size)


def is_list(value: Any) -> bool:
    return isinstance(value, list)


def test_nested_lists_are_checked_at_every_depth() -> None:
    assert file_formats.innermost_lists("w", [[1, 2], [3, 4]], [2, 2], is_list) == [[1, 2], [3, 4]]
    assert file_formats.innermost_lists("w", [1, 2], [2], is_list) == [[1, 2]]
    for nested in ([[1, 2]], [[1, 2], [3]], [1, 2], 7):
        with pytest.raises(FormatError, match="w needs lists of 2 at depth"):
            file_formats.innermost_lists("w", nested, [2, 2], is_list)


def test_nan_is_refused_by_name() -> None:
    with pytest.raises(FormatError, match=r"fc1\.bias holds NaN"):
        file_formats.check_finite(["fc1.weight", "fc1.bias"], lambda name: name == "fc1.weight")


def test_idx_pair_is_read_by_the_seeding_of_mnist() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (300, 784), np.uint8)
    labels = (np.arange(300) % 10).astype(np.uint8)
    read = idx.images(file_formats.idx_images_header(300) + pictures.tobytes(), "images")
    assert np.array_equal(read, pictures)
    assert np.array_equal(idx.labels(file_formats.idx_labels_header(300) + labels.tobytes(), "labels"), labels)
