"""`scrawl evaluate` and `scrawl train` as commands: on what they work, what they show, and how they end."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from infra.cli.main import main
from model_export import pretrained
from tests.infra.dataset.test_unipen import FILE as UNIPEN
from tests.support.digits import idx_files
from tests.support.digits.samples import digit_like


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set MNIST_DIR to a folder with a few made-up digits."""
    folder = idx_files.write(tmp_path / "idx")
    monkeypatch.setenv("MNIST_DIR", str(folder))
    return folder


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Return an IDX pair with 30 blobs."""
    images, labels = digit_like(30, seed=1)
    paths = tmp_path / "images.gz", tmp_path / "labels"
    paths[0].write_bytes(gzip.compress(idx_files.images(np.rint(images * 255).astype(np.uint8))))
    paths[1].write_bytes(idx_files.labels(labels.astype(np.uint8)))
    return paths


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return pictures of 20 blobs, sorted into folders."""
    images, labels = digit_like(20, seed=2)
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        subfolder = tmp_path / "pictures" / str(label)
        subfolder.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(np.rint(255 - 255 * image.reshape(28, 28)).astype(np.uint8))
        picture.resize((90, 90)).save(subfolder / f"{place}.png")
    return tmp_path / "pictures"


@pytest.mark.usefixtures("mnist")
def test_test_split_is_evaluated_and_drawn(tmp_path: Path) -> None:
    shown = invoke("evaluate", "mlp-128", "--out", tmp_path / "out")
    assert shown.exit_code == 0, shown.output
    assert " of 500 test digits right, loss " in shown.output
    assert shown.output.count("%\n") == 10  # a row of the matrix for each digit
    for name in ("confusion.png", "mistakes.png"):
        with Image.open(tmp_path / "out" / name) as picture:
            assert picture.width > 300
            colours = picture.getcolors(100_000)
            assert colours is not None
            assert len(colours) > 10  # something is drawn


def test_idx_pair_is_evaluated(pair: tuple[Path, Path], tmp_path: Path) -> None:
    images, labels = pair
    shown = invoke("evaluate", "mlp-128", "--images", images, "--labels", labels, "--out", tmp_path / "out")
    assert shown.exit_code == 0, shown.output
    assert f" of 30 digits of {images} right" in shown.output
    assert (tmp_path / "out" / "mistakes.png").exists()


@pytest.mark.parametrize("whole_folder", [False, True])
def test_strokes_are_evaluated_and_mistaken_digits_are_named(tmp_path: Path, whole_folder: bool) -> None:
    path = tmp_path / "strokes" / "digits.unipen"
    path.parent.mkdir()
    path.write_bytes(UNIPEN.replace(b'? "1"', b'? "0"'))  # the last digit is a dot, which no network takes for a 0
    source = path.parent if whole_folder else path
    shown = invoke("evaluate", "mlp-128", "--strokes", source, "--pen", 0.13, "--out", tmp_path / "out")
    assert shown.exit_code == 0, shown.output
    assert f" of 2 digits written in {source}, pen 13% right, loss " in shown.output
    assert "a 0, digit 2, by writer 0: taken for " in shown.output


def test_pen_without_strokes_is_refused() -> None:
    assert "--pen draws --strokes: name both" in invoke("evaluate", "mlp-128", "--pen", 0.1).output


def test_folder_is_evaluated_and_mistaken_files_are_named(folder: Path, tmp_path: Path) -> None:
    shown = invoke("evaluate", "mlp-128", "--folder", folder, "--out", tmp_path / "out")
    assert shown.exit_code == 0, shown.output
    assert f" of 20 pictures in {folder} right" in shown.output
    named = [line for line in shown.output.splitlines() if "taken for" in line]
    assert len(named) == 10  # the worst of them; blobs are hardly ever what they are called
    assert named[0].startswith(f"{folder}/")


