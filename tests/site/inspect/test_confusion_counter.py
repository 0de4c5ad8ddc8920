"""Counting the confusion matrix of test digits in slices, with a copy of the weights."""

import numpy as np
import pytest

from tests.support.networks.confusion_case import LABELS, RANGES, RATE, ROWS, ConfusionCase


def test_count_agrees_with_single_predictions(case: ConfusionCase) -> None:
    expected = np.zeros((10, 10), int)
    for row in ROWS:
        expected[LABELS[row], int(np.argmax(case.probabilities(row)))] += 1
    assert np.array_equal(np.reshape(case.count(), (10, 10)), expected)


def test_count_in_slices_uses_the_weights_it_started_with(case: ConfusionCase) -> None:
    whole = case.count()
    case.counter.start(case.network.export(), case.samples, RANGES)
    slices = 1
    while not case.counter.run(0):  # each slice's time is over at once
        slices += 1
        case.network.train_step(case.samples, 0, 50, RATE)
    assert slices == {"mlp-128": 2, "conv-32-64": 5}[case.name]  # 120 and 80; 50 + 50 + 20, 50 + 30
    assert case.counter.counts == whole


def test_digits_of_a_cell_are_found_the_surest_first(case: ConfusionCase) -> None:
    table = np.reshape(case.count(), (10, 10))
    label, prediction = map(int, np.unravel_index((table - np.diag(np.diag(table))).argmax(), (10, 10)))
    found = case.counter.digits(label, prediction)
    assert len(found) == table[label, prediction] > 1
    shares = [share for _, share in found]
    assert shares == sorted(shares, reverse=True)
    for row, share in found:
        probabilities = case.probabilities(row)
        assert LABELS[row] == label
        assert int(np.argmax(probabilities)) == prediction
        assert share == pytest.approx(max(probabilities), abs=0.5 / 255 + 1e-6)  # a byte's precision
    assert not set(range(130, 150)) & {row for row, _ in found}
