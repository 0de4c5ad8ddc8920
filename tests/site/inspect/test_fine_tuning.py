"""Fine-tuning a network on the digits that it misreads, mixed with others."""

import numpy as np
from scrawl.inspect.fine_tuning import MOST_STEPS, FineTuner

from tests.support.networks.confusion_case import RATE, ROWS, ConfusionCase
from tests.support.networks.kernel_host import WasmtimeKernel


def learned(case: ConfusionCase, others: list[tuple[int, int]]) -> int:
    """Train on the most frequent mistake, and return how many digits are predicted right after that."""
    counts = np.reshape(case.count(), (10, 10)).copy()
    np.fill_diagonal(counts, 0)
    label, prediction = map(int, np.unravel_index(counts.argmax(), (10, 10)))
    rows = [row for row, _ in case.counter.digits(label, prediction)]
    right, steps = FineTuner(case.kernel).train(case.network, case.samples, rows, others, RATE)
    assert right == len(rows)
    assert 1 <= steps <= MOST_STEPS
    assert np.reshape(case.count(), (10, 10))[label, prediction] == 0
    return int(np.trace(np.reshape(case.counter.counts, (10, 10))))


def test_misread_digits_are_learned_among_others(case: ConfusionCase) -> None:
    assert learned(case, [(0, 10), (130, 20)])


def test_replay_keeps_it_from_forgetting_the_others(kernel: WasmtimeKernel) -> None:
    alone, mixed = [learned(ConfusionCase(kernel, "mlp-128"), others) for others in ([], [(0, 10), (130, 20)])]
    assert mixed > alone


def test_training_that_diverges_changes_nothing(case: ConfusionCase) -> None:
    before = case.network.export()
    rows = [int(row) for row in ROWS[:8]]
    right, steps = FineTuner(case.kernel).train(case.network, case.samples, rows, [(0, 10)], 1e30)
    assert steps == 0
    assert 0 <= right < 8
    for name, floats in case.network.export().items():
        np.testing.assert_array_equal(floats, before[name], err_msg=name)
