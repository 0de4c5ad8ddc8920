"""The Python client and the commands `scrawl predict` and `scrawl weights`, over HTTP against the API in a thread."""

import io
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from safetensors.numpy import load_file, save_file
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from functions.api.limits import LARGEST_BODY
from functions.app import app
from functions.storage.memory import MemoryStore
from infra.cli.main import main
from infra.client import ApiError, Client
from infra.dataset.sources import DigitSplits
from infra.local.gateway import ApiGateway
from tests.support.api import Api, serving

TOKEN = "a token of the tests"


@dataclass
class Served:
    """The API on a port of its own, and what serves it."""

    url: str
    api: Api

    def run(self, *arguments: str, token: str | None = TOKEN) -> Result:
        """Run a command of `scrawl` that talks to it."""
        environment = {"SCRAWL_API": self.url, "SCRAWL_WRITE_TOKEN": token}
        return CliRunner().invoke(main, list(arguments), env=environment)


@contextmanager
def answering(application: Callable[..., Iterable[bytes]]) -> Iterator[str]:
    """Serve a WSGI application on a free port, and give its address."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def served(memory: MemoryStore) -> Iterator[Served]:
    with serving(memory, write_token=TOKEN) as api, answering(ApiGateway(app, "/api")) as url:
        yield Served(f"{url}/api", api)


def picture(digits: DigitSplits, place: int, side: int = 140) -> bytes:
    """Return a test digit as a photograph has it: dark on light, large."""
    pixels = 255 - digits.splits["test"].pixels[place].reshape(28, 28)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC).save(file, "PNG")
    return file.getvalue()


def test_pictures_are_recognised(served: Served, digits: DigitSplits, tmp_path: Path) -> None:
    files = [tmp_path / f"{place}.png" for place in range(3)]
    for place, file in enumerate(files):
        file.write_bytes(picture(digits, place))
    shown = served.run("predict", *map(str, files))
    assert shown.exit_code == 0, shown.output
    labels = [line.split(": ")[1][0] for line in shown.output.splitlines()]
    assert labels == [str(label) for label in digits.splits["test"].labels[:3]]


def test_what_may_be_wrong_with_a_picture_is_shown(served: Served, digits: DigitSplits, tmp_path: Path) -> None:
    (tmp_path / "thumbnail.png").write_bytes(picture(digits, 0, side=12))
    shown = served.run("predict", str(tmp_path / "thumbnail.png"))
    assert "\n  the digit has few pixels" in shown.output
    assert float(shown.output.split("(")[1].split("%")[0]) < 90  # an answer with a doubt is never sure


def test_what_is_no_picture_is_refused_in_the_apis_words(served: Served, tmp_path: Path) -> None:
    (tmp_path / "letter.png").write_text("not a picture")
    shown = served.run("predict", str(tmp_path / "letter.png"))
    assert shown.exit_code == 1
    assert "the API declined (400)" in shown.output
    assert "image" in shown.output


def test_picture_that_is_declined_is_named_and_the_others_are_read(
    served: Served, digits: DigitSplits, tmp_path: Path
) -> None:
    (tmp_path / "letter.png").write_text("not a picture")
    (tmp_path / "digit.png").write_bytes(picture(digits, 0))
    shown = served.run("predict", str(tmp_path / "letter.png"), str(tmp_path / "digit.png"))
    assert shown.exit_code == 1
    assert f"{tmp_path / 'letter.png'}: the API declined (400)" in shown.stderr
    assert shown.stdout.startswith(f"{tmp_path / 'digit.png'}: {digits.splits['test'].labels[0]} (")
    assert "1 of 2 pictures could not be read" in shown.stderr


@pytest.mark.parametrize("suffix", ["safetensors", "onnx", "json"])
def test_weights_go_to_a_file_and_back(served: Served, tmp_path: Path, suffix: str) -> None:
    before = served.api.version
    file = tmp_path / f"mine.{suffix}"
    fetched = served.run("weights", "get", "--out", str(file))
    assert fetched.exit_code == 0, fetched.output
    put = served.run("weights", "put", str(file), "--if-version", before)
    assert put.exit_code == 0, put.output
    assert served.api.version in put.output
    now, then = (served.api.service.model("mlp-128").weights.get(v) for v in (served.api.version, before))
    assert now.parent == before
    assert all(np.array_equal(now.tensors[name], then.tensors[name]) for name in then.tensors)


def test_largest_weights_as_json_go_back_although_they_are_over_the_limit(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "conv.json"
    chosen = ("--model", "conv-32-64")
    assert served.run("weights", "get", *chosen, "--out", str(file)).exit_code == 0
    assert file.stat().st_size > LARGEST_BODY
    put = served.run("weights", "put", *chosen, str(file))
    assert put.exit_code == 0, put.output


def test_fetched_files_are_what_their_names_say(served: Served, tmp_path: Path) -> None:
    for name in ("w.safetensors", "w.onnx"):
        assert served.run("weights", "get", "--out", str(tmp_path / name)).exit_code == 0
    assert load_file(tmp_path / "w.safetensors")["fc1.weight"].shape == (128, 784)
    onnx.checker.check_model(onnx.load(tmp_path / "w.onnx"))


def test_a_stale_version_is_not_overwritten(served: Served, tmp_path: Path) -> None:
    file, first = tmp_path / "mine.safetensors", served.api.version
    served.run("weights", "get", "--out", str(file))
    assert served.run("weights", "put", str(file)).exit_code == 0
    late = served.run("weights", "put", str(file), "--if-version", first)
    assert late.exit_code == 1
    assert "(412)" in late.output


def test_history_is_printed_and_rolled_back(served: Served, tmp_path: Path) -> None:
    file, first = tmp_path / "mine.safetensors", served.api.version
    served.run("weights", "get", "--out", str(file))
    served.run("weights", "put", str(file))
    second = served.api.version
    shown = served.run("weights", "history").output.splitlines()
    assert [line.split()[0:2] for line in shown[:1]] == [["*", second]]
    assert shown[1].split()[0] == first
    back = served.run("weights", "rollback", first)
    assert back.exit_code == 0, back.output
    assert served.api.version not in (first, second)
    assert served.run("weights", "rollback", "20200101T000000000-00000000").exit_code == 1


def test_history_goes_on_beyond_one_page(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(served.url, TOKEN)
    body = client.weights()
    for _ in range(4):
        client.put_weights(body)
    monkeypatch.setattr("infra.client.PAGE", 2)
    versions = [entry.version for entry in client.history(limit=5)]
    assert len(set(versions)) == 5
    assert versions == sorted(versions, reverse=True)
    assert [entry.version for entry in client.history(limit=3)] == versions[:3]


@pytest.mark.parametrize(("token", "status"), [(None, 401), ("another", 403)])
def test_writing_needs_the_token(served: Served, tmp_path: Path, token: str | None, status: int) -> None:
    file = tmp_path / "mine.safetensors"
    assert served.run("weights", "get", "--out", str(file), token=None).exit_code == 0
    shown = served.run("weights", "put", str(file), token=token)
    assert shown.exit_code == 1
    assert f"({status})" in shown.output


def test_unknown_suffixes_and_damaged_files_are_refused(served: Served, tmp_path: Path) -> None:
    assert "safetensors" in served.run("weights", "get", "--out", str(tmp_path / "w.pt")).output
    (tmp_path / "w.safetensors").write_bytes(b"\0" * 40)
    before = served.api.version
    assert "(400)" in served.run("weights", "put", str(tmp_path / "w.safetensors")).output
    assert served.api.version == before


def test_an_interrupted_download_leaves_the_old_file(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "w.safetensors"
    file.write_bytes(b"old")
    shown = served.run("weights", "get", "--version", "20200101T000000000-00000000", "--out", str(file))
    assert shown.exit_code == 1
    assert file.read_bytes() == b"old"


def test_an_api_that_is_not_there_is_named() -> None:
    with pytest.raises(ApiError, match=r"no answer from http://127\.0\.0\.1:9/api") as raised:
        Client("http://127.0.0.1:9/api").weights()
    assert raised.value.status == 0


@pytest.mark.parametrize("address", ["localhost:8000/api", "ftp://example.org/api", "http://", "api", ""])
def test_an_address_that_is_none_is_shown_beside_one_that_is(address: str) -> None:
    with pytest.raises(ApiError, match=f"is like http://localhost:8000/api, got '{address}'"):
        Client(address).weights()


@pytest.mark.parametrize("status", [200, 404])
def test_another_server_is_not_taken_for_the_api(status: int) -> None:
    with answering(Response("<p>hello</p>", status)) as url, pytest.raises(ApiError, match=r"Scrawl's API"):
        Client(url).predict(b"", "x.png")


def test_worse_weights_need_force(served: Served, tmp_path: Path) -> None:
    tensors = {n: t.copy() for n, t in served.api.service.model("mlp-128").weights.current().tensors.items()}
    tensors["fc2.bias"][3] = -100  # no 3 is recognised any more
    file = tmp_path / "worse.safetensors"
    save_file(tensors, file)
    refused = served.run("weights", "put", str(file))
    assert refused.exit_code == 1
    assert "(422)" in refused.output
    assert served.run("weights", "put", str(file), "--force").exit_code == 0
