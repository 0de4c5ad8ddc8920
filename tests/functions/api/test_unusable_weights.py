"""A bucket that holds unusable weights, from before they were refused: no protocol answers with infinity or NaN."""

import msgspec
import numpy as np
import pytest

from functions.errors import CorruptDataError
from functions.oip import model_server
from functions.storage.memory import MemoryStore
from functions.weights import safetensors
from tests.support.api import serving

CORNER = [1.0] + [0.0] * 783  # ink on the pixel of the huge weights alone


@pytest.fixture
def poisoned(memory: MemoryStore) -> MemoryStore:
    """Return a store whose current weights of mlp-128 are huge on a pixel without ink."""
    pointer = msgspec.json.decode(memory.get("weights/mlp-128/current.json").body)
    found, metadata = safetensors.decode(memory.get(pointer["key"]).body)
    changed = {name: tensor.copy() for name, tensor in found.items()}
    changed["fc1.weight"][:, 0] = 3e38
    memory.put(pointer["key"], safetensors.encode(changed, metadata))
    return memory


def test_answers_that_are_no_numbers_are_refused_over_http(poisoned: MemoryStore) -> None:
    with serving(poisoned) as api:
        inference = {"inputs": [{"name": "images", "shape": [1, 784], "datatype": "FP32", "data": CORNER}]}
        answers = [
            api("POST", "/predict", body={"tensor": CORNER}),
            api("POST", "/predict", body={"tensors": [[0.0] * 784, CORNER]}),
            api("POST", "/v2/models/mlp-128/infer", body=inference),
        ]
        for answer in answers:
            assert answer.status_code == 503
            assert b"infinity or NaN" in answer.body
            assert b"a rollback" in answer.body
        assert api("POST", "/predict", body={"tensor": [0.0] * 784}).status_code == 200  # this one is a number


def test_answers_that_are_no_numbers_are_refused_to_every_transport(poisoned: MemoryStore) -> None:
    """gRPC calls the same function; `infra.rpc.interceptor` makes DATA_LOSS of the error."""
    images = np.array([CORNER], np.float32)
    with serving(poisoned) as api, pytest.raises(CorruptDataError, match="infinity or NaN"):
        model_server.infer(api.service, "mlp-128", None, images, ["label"])


def test_unusable_weights_cannot_be_taught_but_trained_from_scratch(poisoned: MemoryStore) -> None:
    with serving(poisoned) as api:
        lesson = {"data": [{"target": 1, "image": [0.5] * 784}]}
        refused = api("PATCH", "/weights", body=lesson)
        assert refused.status_code == 422
        assert "the layer of 'fc1.weight'" in refused.json_body["error"]["message"]
        assert api("DELETE", "/weights").status_code == 202
    with serving(poisoned) as api:
        assert api("POST", "/predict", body={"tensor": CORNER}).status_code == 200
