"""The NumPy reference is right: each of its gradients agrees with finite differences of its loss."""

import numpy as np
import pytest

from model_export.architectures import ARCHITECTURES, architecture_named, parameter_table
from tests.support.digits.samples import digit_like, masks_of, weights_with_biases
from tests.support.networks import reference


@pytest.mark.parametrize("model", [*ARCHITECTURES, "mlp-30-20.tanh", "conv-8_20.sigmoid", "conv-8-9_20.gelu.drop40"])
def test_gradients_agree_with_finite_differences(model: str) -> None:
    layers = architecture_named(model).layers
    random = np.random.default_rng(1)
    images, labels = digit_like(2, seed=1)
    shapes = dict(parameter_table(layers))
    weights = {name: value.astype(np.float64) for name, value in weights_with_biases(shapes, 1).items()}
    weights |= masks_of(layers, 2, 1)
    _, _, found = reference.gradients(layers, weights, images, labels)
    for name in shapes:
        largest = np.argsort(-np.abs(found[name]).ravel())[:20]
        place = np.unravel_index(int(random.choice(largest)), shapes[name])
        losses = []
        for step in (1e-5, -1e-5):
            moved = {**weights, name: weights[name].copy()}
            moved[name][place] += step
            losses.append(reference.gradients(layers, moved, images, labels)[0])
        # Central differences in float64 are exact to about 1e-10 here, unless a ReLU or a pool changes sides.
        assert (losses[0] - losses[1]) / 2e-5 == pytest.approx(found[name][place], rel=1e-5, abs=1e-9), name
