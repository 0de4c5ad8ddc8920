"""Distilling with PyTorch, tried where PyTorch is installed: the networks are Scrawl's, and a small run learns."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="distilling needs PyTorch, which tests do not fetch")

from functions.dataset.block import Block  # noqa: E402
from functions.models.inference import Classifier  # noqa: E402
from functions.models.training import initial_weights  # noqa: E402
from model_export.architectures import ARCHITECTURES, parameter_table  # noqa: E402
from model_export.distillation.distil import distil  # noqa: E402
from model_export.distillation.networks import as_images, parameters_of, scores  # noqa: E402
from model_export.distillation.settings import VARIATION, DistillationSettings  # noqa: E402
from model_export.distillation.variation import Variation  # noqa: E402
from model_export.graphs import inference_graph  # noqa: E402
from tests.model_export.distillation.test_pictures import WRITTEN  # noqa: E402
from tests.support.digits.samples import digit_like  # noqa: E402


@pytest.mark.parametrize("model", ARCHITECTURES)
def test_networks_give_what_the_shipped_graphs_give(model: str) -> None:
    architecture = ARCHITECTURES[model]
    weights = initial_weights(dict(parameter_table(architecture.layers)), 1)
    images, _ = digit_like(8, seed=1)
    ours = torch.log_softmax(
        scores(architecture.layers, parameters_of(weights, "cpu"), torch.tensor(images).reshape(-1, 1, 28, 28)), 1
    )
    theirs = Classifier(inference_graph(architecture, weights), weights).log_probabilities(images)
    np.testing.assert_allclose(ours.detach().numpy(), theirs, atol=1e-5)


def test_varied_images_stay_images_and_without_strength_most_stay_the_same() -> None:
    images = torch.tensor(digit_like(64, seed=2)[0]).reshape(-1, 1, 28, 28)
    vary = Variation(VARIATION, "cpu")
    varied = vary(images, torch.ones(64, 1, 1))
    assert varied.shape == images.shape
    assert (varied.min() >= 0) & (varied.max() <= 1.001)
    same = vary(images, torch.zeros(64, 1, 1))
    assert (same - images).abs().amax((1, 2, 3)).less(1e-3).float().mean() > 0.5  # the others are worn


def test_small_run_gives_weights_that_have_learned() -> None:
    images, labels = digit_like(300, seed=3)
    block = Block(labels.astype(np.uint8), np.rint(images * 255).astype(np.uint8))
    settings = DistillationSettings(
        variants=1, synthetic=20, teachers=1, teacher_steps=1, steps=60, batch=32, processes=1, held_out=1
    )
    lines: list[str] = []
    weights = initial_weights(dict(parameter_table(ARCHITECTURES["conv-32-64"].layers)), 1)
    distilled = distil(block, block, WRITTEN, settings, lines.append, learn_from=[weights])
    assert distilled.weights.keys() == ARCHITECTURES.keys()
    assert distilled.metadata("mlp-128", settings)["training"].startswith("scrawl distil --variants 1")
    assert any(line.startswith("mlp-128 on others' strokes, pen 10%: ") for line in lines)
    assert as_images(torch.tensor(block.pixels[:2])).shape == (2, 1, 28, 28)
