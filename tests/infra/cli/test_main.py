"""The command line and the Makefile: what they say, and what they do with what is not there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from infra.cli.main import main
from infra.paths import ROOT
from tests.support.digits import idx_files


@pytest.mark.parametrize("name", [None, *main.commands])
def test_help_describes_every_command_and_option(name: str | None) -> None:
    shown = CliRunner().invoke(main, [*([name] if name else []), "--help"])
    assert shown.exit_code == 0
    command = main.commands[name] if name else main
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.name} has no help"


def test_unknown_command_is_refused() -> None:
    shown = CliRunner().invoke(main, ["scribble"])
    assert shown.exit_code == 2
    assert "No such command 'scribble'" in shown.output


@pytest.mark.parametrize("command", ["package", "deploy", "status", "bootstrap"])
def test_a_stage_that_cannot_be_part_of_names_is_refused_in_a_line(command: str) -> None:
    shown = CliRunner().invoke(main, [command, "--stage", "My stage"])
    assert shown.exit_code == 1
    assert shown.output.startswith("Error: a stage's name has 2 to 20 of a-z, 0-9 and -")


def scrawl(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `scrawl` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "infra.cli", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_seed_says_what_it_stored_and_then_that_nothing_was_left(tmp_path: Path) -> None:
    folder = str(idx_files.write(tmp_path / "idx"))
    first = scrawl("seed", "--data-dir", str(tmp_path / "data"), MNIST_DIR=folder)
    assert (first.returncode, first.stderr) == (0, "")
    assert "Stored: 3 shards of digits" in first.stdout
    again = invoke("seed", "--data-dir", tmp_path / "data", MNIST_DIR=folder)
    assert again.exit_code == 0
    assert again.stdout == "Everything is stored\n"


def invoke(*arguments: object, **environment: str) -> Result:
    """Run `scrawl` in this process: it starts at once."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env=environment)


def test_seed_refuses_damaged_files(tmp_path: Path) -> None:
    folder = idx_files.write(tmp_path / "idx", t10k_labels=b"\0\0\x08\x01\0\0\x01\xf4")
    shown = invoke("seed", "--data-dir", tmp_path / "data", MNIST_DIR=str(folder))
    assert shown.exit_code == 1
    assert "t10k-labels-idx1-ubyte is truncated: its header announces 508 bytes, found 8" in shown.stderr
    assert isinstance(shown.exception, SystemExit)  # no traceback


@pytest.mark.parametrize("command", ["seed", "grpc"])
def test_bucket_on_aws_without_credentials_is_refused_at_once(command: str, tmp_path: Path) -> None:
    files = {name: str(tmp_path / "none") for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")}
    none = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"))
    environment = files | none | {"AWS_EC2_METADATA_DISABLED": "true"}
    shown = CliRunner().invoke(main, [command, "--bucket", "some-bucket"], env=environment)
    assert shown.exit_code == 1
    assert shown.output.startswith("Error: No AWS credentials: Unable to locate credentials. Sign in with")


def test_build_site_writes_to_the_given_folder(tmp_path: Path, built: Path) -> None:
    shutil.copytree(built, tmp_path / "page")  # most of the page, since compressing all of it takes seconds
    for path in (tmp_path / "page").glob("*.*"):
        path.unlink()  # all but the assets
    shown = invoke("build-site", "--out", tmp_path / "page")
    assert shown.exit_code == 0
    assert "bytes compressed" in shown.stdout
    assert (tmp_path / "page" / "index.html.br").exists()


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a folder with a few made-up digits."""
    return str(idx_files.write(tmp_path_factory.mktemp("idx")))


def test_trained_weights_can_be_evaluated_and_exported(tmp_path: Path, digits: str) -> None:
    weights = str(tmp_path / "weights.safetensors")
    trained = invoke("train", "mlp-128", "--epochs", "1", "--strokes", "0", "--out", weights, MNIST_DIR=digits)
    assert trained.exit_code == 0, trained.stderr
    accuracy = trained.stdout.split("epochs: ")[1].split("%")[0]
    assert float(accuracy) > 40  # chance is 10; the made-up digits are few
    shown = invoke("evaluate", "mlp-128", "--weights", weights, "--out", str(tmp_path), MNIST_DIR=digits)
    assert shown.stdout.startswith(f"{accuracy}% of")
    assert (tmp_path / "confusion.png").stat().st_size > 1000
    assert (tmp_path / "mistakes.png").stat().st_size > 100
    exported = invoke("export", "mlp-128", "--weights", weights, "--out", tmp_path / "export")
    assert exported.exit_code == 0, exported.stderr
    names = {"inference.onnx", "train_step.onnx", "manifest.json"}
    assert {path.name for path in (tmp_path / "export").iterdir()} == names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "mlp-2000"], "'mlp-2000' has a hidden layer of 2000 units: a network is called mlp-H1-H2-"),
        (["export", "mlp-300-100"], "no weights are shipped for 'mlp-300-100'"),
        (["train", "mlp-128", "--epochs", "0"], "epochs must be at least 1, got 0"),
        (["train", "mlp-128", "--augmentation", "wild"], "augmentation must be one of none"),
        (["export", "mlp-128", "--weights", f"{ROOT}/Makefile"], "not a safetensors file"),
        (
            ["export", "mlp-128-64", "--weights", f"{ROOT}/model_export/pretrained/mlp-128.safetensors"],
            "fc3.weight is missing",
        ),
        (["evaluate", "mlp-128", "--weights", "no-such-file"], "'no-such-file' does not exist"),
    ],
)
def test_wrong_argument_is_reported_plainly(arguments: list[str], message: str, digits: str) -> None:
    shown = invoke(*arguments, MNIST_DIR=digits)
    assert shown.exit_code in (1, 2)
    assert message in shown.stderr
    assert isinstance(shown.exception, SystemExit)  # no traceback


needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


@needs_make
def test_make_says_what_to_install_where_there_is_no_python(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    old = tmp_path / "old"
    old.mkdir()
    (old / "python3").write_text("#!/bin/sh\nexit 1\n")  # as 3.11 answers the Makefile's question
    (old / "python3").chmod(0o755)
    command = ["make", "serve", f"PYTHONS={old}/python3 no-such-python"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != 0
    assert "Scrawl needs Python 3.12 or newer" in ended.stderr
    assert "apt install python3.12-venv" in ended.stderr
    assert not (tmp_path / ".venv").exists()


@needs_make
def test_make_alone_lists_its_targets() -> None:
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False).stdout
    for target in ("serve", "test", "lint", "bench"):
        assert f"make {target}" in shown
