"""A network of one's own, in one visit: put together, trained, saved as a file, and made by a file."""

from pathlib import Path

import numpy as np
import onnxruntime
import safetensors.numpy
from playwright.sync_api import Route

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


def test_network_that_the_server_does_not_share_is_asked_for_nowhere(visitor: Lab) -> None:
    visitor.url += "/#model=mlp-12.tanh"
    visitor.open().complete()
    visitor.wait_text("weights-message", "does not share this network")
    visitor.draw(3)
    page, asked = visitor.page, list[str]()
    page.on("request", lambda request: asked.append(request.url))
    for drawer in ("versions", "together", "copying"):
        visitor.show(drawer)
        page.click(f"#{drawer} > summary")
    visitor.show("api-asking")
    page.check("#api-asking")
    reason = "This server does not share MLP 12 tanh"
    for name in ("versions-message", "together-message", "code", "api-trouble"):
        visitor.wait_text(name, reason)
    for name in ("weights-load", "weights-send", "weights-reset", "together-start", "room-open", "copy-code"):
        assert page.is_disabled(f"#{name}")
    assert reason in str(page.get_attribute("#weights-send", "title"))
    visitor.show("readers")
    visitor.wait("[...document.querySelectorAll('#readers .name')].some(name => name.innerText === 'MLP 12 tanh')")
    assert [url for url in asked if "mlp-12." in url] == []


# A worker that gets no memory for threads to share, and of its own no more than 100 MB.
SCARCE = """{ const { Memory } = WebAssembly, { grow } = Memory.prototype
WebAssembly.Memory = function () { throw RangeError('no room') }
Memory.prototype.grow = function (pages) {
  if (this.buffer.byteLength + 65536 * pages > 100e6) throw RangeError('no room')
  return grow.call(this, pages)
} }
"""


def test_scarce_memory_is_explained_and_what_fits_goes_on(visitor: Lab) -> None:
    visitor.page.route("**/worker.js", lambda route: spoiled(route, SCARCE))
    visitor.open().complete()
    visitor.wait_text("cores-help", "no room for memory that threads can share")
    visitor.page.evaluate("location.hash = 'model=mlp-1024-1024-1024-1024-1024-1024'")
    visitor.wait_text("page-message", "cannot be made here: this browser gives no more memory than the .* MB")
    visitor.wait_value("model", "mlp-128")
    visitor.click("step")
    visitor.wait_number("iteration", 1)


def spoiled(route: Route, before: str) -> None:
    """Let the worker's script come with something before it."""
    response = route.fetch()
    route.fulfill(response=response, body=before + response.text())
