"""A network that is shared by its name does what the shipped ones do, dots and underscores in its name or not."""

import numpy as np
import pytest

from functions.dataset.shards import Digits
from functions.jobs.launchers import ThreadLauncher
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from infra.dataset.seeding import seed


@pytest.mark.parametrize("name", ["mlp-30-20.tanh.drop20", "conv-8_10.gelu"])
def test_network_reads_learns_is_retrained_and_goes_back(memory: MemoryStore, name: str) -> None:
    seed(memory, None, [name])
    service = Service(Settings("bucket", batch_size=8), memory, ThreadLauncher())
    assert name in service.model_names()
    model = service.model(name)
    digits = Digits.of(service.dataset.sample("train", 16, np.random.default_rng(0)))
    first = model.weights.current().version
    assert model.predict(digits.images).probabilities.shape == (16, 10)
    model.train_step(digits, 0.01)
    job = service.run_job(service.jobs.start(name, 2, None).id)
    assert (job.state, job.error) == ("done", None)
    assert model.roll_back(first).restores == first
