"""Weights and drawings as files, in a real browser: downloads are complete, opened files are described in words."""

import base64
import json
import re
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import safetensors.numpy
from playwright.sync_api import Page

from infra.dataset import idx
from model_export.architectures import architecture_named, parameter_table
from model_export.export import export
from tests.support.lab import Lab


@pytest.fixture
def files(lab: Lab) -> Lab:
    """Visit the page, with the drawer of files open."""
    return with_files(lab.complete())


def with_files(lab: Lab) -> Lab:
    lab.show("files")
    lab.page.evaluate("document.querySelector('#files').open = true")
    return lab


def download(page: Page, name: str, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.click(f"#{name}")
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def weights(model: str, seed: int = 1) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    table = parameter_table(architecture_named(model).layers)
    return {name: random.normal(0, 0.05, shape).astype(np.float32) for name, shape in table}


def open_file(lab: Lab, path: Path, expected: str) -> None:
    lab.page.set_input_files("#file", path)
    lab.wait_text("file-message", f"(?=.*{re.escape(path.name)}).*{expected}")


def test_the_three_downloads_hold_the_weights_that_were_opened(same_lab: Lab, tmp_path: Path) -> None:
    files = with_files(same_lab)
    wanted = weights("mlp-128")
    source = tmp_path / "mine.safetensors"
    safetensors.numpy.save_file(wanted, source)
    open_file(files, source, "mine.safetensors is open: MLP 128")
    files.wait_text("weights-origin", "mine.safetensors")
    saved = safetensors.numpy.load_file(download(files.page, "download-safetensors", tmp_path))
    assert all(np.array_equal(saved[name], values) for name, values in wanted.items())
    graph = download(files.page, "download-onnx", tmp_path)
    assert graph.read_bytes() == export("mlp-128", wanted)["inference.onnx"]
    onnxruntime.InferenceSession(graph.read_bytes())
    text = json.loads(download(files.page, "download-json", tmp_path).read_text())
    assert text["model"] == "mlp-128"
    for name, values in wanted.items():
        assert np.array_equal(np.array(text["tensors"][name], np.float32), values)


def test_onnx_and_json_open_again(same_lab: Lab, tmp_path: Path) -> None:
    files = with_files(same_lab)
    wanted = weights("mlp-128", 2)
    graph = tmp_path / "graph.onnx"
    graph.write_bytes(export("mlp-128", wanted)["inference.onnx"])
    text = tmp_path / "numbers.json"
    text.write_text(json.dumps({"tensors": {name: values.tolist() for name, values in wanted.items()}}))
    for path in (graph, text):
        files.click("weights-new")
        files.wait_text("weights-origin", "random")
        open_file(files, path, f"{path.name} is open")
        saved = safetensors.numpy.load_file(download(files.page, "download-safetensors", tmp_path))
        assert all(np.array_equal(saved[name], values) for name, values in wanted.items())


def test_half_precision_under_other_names_opens(same_lab: Lab, tmp_path: Path) -> None:
    files = with_files(same_lab)
    halves = {name: values.astype(np.float16) for name, values in weights("mlp-128", 3).items()}
    path = tmp_path / "half.safetensors"
    safetensors.numpy.save_file(
        {f"module.{name}".replace("fc", "linear_"): half for name, half in halves.items()}, path
    )
    open_file(files, path, "half.safetensors is open: MLP 128")
    files.wait_text("weights-origin", "half.safetensors")
    saved = safetensors.numpy.load_file(download(files.page, "download-safetensors", tmp_path))
    assert all(np.array_equal(saved[name], half.astype(np.float32)) for name, half in halves.items())


def test_file_of_another_network_is_offered_to_it(files: Lab, tmp_path: Path) -> None:
    path = tmp_path / "bigger.safetensors"
    safetensors.numpy.save_file(weights("mlp-128-64"), path)
    open_file(files, path, "holds weights of MLP 128-64, but MLP 128 is selected")
    assert files.page.input_value("#model") == "mlp-128"
    files.click("file-switch")
    files.wait_text("file-message", "bigger.safetensors is open: MLP 128-64")
    files.wait_value("model", "mlp-128-64")


def bad_files() -> dict[str, tuple[bytes, str]]:
    good = weights("mlp-128")
    whole = safetensors.numpy.save(good)
    with_nan = {**good, "fc2.bias": np.full(10, np.nan, np.float32)}
    too_large = {**good, "fc1.weight": good["fc1.weight"] * np.float32(1e30)}
    broken_json = json.dumps({"tensors": {name: values.tolist() for name, values in good.items()}})
    return {
        "empty.safetensors": (b"", "is empty"),
        "short.safetensors": (whole[:5000], "this is cut off: fc1.weight ends at byte"),
        "short.onnx": (export("mlp-128", good)["inference.onnx"][:9000], "no ONNX file, or one that is cut off"),
        "short.json": (broken_json[:9000].encode(), "no JSON, or it is cut off"),
        "words.json": (b'{"tensors": {"fc1.weight": "many"}}', "make no network"),
        "nan.safetensors": (safetensors.numpy.save(with_nan), "fc2.bias holds NaN or infinity"),
        "nan.onnx": (
            export("mlp-128", good)["inference.onnx"].replace(good["fc2.bias"].tobytes(), b"\xff" * 40),
            "NaN",
        ),
        "other.safetensors": (safetensors.numpy.save({"a": np.zeros(3, np.float32)}), "make no network"),
        "large.safetensors": (safetensors.numpy.save(too_large), "answer with more than 1e.15"),
        "proto.safetensors": (safetensors.numpy.save({**good, "__proto__": np.zeros(3, np.float32)}), "rename it"),
        "own.json": (b'{"tensors": {"hasOwnProperty": [1, 2, 3]}}', "called hasOwnProperty"),
        "holiday.png": (b"\x89PNG\r\n\x1a\n" + bytes(50), "this is a picture"),
        "mlp.pt": (b"PK\x03\x04" + bytes(50), "as PyTorch .* and Keras"),
    }


def test_bad_files_are_refused_and_the_weights_stay(files: Lab, tmp_path: Path) -> None:
    files.draw(3)
    files.wait_text("prediction", "^3$")
    before = files.text("weights-origin")
    for name, (content, expected) in bad_files().items():
        path = tmp_path / name
        path.write_bytes(content)
        open_file(files, path, expected)
    assert files.text("weights-origin") == before
    assert files.text("weights-message") == ""  # each is said where files are opened, and only until the next
    assert files.text("prediction") == "3"


def drop(lab: Lab, name: str, content: bytes, place: str) -> None:
    """Drop a file onto the page."""
    lab.page.evaluate(
        """([name, content, place]) => {
            const files = new DataTransfer()
            files.items.add(new File([Uint8Array.from(atob(content), c => c.charCodeAt())], name))
            const event = {dataTransfer: files, bubbles: true, cancelable: true}
            document.querySelector(place).dispatchEvent(new DragEvent("drop", event))
        }""",
        [name, base64.b64encode(content).decode(), place],
    )
    lab.page.wait_for_selector("#file-message")


def test_dropped_file_is_opened_wherever_it_falls(lab: Lab) -> None:
    lab.complete()
    drop(lab, "dropped.safetensors", safetensors.numpy.save(weights("mlp-128")), "h1")
    lab.wait_text("file-message", "dropped.safetensors is open")
    drop(lab, "Model.keras", b"PK\3\4", "#pad")  # weights even there, where pictures are dropped
    lab.wait_text("file-message", "in Keras, save each layer's kernel.T")


def test_own_digits_are_kept_downloaded_as_idx_and_trained_on(lab: Lab) -> None:
    lab.complete()
    lab.show("digits")
    lab.page.click("#digits summary")
    for label in (3, 7):
        if label == 7:
            lab.click("clear")
        lab.draw(label)
        lab.wait_text("prediction", f"^{label}$")
        lab.wait_value("keep-label", str(label))
        lab.click("keep-digit")
        lab.wait_text("digits-message", f"Kept, as a {label}")
    lab.page.select_option("#label", "7")
    lab.click("tune")
    lab.wait_text("digits-message", "This 7 is kept already")
    lab.open().complete()
    lab.wait_text("digits", "2 kept in this browser")
    lab.show("digits")
    lab.page.click("#digits summary")
    with (
        lab.page.expect_download() as images,
        lab.page.expect_download(lambda d: "labels" in d.suggested_filename) as labels,
    ):
        lab.click("download-idx")
    read = idx.images(images.value.path().read_bytes(), "images")
    assert idx.labels(labels.value.path().read_bytes(), "labels").tolist() == [3, 7]
    assert read.shape == (2, 784)
    assert read.max(axis=1).min() > 200
    lab.click("train-on-mine")
    lab.wait_text("digits-message", "reads 2 of your 2 digits right")
    lab.show("digits")
    lab.page.click("#digits li:first-child button")
    lab.wait_text("digits", "1 kept in this browser")