def test_pictures_go_into_the_build_folder_when_nothing_is_said(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.cli.model_commands.BUILD", tmp_path / "build")
    assert invoke("evaluate", "mlp-128", "--folder", folder).exit_code == 0
    assert (tmp_path / "build" / "evaluate" / "mlp-128" / "confusion.png").exists()


def test_weights_in_onnx_are_evaluated_like_the_same_in_safetensors(folder: Path, tmp_path: Path) -> None:
    assert invoke("export", "mlp-128", "--out", tmp_path / "w.onnx").exit_code == 0
    ours, theirs = (
        invoke("evaluate", "mlp-128", "--folder", folder, "--out", tmp_path / "out", *weights)
        for weights in ((), ("--weights", tmp_path / "w.onnx"))
    )
    assert ours.output == theirs.output


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--folder", "{folder}/0/../nowhere"], 1, "nowhere is not a folder"),
        (["--images", "{images}"], 2, "--images and --labels belong together: name both"),
        (["--labels", "{labels}"], 2, "--images and --labels belong together: name both"),
        (["--images", "{images}", "--labels", "{labels}", "--folder", "{folder}"], 2, "name one of --images"),
        (
            ["--images", "{labels}", "--labels", "{images}"],
            1,
            "is not an IDX file of images: it starts with 0x00000801",
        ),
        (["--images", "{images}", "--labels", "{fewer}"], 1, "has 30 images, but"),
        (["--images", "{images}", "--labels", "{eleven}"], 1, "labels are 0 to 9, found 11"),
        (["--images", "{images}", "--labels", "nowhere"], 2, "'nowhere' does not exist"),
    ],
)
def test_unusable_digits_are_refused(
    arguments: list[str], code: int, message: str, pair: tuple[Path, Path], folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "fewer").write_bytes(idx_files.labels(np.arange(5, dtype=np.uint8)))
    (tmp_path / "eleven").write_bytes(idx_files.labels(np.full(30, 11, np.uint8)))
    places = {"images": pair[0], "labels": pair[1], "folder": folder} | {n: tmp_path / n for n in ("fewer", "eleven")}
    shown = invoke("evaluate", "mlp-128", *(argument.format(**places) for argument in arguments))
    assert shown.exit_code == code
    assert message in shown.output


@pytest.mark.parametrize(
    ("subfolder", "message"),
    [(None, "holds no pictures"), ("ten", "1 are elsewhere, such as"), ("10", "1 are elsewhere, such as")],
)
def test_empty_or_mislabelled_folder_is_refused(tmp_path: Path, subfolder: str | None, message: str) -> None:
    target = tmp_path / "digits"
    (target / (subfolder or "3")).mkdir(parents=True)
    if subfolder:
        Image.new("L", (28, 28), 255).save(target / subfolder / "a.png")
    shown = invoke("evaluate", "mlp-128", "--folder", target)
    assert shown.exit_code == 1
    assert "expected a folder with subfolders 0 to 9" in shown.output
    assert message in shown.output


@pytest.mark.usefixtures("mnist")
@pytest.mark.parametrize(("command", "name"), [("evaluate", ""), ("export", "w.onnx")])
def test_file_in_the_place_of_a_folder_is_named_before_any_work(tmp_path: Path, command: str, name: str) -> None:
    (tmp_path / "taken").write_text("a file")
    shown = invoke(command, "mlp-128", "--out", tmp_path / "taken" / name)
    assert shown.exit_code == 1
    assert shown.output == f"Error: {tmp_path / 'taken'} is a file, and a folder is expected there\n"


@pytest.mark.usefixtures("mnist")
def test_diverging_training_fails_says_where_and_keeps_weights(tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    shown = invoke("train", "mlp-128", "--epochs", 2, "--learning-rate", 1e6, "--augmentation", "none", "--out", out)
    assert shown.exit_code == 1
    assert "Error: diverged at step 2: the loss was" in shown.output
    assert f"keeping the first weights: not measured, written to {out}" in shown.output
    weights, metadata = pretrained.read("mlp-128", out)
    assert all(np.isfinite(value).all() for value in weights.values())
    assert metadata["outcome"].startswith("diverged at step 2")


@pytest.mark.usefixtures("mnist")
@pytest.mark.parametrize("rate", ["0", "-0.1", "nan", "inf"])
def test_impossible_learning_rate_is_refused_before_anything_is_done(tmp_path: Path, rate: str) -> None:
    shown = invoke("train", "mlp-128", "--learning-rate", rate, "--out", tmp_path / "w.safetensors")
    assert shown.exit_code == 1
    assert f"Error: the learning rate must be a number above 0, got {float(rate)}" in shown.output
    assert not (tmp_path / "w.safetensors").exists()


@pytest.mark.parametrize("command", ["train", "export", "evaluate"])
@pytest.mark.usefixtures("mnist")
def test_name_that_is_no_network_is_refused_with_what_is_allowed(command: str) -> None:
    for name, message in (("mlp-128.relu", "is called 'mlp-128'"), ("mlp-1000000000", "a network is called mlp-H1-")):
        shown = invoke(command, name)
        assert shown.exit_code == 1
        assert message in shown.output


@pytest.mark.parametrize(
    ("place", "said"),
    [("folder", "is a folder"), ("file/w.safetensors", "cannot be written"), ("/proc/w", "cannot be written")],
)
def test_weights_that_cannot_be_written_are_refused_before_the_training(
    tmp_path: Path, place: str, said: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    shown = invoke("train", "mlp-300-100", "--out", tmp_path / place)
    assert shown.exit_code == 1
    assert said in shown.output
    assert shown.output.startswith("Error: ")  # nothing was read or trained before
