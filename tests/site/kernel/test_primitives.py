"""Each fast primitive of the kernel against its naive twin, in both builds. Axes: B batch, D inputs, H hidden."""

import numpy as np
import pytest

from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.tolerances import Tolerance

D, BLOCK = 784, 32
SLOT = D + 8  # entries that an image has room for
# float32 sums of up to a few hundred terms of size 1: some dozen roundings of 6e-8, added up in another order.
CLOSE: Tolerance = {"rtol": 1e-5, "atol": 2e-5}


def both(kernel: WasmtimeKernel, name: str, target: np.ndarray, *arguments: object) -> tuple[np.ndarray, np.ndarray]:
    """Run a primitive and its twin on copies of `target`, which stands for the argument None. Return both results."""
    results = []
    for function in (name, f"naive_{name}"):
        address = kernel.put(target)
        kernel.function(function)(*(address if argument is None else argument for argument in arguments))
        results.append(kernel.read(address, target.dtype.type, target.shape))
    return results[0], results[1]


def digits(count: int, seed: int = 1) -> np.ndarray:
    """Return (count, 784) u8: mostly blank, with runs of ink, an empty and a full picture among them."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, D)) * (rng.random((count, D)) < 0.2)
    images[count // 2] = 0
    images[count // 3] = 255
    images[-1, [0, 15, 16, 783]] = [1, 255, 128, 7]
    return images.astype(np.uint8)


def listing(kernel: WasmtimeKernel, images: np.ndarray, prefix: str = "") -> tuple[int, int]:
    """List the pixels of all images; return the addresses of entries and of how many each image has."""
    positions = kernel.alloc(256 * 8)
    kernel.function("fill_positions")(positions)
    count = len(images)
    entries, lengths = kernel.alloc(4 * count * SLOT), kernel.alloc(4 * count)
    kernel.function(f"{prefix}list_pixels")(kernel.put(images), 0, 0, count, D, positions, entries, lengths)
    return entries, lengths


def listed(kernel: WasmtimeKernel, entries: int, lengths: int, count: int) -> np.ndarray:
    """Return what has been listed of all images."""
    slots, used = kernel.read(entries, np.uint32, (count, SLOT)), kernel.read(lengths, np.uint32, count)
    return np.concatenate([slot[:length] for slot, length in zip(slots, used, strict=True)])


@pytest.mark.parametrize("count", [1, 3, 128])
def test_list_pixels(kernel: WasmtimeKernel, count: int) -> None:
    images = digits(count)
    fast, naive = (listing(kernel, images, prefix) for prefix in ("", "naive_"))
    np.testing.assert_array_equal(kernel.read(fast[1], np.uint32, count), np.count_nonzero(images, axis=1))
    entries = listed(kernel, *fast, count)
    np.testing.assert_array_equal(entries, listed(kernel, *naive, count))
    np.testing.assert_array_equal(entries & 0xFFFF, np.nonzero(images)[1])
    np.testing.assert_array_equal((entries & 0xFFFF0000).view(np.float32), images[images > 0])


def test_list_pixels_follows_the_order(kernel: WasmtimeKernel) -> None:
    images = digits(8)
    order = np.array([9, 9, 5, 0, 7], np.uint32)
    positions = kernel.alloc(256 * 8)
    kernel.function("fill_positions")(positions)
    entries, lengths = kernel.alloc(4 * 3 * SLOT), kernel.alloc(4 * 3)
    kernel.function("list_pixels")(kernel.put(images), kernel.put(order), 2, 3, D, positions, entries, lengths)
    expected = np.concatenate([np.flatnonzero(images[row]) for row in (5, 0, 7)])
    np.testing.assert_array_equal(listed(kernel, entries, lengths, 3) & 0xFFFF, expected)


@pytest.mark.parametrize("count", [1, 5, 128])
def test_group_pixels(kernel: WasmtimeKernel, count: int) -> None:
    images = digits(count)
    entries, lengths = listing(kernel, images)
    stride = count + 3
    results = []
    for name in ("group_pixels", "naive_group_pixels"):
        columns, counts = kernel.alloc(4 * D * stride), kernel.alloc(4 * D)
        kernel.function(name)(entries, lengths, count, D, columns, stride, counts, 0, D)
        results.append((kernel.read(columns, np.uint32, (D, stride)), kernel.read(counts, np.uint32, D)))
    (fast, fast_counts), (naive, naive_counts) = results
    np.testing.assert_array_equal(fast_counts, naive_counts)
    np.testing.assert_array_equal(fast_counts, np.count_nonzero(images, axis=0))
    np.testing.assert_array_equal(fast, naive)


@pytest.mark.parametrize(("count", "hidden"), [(1, 32), (5, 64), (128, 128)])
def test_sparse_forward(kernel: WasmtimeKernel, count: int, hidden: int) -> None:
    rng = np.random.default_rng(2)
    images, stride = digits(count), hidden + 16
    weights = rng.normal(0, 0.05, (hidden // BLOCK, D, BLOCK)).astype(np.float32)
    bias = rng.normal(size=hidden).astype(np.float32)
    entries, lengths = listing(kernel, images)
    fast, naive = both(
        kernel, "sparse_forward", np.zeros((count, stride), np.float32),
        kernel.put(weights), kernel.put(bias), entries, lengths, count, D, hidden, None, stride,
    )  # fmt: skip
    np.testing.assert_allclose(fast, naive, **CLOSE)
    dense = weights.transpose(1, 0, 2).reshape(D, hidden)
    np.testing.assert_allclose(fast[:, :hidden], images / 255 @ dense + bias, **CLOSE)
    assert not fast[:, hidden:].any()  # the padding is left alone


@pytest.mark.parametrize(("count", "hidden"), [(1, 32), (5, 64), (128, 128)])
def test_sparse_update(kernel: WasmtimeKernel, count: int, hidden: int) -> None:
    rng = np.random.default_rng(3)
    images, stride = digits(count), hidden + 16
    weights = rng.normal(0, 0.05, (hidden // BLOCK, D, BLOCK)).astype(np.float32)
    delta = rng.normal(size=(count, stride)).astype(np.float32)
    entries, lengths = listing(kernel, images)
    columns, counts = kernel.alloc(4 * D * count), kernel.alloc(4 * D)
    kernel.function("group_pixels")(entries, lengths, count, D, columns, count, counts, 0, D)
    fast, naive = both(
        kernel, "sparse_update", weights, None, columns, count, counts, D, hidden, kernel.put(delta), stride, -0.25
    )
    np.testing.assert_allclose(fast, naive, **CLOSE)
    dense = weights.transpose(1, 0, 2).reshape(D, hidden) - 0.25 * (images.T / 255 @ delta[:, :hidden])
    np.testing.assert_allclose(fast.transpose(1, 0, 2).reshape(D, hidden), dense, **CLOSE)


@pytest.mark.parametrize("columns", [4, 8, 12, 16, 20, 28, 64, 144])
@pytest.mark.parametrize(("rows", "depth"), [(1, 10), (3, 1), (4, 128), (7, 5), (130, 33)])
def test_matmul(kernel: WasmtimeKernel, rows: int, columns: int, depth: int) -> None:
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(rows, depth + 3)), rng.normal(size=(depth, columns + 4))
    a_address, b_address = kernel.put(a.astype(np.float32)), kernel.put(b.astype(np.float32))
    bias = rng.normal(size=columns).astype(np.float32)
    target = np.zeros((rows, columns + 8), np.float32)
    shape = (a_address, depth + 3, 1, b_address, columns + 4, rows, columns, depth)
    fast, naive = both(kernel, "matmul", target, None, columns + 8, *shape, kernel.put(bias), 0, 1.0)
    np.testing.assert_allclose(fast, naive, **CLOSE)
    np.testing.assert_allclose(fast[:, :columns], a[:, :depth] @ b[:, :columns] + bias, **CLOSE)
    assert not fast[:, columns:].any()


@pytest.mark.parametrize(("rows", "columns", "depth"), [(10, 12, 1), (128, 12, 5), (64, 16, 128)])
def test_matmul_as_an_update_with_a_transposed_matrix(
    kernel: WasmtimeKernel, rows: int, columns: int, depth: int
) -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(depth, rows)), rng.normal(size=(depth, columns))
    weights = rng.normal(size=(rows, columns)).astype(np.float32)
    a_address, b_address = kernel.put(a.astype(np.float32)), kernel.put(b.astype(np.float32))
    shape = (a_address, 1, rows, b_address, columns, rows, columns, depth)
    fast, naive = both(kernel, "matmul", weights, None, columns, *shape, None, columns, -0.5)
    np.testing.assert_allclose(fast, naive, **CLOSE)
    np.testing.assert_allclose(fast, weights - 0.5 * a.T @ b, **CLOSE)


@pytest.mark.parametrize("count", [1, 127])
def test_bias_update(kernel: WasmtimeKernel, count: int) -> None:
    rng = np.random.default_rng(6)
    delta, bias = rng.normal(size=(count, 48)).astype(np.float32), rng.normal(size=48).astype(np.float32)
    fast, naive = both(kernel, "bias_update", bias, None, kernel.put(delta), count, 48, -0.1, 48)
    np.testing.assert_allclose(fast, naive, **CLOSE)


# What matters at the edges: both zeros, the smallest numbers, infinities.
EDGES = np.array([0.0, -0.0, 1e-45, -1e-45, 1e-38, -1e-38, np.inf, -np.inf], np.float32)


def test_relu_forward(kernel: WasmtimeKernel) -> None:
    y = np.concatenate([EDGES, np.random.default_rng(7).normal(size=56)]).astype(np.float32).reshape(4, 16)
    fast, naive = both(kernel, "relu_forward", y, None, 4, 16)
    np.testing.assert_array_equal(fast, naive)
    assert not np.signbit(fast).any()  # a negative zero becomes a positive one


def test_relu_forward_keeps_nan_so_that_divergence_shows(kernel: WasmtimeKernel) -> None:
    y = np.array([[np.nan, -1, 1, 0]], np.float32)
    fast, naive = both(kernel, "relu_forward", y, None, 1, 4)
    np.testing.assert_array_equal(np.isnan(fast), [[True, False, False, False]])
    np.testing.assert_array_equal(np.isnan(naive), [[True, False, False, False]])


def test_relu_backward(kernel: WasmtimeKernel) -> None:
    y = np.concatenate([EDGES, np.random.default_rng(8).normal(size=56)]).astype(np.float32).reshape(4, 16)
    fast, naive = both(kernel, "relu_backward", np.ones((4, 16), np.float32), None, kernel.put(y), 4, 16)
    np.testing.assert_array_equal(fast, naive)
    np.testing.assert_array_equal(fast, (y > 0).astype(np.float32))  # at 0, of either sign, nothing passes


def scores(count: int, stride: int = 16) -> np.ndarray:
    """Return logits: ordinary ones, one row with a tie, one of huge, one of far-apart numbers; 0 in the padding."""
    z = np.random.default_rng(9).normal(0, 3, (count, stride))
    z[0, :10] = 1.5
    if count > 2:
        z[1, :10] = np.linspace(-1e4, 1e4, 10)
        z[2, :10] = 3e38 * np.linspace(0, 1, 10)
    z[:, 10:] = 0
    return z.astype(np.float32)


@pytest.mark.parametrize("count", [1, 5, 128])
def test_nll(kernel: WasmtimeKernel, count: int) -> None:
    z = scores(count)
    labels = np.arange(count, dtype=np.uint8)[::-1] % 10
    labels[-1] = 0
    order = np.arange(count, dtype=np.uint32)[::-1]
    address, found = kernel.put(labels), []
    for name in ("nll", "naive_nll"):
        target, score = kernel.put(z), kernel.put(np.array([5.0, 2.0]))  # what earlier batches have left
        kernel.function(name)(target, count, 10, 16, address, kernel.put(order), 0, score)
        found.append((kernel.read(target, np.float32, z.shape), kernel.read(score, np.float64, 2)))
    (fast, fast_score), (naive, naive_score) = found
    np.testing.assert_allclose(fast, naive, rtol=1e-6, atol=2e-7)  # exp is good to 2 ulp
    np.testing.assert_allclose(fast_score, naive_score, rtol=1e-6)
    assert not fast[:, 10:].any()


def test_a_tie_goes_to_the_lower_class(kernel: WasmtimeKernel) -> None:
    z = np.zeros((2, 16), np.float32)
    z[:, [3, 7]] = 2
    score = kernel.alloc(16)
    kernel.function("nll")(kernel.put(z), 2, 10, 16, kernel.put(np.array([3, 7], np.uint8)), 0, 0, score)
    assert kernel.read_double(score + 8) == 1


def test_loss_of_scores_that_are_not_numbers_is_not_a_number(kernel: WasmtimeKernel) -> None:
    z = np.full((1, 16), np.nan, np.float32)
    score = kernel.alloc(16)
    kernel.function("nll")(kernel.put(z), 1, 10, 16, kernel.put(np.array([3], np.uint8)), 0, 0, score)
    assert np.isnan(kernel.read_double(score))


def test_softmax(kernel: WasmtimeKernel) -> None:
    for row in scores(6):
        fast, naive = both(kernel, "softmax", row, None, 10, 16)
        np.testing.assert_allclose(fast, naive, rtol=1e-6, atol=2e-7)
        assert fast.sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("outputs", "inputs", "block", "places"),
    [(128, 784, 32, 1), (10, 128, 16, 1), (33, 5, 32, 1), (1, 1, 4, 1), (64, 288, 1, 9), (128, 98, 144, 49)],
)
def test_weights_come_back_as_they_were(
    kernel: WasmtimeKernel, outputs: int, inputs: int, block: int, places: int
) -> None:
    weights = np.random.default_rng(10).normal(size=(outputs, inputs)).astype(np.float32)
    blocks = -(-outputs // block)
    packed, back = kernel.alloc(4 * blocks * block * inputs), kernel.alloc(weights.nbytes)
    kernel.function("pack_weights")(packed, kernel.put(weights), outputs, inputs, block, places, inputs // places)
    inside = kernel.read(packed, np.float32, (blocks, inputs, block)).transpose(0, 2, 1).reshape(-1, inputs)
    by_place = weights.reshape(outputs, inputs // places, places).transpose(0, 2, 1).reshape(outputs, inputs)
    np.testing.assert_array_equal(inside[:outputs], by_place)
    assert not inside[outputs:].any()
    kernel.function("unpack_weights")(back, packed, outputs, inputs, block, places, inputs // places)
    np.testing.assert_array_equal(kernel.read(back, np.float32, weights.shape), weights)


def test_shuffle_is_a_fair_permutation_fixed_by_its_seed(kernel: WasmtimeKernel) -> None:
    def shuffled(seed: int, count: int = 1000) -> np.ndarray:
        order = kernel.alloc(4 * count)
        kernel.function("number")(order, 5, count)
        kernel.function("shuffle")(order, count, seed)
        return kernel.read(order, np.uint32, count)

    np.testing.assert_array_equal(np.sort(shuffled(1)), np.arange(5, 1005))
    np.testing.assert_array_equal(shuffled(1), shuffled(1))
    assert (shuffled(1) != shuffled(2)).mean() > 0.9
    assert sorted(shuffled(3, 1)) == [5]
    # Where does 5 end up? Over 400 seeds and 4 places, 100 each, give or take five standard deviations.
    places = np.bincount([int(np.flatnonzero(shuffled(seed, 4) == 5)[0]) for seed in range(400)], minlength=4)
    assert (np.abs(places - 100) < 5 * np.sqrt(400 * 0.25 * 0.75)).all()


def test_uniform_numbers_fill_their_range(kernel: WasmtimeKernel) -> None:
    target = kernel.alloc(4 * 10_000)
    kernel.function("fill_uniform")(target, 10_000, 0.5, 3)
    numbers = kernel.read(target, np.float32, 10_000)
    assert -0.5 <= numbers.min() < -0.499
    assert 0.499 < numbers.max() <= 0.5
    assert abs(numbers.mean()) < 5 * 0.29 / 100  # five standard errors
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.05
