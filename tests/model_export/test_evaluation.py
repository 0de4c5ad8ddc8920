"""The core of `scrawl evaluate`: figures, tables and pictures of how good a network is."""

import numpy as np
import pytest
from numpy.typing import NDArray

from functions.errors import InvalidValueError
from model_export import pretrained
from model_export.evaluation import Evaluation, confusion_picture, confusion_text, evaluate_weights, mistakes_picture
from tests.support.digits.samples import digit_like, weights_with_biases

type Evaluated = tuple[Evaluation, NDArray[np.float32], NDArray[np.integer]]  # with the images and their labels


@pytest.fixture(scope="module")
def evaluated() -> Evaluated:
    weights, _ = pretrained.load("mlp-128")
    images, labels = digit_like(1100, seed=1)  # blobs: nearly everything is a mistake
    return evaluate_weights("mlp-128", weights, images, labels), images, labels


def test_figures_agree_with_each_other(evaluated: Evaluated) -> None:
    evaluation, _, labels = evaluated
    assert evaluation.count == evaluation.confusion.sum() == 1100
    assert evaluation.accuracy == pytest.approx(np.trace(evaluation.confusion) / 1100)
    assert evaluation.confusion.sum(1).tolist() == np.bincount(labels, minlength=10).tolist()
    assert len(evaluation.mistakes) == 1100 - np.trace(evaluation.confusion)


def test_worst_mistakes_come_first_and_name_their_digit(evaluated: Evaluated) -> None:
    evaluation, _, labels = evaluated
    probabilities = [mistake.label_probability for mistake in evaluation.mistakes]
    assert probabilities == sorted(probabilities)
    for mistake in evaluation.mistakes[:20]:
        assert labels[mistake.index] == mistake.label != mistake.answer
        assert mistake.answer_probability >= mistake.label_probability


def test_confusion_is_printed_and_drawn(evaluated: Evaluated) -> None:
    evaluation, images, _ = evaluated
    lines = confusion_text(evaluation).splitlines()
    assert len(lines) == 11
    assert lines[3].startswith("2 ")
    assert str(evaluation.confusion[2].max()) in lines[3]
    assert confusion_picture(evaluation).size == (514, 514)
    assert mistakes_picture(evaluation, images, most=25).size == (972, 354)


def test_no_mistakes_are_no_problem() -> None:
    weights, _ = pretrained.load("mlp-128")
    images, _ = digit_like(1, seed=2)
    answer = evaluate_weights("mlp-128", weights, images, np.array([0])).confusion.argmax()
    evaluation = evaluate_weights("mlp-128", weights, images, np.array([answer]))
    assert evaluation.accuracy == 1
    assert "none" in confusion_text(evaluation)
    mistakes_picture(evaluation, images)


def test_digits_and_labels_must_match() -> None:
    weights = weights_with_biases({"fc1.weight": (1, 1)}, 0)
    with pytest.raises(InvalidValueError, match="a label each, got 0 and 0"):
        evaluate_weights("mlp-128", weights, np.zeros((0, 784), np.float32), np.zeros(0, np.int64))
    with pytest.raises(InvalidValueError, match=r"no weights of mlp-128: fc1.bias is missing"):
        evaluate_weights("mlp-128", weights, np.zeros((1, 784), np.float32), np.zeros(1, np.int64))
