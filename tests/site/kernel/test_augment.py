"""Varied pictures: the kernel's against its twin, the twin against SciPy; what they depend on."""

import numpy as np
import pytest

from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import NETWORKS, as_bytes, build, digits, order_of, stored, weights_for

# Coordinates and weights have 8 bits after the binary point: up to 1/256 of the difference of neighbours is lost in
# each direction, and a rounding.
LEVELS = 3


def augmented(kernel: WasmtimeKernel, images: np.ndarray, seed: int, name: str = "augment") -> np.ndarray:
    target, count = kernel.alloc(images.size), len(images)
    kernel.function(name)(target, kernel.put(images), 0, 0, count, seed)
    return kernel.read(target, np.uint8, (count, 784)).astype(int)


def views(kernel: WasmtimeKernel, count: int, seed: int) -> np.ndarray:
    address = kernel.alloc(24)
    return np.array(
        [
            (kernel.function("naive_view")(address, seed, place), kernel.read_floats(address, 6))[1]
            for place in range(count)
        ]
    )


def test_pictures_are_varied_as_the_twin_does(kernel: WasmtimeKernel) -> None:
    images = digits(300)[0]
    fast, naive = augmented(kernel, images, 7), augmented(kernel, images, 7, "naive_augment")
    assert np.abs(fast - naive).max() <= LEVELS
    assert (fast != images).mean() > 0.1


def test_twin_shows_the_points_that_the_view_says(kernel: WasmtimeKernel) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    images = digits(20)[0]
    naive = augmented(kernel, images, 3, "naive_augment")
    row, column = np.mgrid[:28, :28]
    for picture, image, (x0, xx, xy, y0, yx, yy) in zip(naive, images, views(kernel, 20, 3), strict=True):
        points = [y0 + column * yx + row * yy, x0 + column * xx + row * xy]
        padded = np.pad(image.reshape(28, 28).astype(float), 10)
        expected = ndimage.map_coordinates(padded, [p + 10 for p in points], order=1)
        assert np.abs(picture.reshape(28, 28) - expected).max() <= 0.51


def test_views_are_small_changes_around_the_centre(kernel: WasmtimeKernel) -> None:
    found = views(kernel, 2000, 1).astype(float)
    xx, xy, yx, yy = found[:, [1, 2, 4, 5]].T
    scale, angle = np.hypot(xx, yx), np.arctan2(yx, xx)
    np.testing.assert_allclose([xy, yy], [-yx, xx], atol=1e-6)  # turned and scaled, not sheared
    centre = 13.5
    shifts = [found[:, 0] + centre * (xx + xy) - centre, found[:, 3] + centre * (yx + yy) - centre]
    for values, limit in ((scale - 1, 0.1), (angle, 0.18), *((shift, 2.0) for shift in shifts)):
        assert np.abs(values).max() <= limit * 1.001
        assert np.abs(values).max() > limit * 0.98
        assert np.std(values) == pytest.approx(limit / np.sqrt(3), rel=0.05)  # evenly spread
        assert abs(values.mean()) < limit / 20


def test_seed_and_place_decide_what_is_seen(kernel: WasmtimeKernel) -> None:
    images = np.repeat(digits(1, seed=9)[0] + np.eye(1, 784, 400, dtype=np.uint8) * 200, 50, 0)
    images[:, 300:330] = 250
    one = augmented(kernel, images, 1)
    np.testing.assert_array_equal(one, augmented(kernel, images, 1))
    assert len(np.unique(one, axis=0)) == 50  # each place sees the same picture differently
    assert (augmented(kernel, images, 2) != one).any(1).all()


def test_blank_pictures_stay_blank_and_full_ones_keep_their_middle(kernel: WasmtimeKernel) -> None:
    assert not augmented(kernel, np.zeros((40, 784), np.uint8), 5).any()
    full = augmented(kernel, np.full((40, 784), 255, np.uint8), 5).reshape(40, 28, 28)
    assert (full[:, 8:20, 8:20] == 255).all()


@pytest.mark.parametrize("model", ["mlp-128", "conv-32-64"])
def test_training_on_varied_pictures_is_training_on_what_augment_makes(kernel: WasmtimeKernel, model: str) -> None:
    layers, (pixels, labels) = NETWORKS[model], digits(30)
    samples = stored(kernel, pixels, labels)
    samples.shuffle([(0, 30)], 4)
    order, target = order_of(kernel, samples), kernel.alloc(12 * 784)
    kernel.function("augment")(target, samples.images, samples.order, 5, 12, 77)
    varied = stored(kernel, kernel.read(target, np.uint8, (12, 784)), labels[order[5:17]])
    kernel.function("number")(varied.order, 0, 12)
    varied.count = 12
    results = []
    for digits_, first, augment in ((samples, 5, True), (varied, 0, False)):
        network = build(kernel, layers, 12)
        network.load(weights_for(layers))
        sums = network.train_step(digits_, first, 12, 0.1, seed=77, augment=augment)
        results.append((sums, as_bytes(network.export())))
    assert results[0] == results[1]
    assert samples.count == 30
