"""`mnist.Mnist`: the digit in a picture or in handwriting, as `POST /predict` recognises it.

It raises the core's errors; `interceptor` turns these into statuses and handles deadlines and logs.
"""

from typing import Any, Protocol

from functions import recognition
from functions.images import image_files, writing
from functions.images.image_files import Digit
from functions.oip.model_server import Models, Servable
from infra.rpc.interceptor import check_not_abandoned
from infra.rpc.protos import mnist_pb2, mnist_pb2_grpc


class Recogniser(Servable, recognition.Recogniser, Protocol):
    """A model as both services need it."""


class Recognisers(Models, Protocol):
    """Where such models are found by name."""

    def predictor(self, name: str) -> Recogniser:
        """Return a model; raise `NotFoundError` naming those there are."""
        ...


class MnistService(mnist_pb2_grpc.MnistServicer):
    """Recognises the digit in an encoded image or in handwriting, with one of the models, as `POST /predict` does."""

    def __init__(self, models: Recognisers, model: str) -> None:
        self._models, self._model = models, model

    def Predict(self, request: mnist_pb2.MnistImage, context: Any) -> mnist_pb2.MnistPrediction:  # noqa: N802 — gRPC's
        """Answer with the digit in an image, and how probable each is."""
        return self._answer(image_files.read(request.data), context)

    def PredictInk(self, request: mnist_pb2.MnistInk, context: Any) -> mnist_pb2.MnistPrediction:  # noqa: N802 — gRPC's
        """Answer with the digit that was written, and how probable each is."""
        writing.check_count(len(stroke.points) for stroke in request.strokes)
        strokes = [[(point.x, point.y) for point in stroke.points] for stroke in request.strokes]
        pen = request.pen if request.HasField("pen") else writing.USUAL
        return self._answer(writing.read(strokes, pen), context)

    def _answer(self, digit: Digit, context: Any) -> mnist_pb2.MnistPrediction:
        check_not_abandoned(context)
        model = self._models.predictor(self._model)
        (guess,), _ = recognition.recognise(
            model, digit.pixels.reshape(1, -1), digit.warnings, from_file=digit.from_file
        )
        warnings = [mnist_pb2.Warning(code=about.code, message=about.message) for about in guess.warnings]
        return mnist_pb2.MnistPrediction(
            label=guess.label, probabilities=guess.probabilities.tolist(), warnings=warnings
        )
