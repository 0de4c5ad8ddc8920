"""The worker's training, its cache and its teacher, run on the real kernel by wasmtime."""

from collections.abc import Callable

import numpy as np
import pytest
from scrawl.cache import FIRST, HOLD, BlockCache, most_in_a_block
from scrawl.learner import EVALUATE_EVERY, FEWEST, Learner
from scrawl.network import Network
from scrawl.retry import LONGEST, Backoff
from scrawl.teaching import Teacher
from scrawl.trainer import Trainer

from tests.kernel_host import WasmtimeKernel

LAYERS = [
    {"kind": "dense", "name": "fc1", "inputs": 784, "outputs": 32},
    {"kind": "relu"},
    {"kind": "dense", "name": "fc2", "inputs": 32, "outputs": 10},
    {"kind": "log_softmax"},
]
PARAMETERS = [
    {"name": "fc1.weight", "shape": [32, 784]},
    {"name": "fc1.bias", "shape": [32]},
    {"name": "fc2.weight", "shape": [10, 32]},
    {"name": "fc2.bias", "shape": [10]},
]
SPLITS = {"train": {"count": 95, "shards": 5}, "test": {"count": 40, "shards": 2}}
SETTINGS = {"batch_size": 8, "learning_rate": 0.1, "cache_size": 5}


class Clock:
    """Seconds that pass only by being asked for."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


def digits(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return digits that are easy to tell apart: each label lights 78 pixels of its own."""
    labels = (np.arange(count) % 10).astype(np.uint8)
    pixels = np.zeros((count, 784), np.uint8)
    for row, label in enumerate(labels.tolist()):
        pixels[row, 78 * label : 78 * label + 78] = 200
    return labels, pixels


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> WasmtimeKernel:
    return WasmtimeKernel(tmp_path_factory.mktemp("kernel"))


def new_trainer(kernel: WasmtimeKernel, network: Network) -> Trainer:
    clock = Clock()
    return Trainer(kernel, Learner(network, clock), dict(SETTINGS), clock)


@pytest.fixture
def trainer(kernel: WasmtimeKernel) -> Trainer:
    network = Network(kernel, LAYERS, PARAMETERS, 64)
    network.randomise(1)
    trainer = new_trainer(kernel, network)
    trainer.use(SPLITS)
    return trainer


def fill(trainer: Trainer) -> None:
    for index in range(5):
        trainer.add("train", index, *digits(19))
    for index in range(2):
        trainer.add("test", index, *digits(20))


def run(trainer: Trainer, until: Callable[[], bool]) -> list[dict]:
    results = []
    for _ in range(10_000):
        if until():
            return results
        result = trainer.run(trainer.clock() + 0.012)
        results += [result] if result else []
    raise AssertionError("nothing came of it")


def test_training_waits_for_the_first_block_and_begins_with_it(trainer: Trainer) -> None:
    trainer.training = True
    assert not trainer.is_busy()
    trainer.add("train", 3, *digits(19))
    assert trainer.is_busy()
    run(trainer, lambda: trainer.learner.iteration >= 3)


def test_training_learns_and_measures_all_test_digits(trainer: Trainer) -> None:
    fill(trainer)
    trainer.training = True
    results = run(trainer, lambda: trainer.learner.iteration >= 800)
    assert len(results) >= 2  # at the start, and every EVALUATE_EVERY seconds of training
    assert results[-1]["count"] == 40
    assert results[0]["accuracy"] < results[-1]["accuracy"] == 1.0
    progress = trainer.learner.progress()
    assert progress["accuracy"] > 0.98
    assert progress["samples_per_second"] > 0


def test_measurement_is_of_one_set_of_weights(trainer: Trainer) -> None:
    fill(trainer)
    trainer.training = True
    run(trainer, lambda: not trainer.is_busy() or trainer.learner.iteration > 0)
    trainer.learner.ask_evaluation()
    before = trainer.learner.iteration
    while trainer.run(trainer.clock()) is None:  # slices that are over at once
        assert trainer.learner.iteration == before


def test_nothing_is_measured_until_all_test_blocks_are_there(trainer: Trainer) -> None:
    trainer.add("test", 0, *digits(20))
    assert not trainer.is_busy()
    trainer.add("test", 1, *digits(20))
    assert trainer.is_busy()


def test_refused_test_block_does_not_hold_up_the_others(trainer: Trainer) -> None:
    trainer.add("test", 0, *digits(20))
    trainer.cache.hold("test", 1, 0.0)
    results = run(trainer, lambda: not trainer.is_busy())
    assert [result["count"] for result in results] == [20]


def test_step_is_one_iteration_followed_by_a_measurement(trainer: Trainer) -> None:
    fill(trainer)
    run(trainer, lambda: not trainer.is_busy())
    trainer.steps_wanted = 1
    results = run(trainer, lambda: not trainer.is_busy())
    assert trainer.learner.iteration == 1
    assert [result["iteration"] for result in results] == [1]


