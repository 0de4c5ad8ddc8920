"""How good a network is: accuracy, confusion matrix, worst mistakes, as text and as pictures.

Callers bring the weights and the digits; `infra.dataset.labelled_images` reads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from functions.dataset.block import CLASSES, COLUMNS, ROWS
from functions.errors import InvalidValueError
from functions.models.inference import Classifier
from model_export.architectures import architecture_named
from model_export.export import check_weights
from model_export.graphs import inference_graph

_PAPER, _INK, _FAINT = (250, 249, 246), (28, 30, 38), (150, 150, 158)
_CELL = 44  # pixels of a cell of the confusion matrix
_ZOOM = 3  # of a digit in the picture of mistakes


@dataclass(frozen=True)
class Mistake:
    """A digit taken for another: its index in the data, both digits, and their probabilities."""

    index: int
    label: int
    answer: int
    label_probability: float
    answer_probability: float


@dataclass(frozen=True)
class Evaluation:
    """How a network did on N labelled digits."""

    count: int
    loss: float  # mean negative log-likelihood
    accuracy: float  # 0..1
    confusion: NDArray[np.int64]  # (10, 10): row label, column answer
    mistakes: tuple[Mistake, ...]  # the least likely labels first


def evaluate_weights(
    model: str, weights: Mapping[str, NDArray[np.float32]], images: NDArray[np.float32], labels: NDArray[np.integer]
) -> Evaluation:
    """Classify images (N, 784) in 0..1 and compare with their labels (N,)."""
    if not len(images) or len(images) != len(labels):
        raise InvalidValueError(f"an evaluation needs images with a label each, got {len(images)} and {len(labels)}")
    architecture = architecture_named(model)
    weights = check_weights(architecture, weights)
    classifier = Classifier(inference_graph(architecture, weights), weights)
    parts = [classifier.log_probabilities(images[start : start + 1000]) for start in range(0, len(images), 1000)]
    scores = np.concatenate(parts)  # (N, 10)
    answers = scores.argmax(1)
    confusion = np.zeros((CLASSES, CLASSES), np.int64)
    np.add.at(confusion, (labels, answers), 1)
    of_label = scores[np.arange(len(labels)), labels]
    wrong = np.flatnonzero(answers != labels)
    worst = wrong[np.argsort(of_label[wrong], kind="stable")]
    mistakes = tuple(_mistake(int(index), int(labels[index]), scores[index]) for index in worst)
    return Evaluation(
        len(labels), float(-of_label.mean(dtype=np.float64)), 1 - len(wrong) / len(labels), confusion, mistakes
    )


def _mistake(index: int, label: int, scores: NDArray[np.float32]) -> Mistake:
    answer = int(scores.argmax())
    return Mistake(index, label, answer, float(np.exp(scores[label])), float(np.exp(scores[answer])))


def confusion_text(evaluation: Evaluation) -> str:
    """Return the confusion matrix as a table, with the recognised part of each digit."""
    width = max(5, len(str(evaluation.confusion.max())) + 1)
    head = "label".ljust(7) + "".join(f"{digit:{width}}" for digit in range(CLASSES)) + "  recognised"
    lines = [head]
    for digit, row in enumerate(evaluation.confusion):
        part = f"{row[digit] / row.sum():12.2%}" if row.sum() else f"{'none':>12}"
        lines.append(f"{digit:<7}" + "".join(f"{number or '·':>{width}}" for number in row) + part)
    return "\n".join(lines)


def confusion_picture(evaluation: Evaluation) -> Image.Image:
    """Return a picture of the confusion matrix: rows are labels, columns answers; red cells are mistakes."""
    side = _CELL * (CLASSES + 1) + 30
    picture = Image.new("RGB", (side, side), _PAPER)
    draw = ImageDraw.Draw(picture)
    small, plain = ImageFont.load_default(11), ImageFont.load_default(16)
    draw.text(
        (side / 2, 4), f"answer  ({evaluation.accuracy:.2%} of {evaluation.count:,} right)", _FAINT, small, "ma"
    )
    draw.text((4, side / 2), "label", _FAINT, small, "lm")
    most = max(1, int((evaluation.confusion - np.diag(np.diag(evaluation.confusion))).max()))
    for digit in range(CLASSES):
        middle = 30 + _CELL * digit + _CELL * 1.5
        draw.text((middle, 30 + _CELL / 2), str(digit), _INK, plain, "mm")
        draw.text((30 + _CELL / 2, middle), str(digit), _INK, plain, "mm")
    for (label, answer), number in np.ndenumerate(evaluation.confusion):
        left, top = 30 + _CELL * (answer + 1), 30 + _CELL * (label + 1)
        colour = _cell_colour(label == answer, int(number), most, int(evaluation.confusion[label].sum()))
        draw.rectangle((left + 1, top + 1, left + _CELL - 2, top + _CELL - 2), colour)
        if number:
            draw.text((left + _CELL / 2, top + _CELL / 2), str(number), _INK, small, "mm")
    return picture


def _cell_colour(right: bool, number: int, most: int, total: int) -> tuple[int, int, int]:
    """Return green for right answers and red for mistakes, stronger for larger numbers."""
    strength = 0.75 * number / max(1, total) if right else 0.85 * (number / most) ** 0.5
    full = (122, 190, 140) if right else (226, 96, 84)
    return tuple(round(p + (f - p) * strength) for p, f in zip((240, 239, 235), full, strict=True))  # type: ignore[return-value]


def mistakes_picture(
    evaluation: Evaluation, images: NDArray[np.float32], most: int = 50, columns: int = 10
) -> Image.Image:
    """Return a picture of the worst mistakes, each with its label and the network's answer."""
    shown = evaluation.mistakes[:most]
    width, height = COLUMNS * _ZOOM + 12, ROWS * _ZOOM + 30
    rows = max(1, -(-len(shown) // columns))
    picture = Image.new("RGB", (width * columns + 12, height * rows + 12), _PAPER)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(11)
    if not shown:
        draw.text((12, 12), "no mistakes", _INK, font)
    for number, mistake in enumerate(shown):
        left, top = 12 + width * (number % columns), 12 + height * (number // columns)
        pixels = np.rint(255 - 255 * images[mistake.index].reshape(ROWS, COLUMNS)).astype(np.uint8)
        digit = Image.fromarray(pixels).resize((COLUMNS * _ZOOM, ROWS * _ZOOM), Image.Resampling.NEAREST)
        picture.paste(digit, (left, top))
        caption = f"{mistake.label} as {mistake.answer}, {mistake.answer_probability:.0%}"
        draw.text((left, top + ROWS * _ZOOM + 3), caption, _INK, font)
    return picture
