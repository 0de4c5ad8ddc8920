"""The core of `scrawl evaluate`: figures, tables and pictures; folders of pictures, good and bad."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from functions.errors import InvalidValueError
from model_export import pretrained
from model_export.assess import assess, confusion_picture, confusion_text, mistakes_picture
from model_export.pictures import read_folder, read_picture
from tests.support.samples import digit_like, weights_with_biases


@pytest.fixture(scope="module")
def assessed():
    weights, _ = pretrained.load("mlp-128")
    images, labels = digit_like(1100, seed=1)  # blobs: nearly everything is a mistake
    return assess("mlp-128", weights, images, labels), images, labels


def test_figures_agree_with_each_other(assessed) -> None:
    assessment, _, labels = assessed
    assert assessment.count == assessment.confusion.sum() == 1100
    assert assessment.accuracy == pytest.approx(np.trace(assessment.confusion) / 1100)
    assert assessment.confusion.sum(1).tolist() == np.bincount(labels, minlength=10).tolist()
    assert len(assessment.mistakes) == 1100 - np.trace(assessment.confusion)


def test_worst_mistakes_come_first_and_name_their_digit(assessed) -> None:
    assessment, _, labels = assessed
    probabilities = [mistake.label_probability for mistake in assessment.mistakes]
    assert probabilities == sorted(probabilities)
    for mistake in assessment.mistakes[:20]:
        assert labels[mistake.place] == mistake.label != mistake.answer
        assert mistake.answer_probability >= mistake.label_probability


def test_confusion_is_told_as_text_and_drawn(assessed) -> None:
    assessment, images, _ = assessed
    lines = confusion_text(assessment).splitlines()
    assert len(lines) == 11
    assert lines[3].startswith("2 ")
    assert str(assessment.confusion[2].max()) in lines[3]
    assert confusion_picture(assessment).size == (514, 514)
    assert mistakes_picture(assessment, images, most=25).size == (972, 354)


def test_no_mistakes_are_no_problem() -> None:
    weights, _ = pretrained.load("mlp-128")
    images, _ = digit_like(1, seed=2)
    answer = assess("mlp-128", weights, images, np.array([0])).confusion.argmax()
    assessment = assess("mlp-128", weights, images, np.array([answer]))
    assert assessment.accuracy == 1
    assert "none" in confusion_text(assessment)
    mistakes_picture(assessment, images)


def test_digits_and_labels_must_match() -> None:
    weights = weights_with_biases({"fc1.weight": (1, 1)}, 0)
    with pytest.raises(InvalidValueError, match="a label each, got 0 and 0"):
        assess("mlp-128", weights, np.zeros((0, 784), np.float32), np.zeros(0, np.int64))
    with pytest.raises(InvalidValueError, match=r"no weights of mlp-128: fc1.bias is missing"):
        assess("mlp-128", weights, np.zeros((1, 784), np.float32), np.zeros(1, np.int64))


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
    images, labels, files = read_folder(tmp_path)
    assert labels.tolist() == [1, 1, 1]
    assert [file.name for file in files] == ["a.png", "b.png", "c.jpg"]
    np.testing.assert_allclose(images[0], images[1], atol=0.01)
    np.testing.assert_allclose(images[0], images[2], atol=0.35)  # JPEG, and a width rounded to pixels
    weights, _ = pretrained.load("mlp-128")
    assert assess("mlp-128", weights, images, labels).accuracy == 1


def test_drawing_on_transparent_ground_is_read(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (60, 60), (0, 0, 0, 0))
    ImageDraw.Draw(picture).line((30, 10, 30, 50), (0, 0, 0, 255), width=5)
    picture.save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png").sum() > 20


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda folder: folder.rmdir(), "is no folder"),
        (lambda folder: (folder / "3").mkdir(), "holds no pictures"),
        (lambda folder: draw_one(folder / "seven" / "a.png"), "1 are elsewhere, such as .*seven"),
        (lambda folder: draw_one(folder / "a.png"), "1 are elsewhere"),
        (lambda folder: ((folder / "3").mkdir(), (folder / "3" / "a.png").write_bytes(b"no")), "no readable picture"),
        (lambda folder: draw_one(folder / "3" / "a.png", paper=255, ink=255), "the picture is blank"),
        (lambda folder: draw_one(folder / "3" / "a.png", size=5000), "at most 4096 pixels"),
    ],
)
def test_unusable_folder_is_refused(tmp_path: Path, prepare, message: str) -> None:
    folder = tmp_path / "digits"
    folder.mkdir()
    prepare(folder)
    with pytest.raises(InvalidValueError, match=message):
        read_folder(folder)