def test_settings_hold_from_the_next_step_on(trainer: Trainer) -> None:
    fill(trainer)
    taken = []
    steps = trainer.learner.network.train_steps
    trainer.learner.network.train_steps = lambda *a: (taken.append((a[2], a[3], a[4])), steps(*a))[1]
    trainer.steps_wanted = 1
    run(trainer, lambda: not trainer.is_busy())
    trainer.set({"batch_size": 16, "learning_rate": 0.02, "cache_size": 5})
    trainer.steps_wanted = 1
    run(trainer, lambda: not trainer.is_busy())
    assert taken == [(8, 1, 0.1), (16, 1, 0.02)]


def test_smaller_cache_lets_the_oldest_blocks_go(trainer: Trainer) -> None:
    fill(trainer)
    trainer.set({**SETTINGS, "cache_size": 2})
    assert list(trainer.cache.train) == [3, 4]
    trainer.training = True
    run(trainer, lambda: trainer.learner.iteration >= 10)
    assert trainer.samples.count == 38


def test_same_seed_and_blocks_give_the_same_losses(kernel: WasmtimeKernel) -> None:
    losses = []
    for _ in range(2):
        network = Network(kernel, LAYERS, PARAMETERS, 64)
        network.randomise(7)
        trainer = new_trainer(kernel, network)
        trainer.use(SPLITS)
        fill(trainer)
        trainer.steps_wanted = 20
        run(trainer, lambda trainer=trainer: trainer.learner.iteration >= 20)
        losses.append(trainer.learner.progress()["loss"])
    assert losses[0] == losses[1]


def test_block_larger_than_the_dataset_says_is_refused(trainer: Trainer) -> None:
    with pytest.raises(ValueError, match="up to 23 digits, got 30"):
        trainer.add("train", 0, *digits(30))
    assert not trainer.cache.train


def test_teacher_teaches_gently(kernel: WasmtimeKernel) -> None:
    network = Network(kernel, LAYERS, PARAMETERS, 64)
    network.randomise(3)
    picture = digits(10)[1][4]
    address = kernel.put(picture)
    before, after, steps = Teacher(kernel, network).teach(address, picture.tobytes(), bytes([9]))
    assert before < after
    assert 1 <= steps <= 40
    assert network.predict(address)[9] == after


def another(trainer: Trainer) -> Learner:
    network = Network(trainer.kernel, LAYERS, PARAMETERS, 64)
    network.randomise(5)
    return Learner(network, trainer.clock)


def test_network_that_is_selected_again_is_as_it_was_left(trainer: Trainer) -> None:
    fill(trainer)
    trainer.start()
    run(trainer, lambda: trainer.learner.iteration >= 100)
    first, second = trainer.learner, another(trainer)
    trainer.pause()
    run(trainer, lambda: not trainer.is_busy())
    weights, progress = first.network.export(), first.progress()
    trainer.select(second)
    assert not trainer.training
    trainer.start()
    run(trainer, lambda: second.iteration >= 50)
    trainer.select(first)
    assert first.progress() == progress
    assert all(np.array_equal(weights[name], now) for name, now in first.network.export().items())
    trainer.start()
    run(trainer, lambda: first.iteration >= progress["iteration"] + 50)
    assert first.progress()["accuracy"] > 0.9


def test_diverging_run_stops_and_has_its_last_good_weights_again(trainer: Trainer) -> None:
    fill(trainer)
    trainer.start()
    run(trainer, lambda: trainer.learner.iteration >= 20)
    trainer.pause()
    run(trainer, lambda: not trainer.is_busy())
    good, iteration = trainer.learner.network.export(), trainer.learner.iteration
    trainer.set({**SETTINGS, "learning_rate": 1e30})
    trainer.start()
    run(trainer, lambda: trainer.divergence is not None)
    assert trainer.divergence["back_to"] == iteration == trainer.learner.iteration
    assert trainer.divergence["iteration"] > iteration
    assert not trainer.training
    assert all(np.array_equal(good[name], now) for name, now in trainer.learner.network.export().items())
    assert np.isfinite(trainer.learner.progress()["loss"])


def test_run_that_diverges_before_any_measurement_goes_back_to_its_first_weights(trainer: Trainer) -> None:
    trainer.add("train", 0, *digits(19))
    good = trainer.learner.network.export()
    trainer.set({**SETTINGS, "learning_rate": 1e30})
    trainer.start()
    run(trainer, lambda: trainer.divergence is not None)
    assert trainer.divergence["back_to"] == 0
    assert np.array_equal(good["fc1.weight"], trainer.learner.network.export()["fc1.weight"])


