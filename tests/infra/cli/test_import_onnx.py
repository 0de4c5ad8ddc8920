"""`scrawl import-onnx` as a command: into a bucket, into the local store, or refused."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from functions.dataset.block import Block
from functions.storage.s3 import S3Store
from infra.cli.main import main
from infra.paths import ROOT
from tests.support.api import Api, serving
from tests.support.digits import idx_files
from tests.support.onnx_models import WEIGHT, linear, saved


@pytest.fixture
def api(bucket: S3Store) -> Iterator[Api]:
    """Return the API over the bucket into which the command imports."""
    with serving(bucket) as served:
        yield served


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["import-onnx", *arguments])


def fitted(test: Block, mean: float, std: float) -> np.ndarray:
    """Return (784, 10): least squares on the digits as they are fed, which recognises most of them."""
    fed = (test.images() - mean) / std
    targets = 10 * (np.eye(10)[test.labels] - 0.1)  # as scores, so that their softmax is about as sure as it is right
    return np.linalg.lstsq(fed.T @ fed + 10 * np.eye(784), fed.T @ targets, rcond=None)[0]


def test_command_imports_into_a_bucket_and_says_how_good_it_is(tmp_path: Path, api: Api) -> None:
    test = api.service.dataset.first("test", 2000)
    path = saved(tmp_path, linear(fitted(test, 0, 1)))
    shown = invoke(str(path), "--name", "theirs", "--bucket", "scrawl-test")
    assert shown.exit_code == 0, shown.output
    assert shown.output.startswith("Imported: POST /predict?model=theirs\nIt recognises ")
    assert "NOTICE" not in shown.output
    told = float(shown.output.split("recognises ")[1].split("%")[0])
    asked = [{"tensor": image.tolist()} for image in test.images()[:200]]
    answers = [api("POST", "/predict?model=theirs", body=body).json_body["label"] for body in asked]
    assert np.mean(answers == test.labels[:200]) == pytest.approx(told / 100, abs=0.1)  # a tenth of the digits
    again = invoke(str(path), "--name", "theirs", "--bucket", "scrawl-test")
    assert again.output.startswith("Replaced: ")


def test_command_notices_that_other_pixels_are_expected(tmp_path: Path, api: Api) -> None:
    weight = fitted(api.service.dataset.first("test", 2000), 1, -1)  # paper is 1, ink 0
    path = saved(tmp_path, linear(weight))
    shown = invoke(str(path), "--name", "theirs", "--bucket", "scrawl-test")
    assert "NOTICE: with --invert it would be" in shown.output
    better = shown.output.split("would be ")[1].split("%")[0]
    shown = invoke(str(path), "--name", "theirs", "--bucket", "scrawl-test", "--mean", "1", "--std", "-1")
    assert f"It recognises {better}% of" in shown.output
    assert "NOTICE" not in shown.output
    for options in (["--invert"], ["--fit"]):
        shown = invoke(str(path), "--name", "theirs", "--bucket", "scrawl-test", *options)
        assert f"It recognises {better}% of" in shown.output
        assert "NOTICE" not in shown.output
    assert "Found by trying: --invert" in shown.output


@pytest.mark.usefixtures("api")
def test_network_that_reads_nothing_is_said_to_guess(tmp_path: Path) -> None:
    path = saved(tmp_path, linear(np.zeros((784, 10), np.float32)))
    for options in ([], ["--fit"]):
        shown = invoke(str(path), "--name", "theirs", "--bucket", "scrawl-test", *options)
        assert "NOTICE: guessing would recognise 10%" in shown.output
        assert "trained on other pixels" not in shown.output


def test_bucket_without_digits_takes_a_model_too(tmp_path: Path, empty_bucket: S3Store) -> None:
    shown = invoke(str(saved(tmp_path, linear(WEIGHT))), "--name", "theirs", "--bucket", "scrawl-test")
    assert (shown.exit_code, shown.output) == (0, "Imported: POST /predict?model=theirs\n")
    assert "models/theirs/manifest.json" in empty_bucket.keys("")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("mlp-128", None, "'mlp-128' is the name of one of Scrawl's own networks; choose another"),
        ("Mine!", None, "a name is 1 to 64 of a-z, 0-9 and -"),
        ("theirs", b"not ONNX", "is no ONNX file, or a damaged one"),
    ],
)
def test_command_refuses_plainly_and_stores_nothing(
    tmp_path: Path, bucket: S3Store, name: str, content: bytes | None, message: str
) -> None:
    before = bucket.keys("")
    path = saved(tmp_path, linear(WEIGHT) if content is None else content)
    shown = invoke(str(path), "--name", name, "--bucket", "scrawl-test")
    assert shown.exit_code == 1
    assert message in shown.output
    assert bucket.keys("") == before


def test_local_store_keeps_an_imported_model_through_seeding(tmp_path: Path) -> None:
    """With real processes, as a user does it."""
    folder = str(idx_files.write(tmp_path / "idx"))
    path = saved(tmp_path, linear(WEIGHT, last="Softmax"))
    for arguments in (["import-onnx", str(path), "--name", "theirs"], ["seed"]):
        ended = subprocess.run(
            [sys.executable, "-m", "infra.cli", *arguments, "--data-dir", str(tmp_path / "data")],
            cwd=ROOT,
            env=os.environ | {"MNIST_DIR": folder},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
    stored = tmp_path / "data" / "s3" / "models%2Ftheirs%2Fmanifest.json"
    assert json.loads(stored.read_bytes())["interface"]["answers"] == "probabilities"
