"""A network of one's own, in one visit: put together, trained, saved as a file, and made by a file."""

from pathlib import Path

import numpy as np
import onnxruntime
import safetensors.numpy

from tests.support.lab import Lab


def test_network_of_ones_own(lab: Lab, tmp_path: Path) -> None:
    lab.complete()
    lab.click("network-edit")
    page = lab.page
    page.fill("#editor-hidden-0", "1000000000")
    lab.wait_text("editor-message", "1 to 6 hidden layers of 1 to 1024 units")
    assert page.is_disabled("#editor-use-it")
    page.fill("#editor-hidden-0", "30")
    page.click("#editor-add >> text=dense")
    page.select_option("#editor-activation", "gelu")
    page.fill("#editor-dropout", "10")
    lab.wait_text("editor-name", "^mlp-30-15.gelu.drop10$")
    lab.wait_text("editor-parameters", "24,175")
    lab.click("editor-use-it")
    lab.wait_value("model", "mlp-30-15.gelu.drop10")
    lab.wait_text("weights-message", "does not share this network")
    assert page.is_disabled("#weights-send")

    lab.click("step")
    lab.wait_text("iteration", "^1$")
    lab.wait("location.hash.includes('model=mlp-30-15.gelu.drop10')")
    lab.show("files")
    page.evaluate("document.querySelector('#files').open = true")
    with page.expect_download() as download:
        lab.click("download-onnx")
    path = tmp_path / "mine.onnx"
    download.value.save_as(path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (answers,) = session.run(None, {"images": np.zeros((1, 784), np.float32)})
    assert np.exp(answers).sum() > 0.999

    random = np.random.default_rng(1)
    shapes = {"dense/kernel": (784, 20), "dense/bias": (20,), "dense_1/kernel": (20, 10), "dense_1/bias": (10,)}
    keras = {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes.items()}
    safetensors.numpy.save_file(keras, tmp_path / "keras.safetensors")
    page.set_input_files("#file", str(tmp_path / "keras.safetensors"))
    lab.wait_text("file-message", "holds weights of MLP 20")
    lab.click("file-switch")
    lab.wait_value("model", "mlp-20")
    lab.wait_text("file-message", "MLP 20 has its weights now")
    assert not lab.errors