def slow_down(trainer: Trainer, seconds: float) -> list[int]:
    """Make judging a digit take so long. Return a list that fills with how many are judged at once."""
    sizes = []
    evaluate = trainer.learner.network.evaluate

    def slowly(samples: object, first: int, count: int) -> tuple:
        sizes.append(count)
        trainer.clock.now += seconds * count
        return evaluate(samples, first, count)

    trainer.learner.network.evaluate = slowly
    return sizes


def test_slow_network_is_measured_in_small_parts_and_seldom(trainer: Trainer) -> None:
    sizes = slow_down(trainer, 0.02)
    fill(trainer)
    run(trainer, lambda: not trainer.is_busy())
    assert max(sizes) == FEWEST
    began = trainer.clock.now
    trainer.start()
    results = run(trainer, lambda: trainer.clock.now > began + 10)
    assert len(results) in (2, 3)  # 0.8 s each, then training for three times as long


def test_training_does_not_wait_for_a_slow_measurement(trainer: Trainer) -> None:
    slow_down(trainer, 0.02)
    fill(trainer)
    trainer.run(trainer.clock())  # the measurement has begun
    trainer.start()
    trainer.run(trainer.clock() + 0.012)
    assert trainer.learner.iteration > 0


def test_step_does_not_wait_for_a_measurement(trainer: Trainer) -> None:
    fill(trainer)
    trainer.run(trainer.clock())
    trainer.steps_wanted = 2
    trainer.run(trainer.clock() + 0.1)
    assert trainer.learner.iteration == 2


# The cache alone


@pytest.fixture
def cache() -> BlockCache:
    return BlockCache(SPLITS, 3)


def test_some_training_blocks_come_first_then_the_test_blocks_then_the_rest() -> None:
    cache = BlockCache({"train": {"count": 60, "shards": 6}, "test": {"count": 20, "shards": 2}}, 6)
    flying: list[tuple[str, int]] = []
    while (wanted := cache.wanted(flying, 0)) is not None:
        flying.append(wanted)
    train = [("train", index) for index in range(6)]
    assert flying == [*train[:FIRST], ("test", 0), ("test", 1), *train[FIRST:]]


def test_test_blocks_come_also_when_there_are_few_training_blocks() -> None:
    cache = BlockCache({"train": {"count": 20, "shards": 1}, "test": {"count": 10, "shards": 1}}, 60)
    assert cache.wanted([("train", 0)], 0) == ("test", 0)
    cache.place("train", 0, 20)
    assert cache.wanted([], 0) == ("test", 0)


def test_no_more_is_wanted_than_there_is_room_for(cache: BlockCache) -> None:
    flying = [("train", 0), ("test", 0), ("test", 1), ("train", 1), ("train", 2)]
    assert cache.wanted(flying, 0) is None


def test_full_cache_takes_another_block_once_it_has_been_gone_through(cache: BlockCache) -> None:
    for index in (0, 1):
        cache.place("test", index, 20)
    for index in (0, 1, 2):
        assert cache.wanted([], 0) == ("train", index)
        cache.place("train", index, 19)
    assert cache.wanted([], 0) is None
    cache.turnover = True
    assert cache.wanted([], 0) == ("train", 3)
    cache.place("train", 3, 19)
    assert list(cache.train) == [1, 2, 3]
    assert not cache.turnover


def test_slots_do_not_overlap(cache: BlockCache) -> None:
    for index in (0, 1, 2, 3, 4, 0):
        cache.place("train", index, 19)
        rows = [row for first, count in cache.ranges() for row in range(first, first + count)]
        assert len(rows) == len(set(rows))
    assert max(rows) < cache.rows() - 40


@pytest.mark.parametrize(("size", "count"), [(1000, 60_000), (1000, 1497), (1000, 1001), (7, 7), (1, 3), (19, 95)])
def test_room_for_a_block_is_never_too_small(size: int, count: int) -> None:
    assert most_in_a_block(count, -(-count // size)) >= min(size, count)


def test_refused_block_is_left_alone_for_a_while(cache: BlockCache) -> None:
    cache.hold("train", 0, 100.0)
    assert cache.wanted([], 100.0) == ("train", 1)
    cache.hold("train", 1, 100.0)
    for index in (2, 3, 4):
        cache.hold("train", index, 100.0)
    for index in (0, 1):
        cache.place("test", index, 20)
    assert cache.wanted([], 100.0) is None
    assert cache.wanted([], 101.0 + HOLD) is not None


def test_waits_double_up_to_a_limit_and_begin_anew() -> None:
    backoff = Backoff()
    assert [backoff.failed() for _ in range(7)] == [1, 2, 4, 8, 16, LONGEST, LONGEST]
    backoff.succeeded()
    assert backoff.failed() == 1


def test_measuring_is_rare_beside_training() -> None:
    assert EVALUATE_EVERY > 0.2  # measuring ten thousand digits takes about 15 ms
