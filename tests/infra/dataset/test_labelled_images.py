"""Labelled pictures from folders, good and bad: they are read exactly as `POST /predict` reads them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from functions.errors import InvalidValueError
from functions.images.pen import draw_digit
from functions.models.inference import Classifier
from infra.dataset.labelled_images import from_folder, from_strokes
from model_export import pretrained
from model_export.evaluation import evaluate_weights
from tests.infra.dataset.test_unipen import FILE as UNIPEN
from tests.support.api import Api


def draw_one(path: Path, paper: int = 255, ink: int = 0, size: int = 100) -> None:
    """Save a picture of a 1."""
    picture = Image.new("L", (size, size), paper)
    ImageDraw.Draw(picture).line((size / 2, size / 5, size / 2, size * 4 / 5), ink, width=size // 12)
    path.parent.mkdir(exist_ok=True)
    picture.save(path)


def test_pictures_are_normalised_whatever_their_size_and_polarity(tmp_path: Path) -> None:
    draw_one(tmp_path / "1" / "a.png")
    draw_one(tmp_path / "1" / "b.png", paper=0, ink=255)
    draw_one(tmp_path / "1" / "c.jpg", paper=200, ink=40, size=300)
    read = from_folder(tmp_path)
    images, labels = read.images, read.labels
    assert labels.tolist() == [1, 1, 1]
    assert [file.name for file in read.files] == ["a.png", "b.png", "c.jpg"]
    np.testing.assert_allclose(images[0], images[1], atol=0.01)
    np.testing.assert_allclose(images[0], images[2], atol=0.35)  # JPEG, and a width rounded to pixels
    weights, _ = pretrained.load("mlp-128")
    assert evaluate_weights("mlp-128", weights, images, labels).accuracy == 1


def test_drawing_on_transparent_ground_is_read(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (60, 60), (0, 0, 0, 0))
    ImageDraw.Draw(picture).line((30, 10, 30, 50), (0, 0, 0, 255), width=5)
    (tmp_path / "1").mkdir()
    picture.save(tmp_path / "1" / "a.png")
    assert from_folder(tmp_path).images.sum() > 20


def drawn(mode: str, paper: str, ink: str) -> Image.Image:
    """Return a picture of a 4 in a corner of some paper."""
    picture = Image.new("RGBA", (120, 90), paper)
    ImageDraw.Draw(picture).line([(60, 10), (40, 45), (75, 45), (68, 30), (68, 75)], ink, width=6)
    return picture.convert(mode)


def photo() -> Image.Image:
    """Return a picture of grainy paper that is darker towards one side."""
    light = np.linspace(150, 210, 120)[None, :] - 1.3 * (255 - np.asarray(drawn("L", "white", "black"), np.float64))
    grain = np.random.default_rng(1).normal(0, 5, light.shape)
    return Image.fromarray(np.clip(light / 1.1 + grain, 0, 255).astype(np.uint8))


def sideways() -> tuple[Image.Image, Image.Exif]:
    """Return a picture that lies on its side, and the note of a camera that says so."""
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90°
    return drawn("RGB", "white", "black").transpose(Image.Transpose.ROTATE_90), exif


def sixteen_bits() -> Image.Image:
    return Image.fromarray(np.asarray(drawn("L", "white", "black"), np.uint16) * 257)


KINDS: dict[str, tuple[Callable[[], Image.Image], str]] = {
    "gray.png": (lambda: drawn("L", "white", "black"), "PNG"),
    "white on black.png": (lambda: drawn("L", "black", "white"), "PNG"),
    "black and white.png": (lambda: drawn("1", "white", "black"), "PNG"),
    "transparent.png": (lambda: drawn("RGBA", "#ffffff00", "#102080"), "PNG"),
    "sixteen bits.png": (sixteen_bits, "PNG"),
    "palette.gif": (lambda: drawn("P", "#ffeecc", "#801010"), "GIF"),
    "red on yellow.jpg": (lambda: drawn("RGB", "#f0e080", "#c02010"), "JPEG"),
    "CMYK.jpeg": (lambda: drawn("CMYK", "white", "black"), "JPEG"),
    "photo.jpg": (photo, "JPEG"),
    "web.webp": (lambda: drawn("RGB", "white", "black"), "WEBP"),
    "windows.bmp": (lambda: drawn("RGB", "white", "black"), "BMP"),
    "scan.tif": (lambda: drawn("L", "white", "black"), "TIFF"),
    "plain.ppm": (lambda: drawn("RGB", "white", "black"), "PPM"),
}


@pytest.fixture
def kinds(tmp_path: Path) -> Path:
    """Return a folder with a picture of each kind."""
    folder = tmp_path / "kinds"
    (folder / "4").mkdir(parents=True)
    for name, (make, kind) in KINDS.items():
        make().save(folder / "4" / name, kind)
    lying, exif = sideways()
    lying.save(folder / "4" / "sideways.jpg", exif=exif)
    return folder


def test_pictures_are_read_exactly_as_predict_reads_them(
    kinds: Path, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = from_folder(kinds)
    assert len(read.files) == len(KINDS) + 1
    seen: list[NDArray[np.float32]] = []
    scored = Classifier.log_probabilities

    def noted(classifier: Classifier, images: NDArray[np.float32]) -> NDArray[np.float32]:
        seen.append(images)
        return scored(classifier, images)

    monkeypatch.setattr(Classifier, "log_probabilities", noted)
    for file, image in zip(read.files, read.images, strict=True):
        answer = api("POST", "/predict", body=file.read_bytes(), headers={"Content-Type": "image/png"})
        assert answer.status_code == 200, file
        np.testing.assert_array_equal(seen.pop().ravel(), image, str(file))


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda folder: folder.rmdir(), "is not a folder"),
        (lambda folder: (folder / "3").mkdir(), "holds no pictures"),
        (lambda folder: draw_one(folder / "seven" / "a.png"), "1 are elsewhere, such as .*seven"),
        (lambda folder: draw_one(folder / "a.png"), "1 are elsewhere"),
        (lambda folder: ((folder / "3").mkdir(), (folder / "3" / "a.png").write_bytes(b"no")), "no readable picture"),
        (lambda folder: draw_one(folder / "3" / "a.png", paper=255, ink=255), "the picture is blank"),
        (lambda folder: draw_one(folder / "3" / "a.png", size=5000), "may have 20 million pixels .*, got 5000×5000"),
    ],
)
def test_unusable_folder_is_refused(tmp_path: Path, prepare: Callable[[Path], object], message: str) -> None:
    folder = tmp_path / "digits"
    folder.mkdir()
    prepare(folder)
    with pytest.raises(InvalidValueError, match=message):
        from_folder(folder)


def test_strokes_are_drawn_as_predict_draws_them(tmp_path: Path) -> None:
    file = tmp_path / "digits.unipen"
    file.write_bytes(UNIPEN)
    read = from_strokes(file, 0.07)
    assert read.labels.tolist() == [7, 1]
    assert read.names[0] == "digit 1, by writer 12"
    seven = [[(100, 100), (300, 100), (200, 400)], [(150, 250)]]
    np.testing.assert_allclose(read.images[0].reshape(28, 28), draw_digit(seven, 0.07), atol=1e-6)
    np.testing.assert_array_equal(from_strokes(tmp_path, 0.07).images, read.images)
