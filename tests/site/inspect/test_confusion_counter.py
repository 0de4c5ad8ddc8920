"""Counting what test digits are read as, by a copy of the weights, and learning those that were misread."""

import itertools

import numpy as np
import pytest
from scrawl.inspect.confusion_counter import MOST_STEPS, Counter, Learning
from scrawl.net.network import Network, Samples

from model_export.architectures import parameter_table
from tests.support.kernel_host import WasmtimeKernel
from tests.support.kernel_networks import NETWORKS, build, digits, stored, weights_for

PIXELS, LABELS = digits(230)
RANGES = [(10, 120), (150, 80)]  # what is between is not counted
ROWS = np.r_[10:130, 150:230]
RATE = 0.1


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> WasmtimeKernel:
    return WasmtimeKernel(tmp_path_factory.getbasetemp())


def described(name: str) -> dict:
    layers = NETWORKS[name]
    return {
        "layers": [{"kind": x.kind, "name": x.name, "inputs": x.inputs, "outputs": x.outputs} for x in layers],
        "parameters": [{"name": name, "shape": list(shape)} for name, shape in parameter_table(layers)],
    }


class Case:
    """A network that has begun to learn the digits, and a counter on a clock that goes on by 1 with every look."""

    def __init__(self, kernel: WasmtimeKernel, name: str) -> None:
        self.name = name
        self.network: Network = build(kernel, NETWORKS[name], 64)
        self.network.load(weights_for(NETWORKS[name]))
        self.samples: Samples = stored(kernel, PIXELS, LABELS)
        self.samples.shuffle([(0, 230)], 1)
        self.network.train_steps(self.samples, 0, 50, 4, RATE)
        time = itertools.count()
        self.counter = Counter(kernel, described(name), lambda: next(time))
        self.image = kernel.alloc(784)
        self.kernel = kernel

    def probabilities(self, row: int) -> list[float]:
        self.kernel.write(self.image, PIXELS[row].tobytes())
        return [float(p) for p in self.network.predict(self.image)]

    def count(self) -> list[int]:
        self.counter.begin(self.network.export(), self.samples, RANGES)
        assert self.counter.run(1e9)
        return self.counter.counts


@pytest.fixture(params=["mlp-128", "conv-32-64"])
def case(kernel: WasmtimeKernel, request: pytest.FixtureRequest) -> Case:
    return Case(kernel, request.param)


def test_count_agrees_with_single_predictions(case: Case) -> None:
    expected = np.zeros((10, 10), int)
    for row in ROWS:
        expected[LABELS[row], int(np.argmax(case.probabilities(row)))] += 1
    assert np.array_equal(np.reshape(case.count(), (10, 10)), expected)


def test_count_in_slices_is_of_the_weights_it_began_with(case: Case) -> None:
    whole = case.count()
    case.counter.begin(case.network.export(), case.samples, RANGES)
    slices = 1
    while not case.counter.run(0):  # each slice's time is over at once
        slices += 1
        case.network.train_step(case.samples, 0, 50, RATE)
    assert slices == {"mlp-128": 2, "conv-32-64": 5}[case.name]  # 120 and 80; 50 + 50 + 20, 50 + 30
    assert case.counter.counts == whole


def test_misread_digits_are_found_the_surest_first(case: Case) -> None:
    table = np.reshape(case.count(), (10, 10))
    label, reading = map(int, np.unravel_index((table - np.diag(np.diag(table))).argmax(), (10, 10)))
    found = case.counter.misread(label, reading)
    assert len(found) == table[label, reading] > 1
    shares = [share for _, share in found]
    assert shares == sorted(shares, reverse=True)
    for row, share in found:
        probabilities = case.probabilities(row)
        assert LABELS[row] == label
        assert int(np.argmax(probabilities)) == reading
        assert share == pytest.approx(max(probabilities), abs=0.5 / 255 + 1e-6)  # a byte's precision
    assert not set(range(130, 150)) & {row for row, _ in found}


def learned(case: Case, others: list) -> int:
    """Learn the most frequent mistake, and return how many digits are read right then."""
    counts = np.reshape(case.count(), (10, 10)).copy()
    np.fill_diagonal(counts, 0)
    label, reading = map(int, np.unravel_index(counts.argmax(), (10, 10)))
    rows = [row for row, _ in case.counter.misread(label, reading)]
    right, steps = Learning(case.kernel).learn(case.network, case.samples, rows, others, RATE)
    assert right == len(rows)
    assert 1 <= steps <= MOST_STEPS
    assert np.reshape(case.count(), (10, 10))[label, reading] == 0
    return int(np.trace(np.reshape(case.counter.counts, (10, 10))))


def test_misread_digits_can_be_learned_amid_others(case: Case) -> None:
    assert learned(case, [(0, 10), (130, 20)])


def test_company_keeps_it_from_forgetting_the_others(kernel: WasmtimeKernel) -> None:
    alone, amid = [learned(Case(kernel, "mlp-128"), others) for others in ([], [(0, 10), (130, 20)])]
    assert amid > alone


def test_learning_that_diverges_changes_nothing(case: Case) -> None:
    before = case.network.export()
    rows = [int(row) for row in ROWS[:8]]
    right, steps = Learning(case.kernel).learn(case.network, case.samples, rows, [(0, 10)], 1e30)
    assert steps == 0
    assert 0 <= right < 8
    for name, floats in case.network.export().items():
        np.testing.assert_array_equal(floats, before[name], err_msg=name)
