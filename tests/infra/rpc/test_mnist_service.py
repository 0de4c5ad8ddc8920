"""`mnist.Mnist` answers as `POST /predict` does: to pictures and to handwriting, with the same warnings."""

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from functions.models.calibration import Calibration, Reading
from functions.weights.versions import Identity
from infra.rpc.fixed_weights import FixedWeightsModel
from infra.rpc.mnist_service import MnistService
from infra.rpc.protos import mnist_pb2
from model_export import pretrained
from tests.support.api import Api
from tests.support.digits.handwriting import DIGITS
from tests.support.digits.written_digits import WRITING, Written

MODEL = "mlp-128-64"


class Waiting:
    """The context of a call whose client waits as long as it takes."""

    def time_remaining(self) -> None:
        return None

    def is_active(self) -> bool:
        return True


@pytest.fixture
def service(api: Api) -> MnistService:
    return MnistService(api.service, MODEL)


def ink(strokes: Written, pen: float | None = None) -> mnist_pb2.MnistInk:
    made = [mnist_pb2.Stroke(points=[mnist_pb2.Point(x=x, y=y) for x, y in stroke]) for stroke in strokes]
    return mnist_pb2.MnistInk(strokes=made, pen=pen)


def same(answer: mnist_pb2.MnistPrediction, rest: Any) -> None:
    assert answer.label == rest["label"]
    np.testing.assert_array_equal(np.float32(answer.probabilities), np.float32(rest["probabilities"]))
    warnings = [{"code": warning.code, "message": warning.message} for warning in answer.warnings]
    assert warnings == rest.get("warnings", [])


@pytest.mark.parametrize(("strokes", "pen"), WRITING.values(), ids=WRITING)
def test_handwriting_gets_the_same_answer_over_rest_and_grpc(
    api: Api, service: MnistService, strokes: Written, pen: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures: list[NDArray[np.float32]] = []
    model = api.service.predictor(MODEL)
    predict = model.predict

    def watched(images: NDArray[np.float32]) -> Reading:
        pictures.append(images)
        return predict(images)

    monkeypatch.setattr(model, "predict", watched)
    rest = api("POST", f"/predict?model={MODEL}", body={"strokes": strokes, "pen": pen}).json_body
    same(service.PredictInk(ink(strokes, pen), Waiting()), rest)
    over_rest, over_grpc = pictures
    np.testing.assert_array_equal(over_rest, over_grpc)


def test_pen_may_be_missing(service: MnistService) -> None:
    assert service.PredictInk(ink(DIGITS[3]), Waiting()) == service.PredictInk(ink(DIGITS[3], 0.1), Waiting())


def test_picture_gets_the_same_warnings_over_rest_and_grpc(api: Api, service: MnistService) -> None:
    cut = np.full((60, 60), 255, np.uint8)
    cut[:40, 28:34] = 0
    file = io.BytesIO()
    Image.fromarray(cut).save(file, "PNG")
    headers = {"Content-Type": "image/png"}
    rest = api("POST", f"/predict?model={MODEL}", body=file.getvalue(), headers=headers).json_body
    assert rest["warnings"][0]["code"] == "touches_edge"
    same(service.Predict(mnist_pb2.MnistImage(data=file.getvalue()), Waiting()), rest)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"temperature": "1.5", "least_contrast": "0.2"}, Calibration(1.5, 0.2)),
        ({"temperature": "1.5"}, Calibration()),
        ({"temperature": "nan", "least_contrast": "0.2"}, Calibration()),
        ({"temperature": "hot", "least_contrast": "0.2"}, Calibration()),
        ({}, Calibration()),
    ],
)
def test_weights_from_a_file_are_as_sure_as_the_file_says(said: dict[str, str], expected: Calibration) -> None:
    weights, _ = pretrained.load(MODEL)
    model = FixedWeightsModel(MODEL, weights, said)
    images = np.random.default_rng(0).random((3, 784), np.float32)
    identity, score = model.reader()
    found, wanted = model.predict(images), Reading.of(score(images), images, identity, expected)
    np.testing.assert_array_equal(found.probabilities, wanted.probabilities)
    assert found.warnings == wanted.warnings
    assert isinstance(found.weights, Identity)
