"""Whether a server can serve: all models at first, then a few at each question."""

from types import SimpleNamespace
from typing import Any

import pytest

from functions.errors import CorruptDataError, UnavailableError
from functions.jobs.launchers import ThreadLauncher
from functions.oip.readiness import Readiness
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore


def test_empty_store_is_not_ready() -> None:
    with pytest.raises(UnavailableError, match="there is no model yet"):
        Service(Settings("none"), MemoryStore(), ThreadLauncher()).readiness.check()


def test_model_without_weights_is_not_ready(memory: MemoryStore) -> None:
    memory.delete("weights/conv-32-64/current.json")
    with pytest.raises(UnavailableError, match="no weights of 'conv-32-64'"):
        Service(Settings("none"), memory, ThreadLauncher()).readiness.check()


def test_model_with_a_damaged_graph_is_not_ready(memory: MemoryStore) -> None:
    memory.put("models/conv-32-64/inference.onnx", b"damaged")
    with pytest.raises(CorruptDataError, match=r"models/conv-32-64/inference.onnx is damaged"):
        Service(Settings("none"), memory, ThreadLauncher()).readiness.check()


class ManyModels:
    """A hundred models, which count how often they are looked at, and of which some may be damaged."""

    def __init__(self) -> None:
        self.looked_at: list[str] = []
        self.damaged: set[str] = set()

    def model_names(self) -> list[str]:
        return [f"model-{number}" for number in range(100)]

    def predictor(self, name: str) -> Any:
        def serving() -> None:
            self.looked_at.append(name)
            if name in self.damaged:
                raise CorruptDataError(name)

        return SimpleNamespace(serving=serving, reader=lambda _version: None)


def test_many_models_are_looked_at_once_and_then_in_turns() -> None:
    models = ManyModels()
    readiness = Readiness(models)
    readiness.check()
    assert sorted(models.looked_at) == sorted(models.model_names())
    models.looked_at.clear()
    for _ in range(25):
        readiness.check()
    assert sorted(models.looked_at) == sorted(models.model_names())


def test_model_found_damaged_is_looked_at_until_it_is_not() -> None:
    models = ManyModels()
    readiness = Readiness(models)
    readiness.check()
    models.damaged = {"model-0"}
    for _ in range(2):
        with pytest.raises(CorruptDataError, match="model-0"):
            readiness.check()
    models.damaged = set()
    readiness.check()


def test_question_about_an_older_version_says_nothing_of_the_model() -> None:
    models = ManyModels()
    readiness = Readiness(models)
    readiness.check()
    models.looked_at.clear()
    readiness.check_model("model-99", "1")
    readiness.check()
    assert "model-99" not in models.looked_at  # it is still known to be ready, and not due yet
