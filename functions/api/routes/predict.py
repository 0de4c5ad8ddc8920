"""`POST /predict`: which digit it is."""

from typing import NamedTuple

import numpy as np
from chalice.app import Blueprint, Response
from msgspec.structs import asdict
from numpy.typing import NDArray

from functions.api import bodies, request_types
from functions.api.multipart import FORM, only_file
from functions.api.requests import Call, handler, read_json
from functions.api.responses import JSON, json_answer
from functions.api.routes import ANY
from functions.dataset.block import PIXELS
from functions.images import image_files
from functions.images.image_files import Digit
from functions.prediction_warnings import PredictionWarning, less_sure

COLD_START = "X-Scrawl-Cold-Start"

blueprint = Blueprint(__name__)


@blueprint.route("/predict", methods=["POST"], **ANY)
@handler
def post_predict(call: Call) -> Response:
    """Answer with the digit, or the digits, that the current weights see in pixels or in an image file."""
    asked = _asked(call)
    call.accept(JSON)
    reading = call.predictor.predict(asked.pictures)
    warnings = [[*asked.warnings, *more] for more in reading.warnings]
    guesses = [_guess(*answer) for answer in zip(reading.probabilities, warnings, strict=True)]
    body = {"predictions": guesses} if asked.several else guesses[0]
    headers = {"Cache-Control": "no-store", COLD_START: str(call.first).lower()}
    weights = {"model": reading.weights.model, "version": reading.weights.version}
    return json_answer(body | weights, headers=headers)


class _Asked(NamedTuple):
    """A request's pixels (B, 784), whether an answer to several is expected, and what is wrong with its picture."""

    pictures: NDArray[np.float32]
    several: bool = False
    warnings: tuple[PredictionWarning, ...] = ()

    @classmethod
    def about(cls, digit: Digit) -> "_Asked":
        return cls(digit.pixels.reshape(1, PIXELS), warnings=digit.warnings)


def _asked(call: Call) -> _Asked:
    media_type, content = call.content_type(JSON, "image/*", FORM), call.body
    if media_type == FORM:
        content = only_file(content, bodies.parameter(call.header("content-type"), "boundary"))
        media_type = bodies.guess(content) or "image/*"
    if media_type != JSON:
        return _Asked.about(image_files.read(content))
    body = read_json(content, request_types.PredictBody)
    if (digit := request_types.picture(body)) is not None:
        return _Asked.about(digit)
    return _Asked(request_types.pictures(body), bool(body.tensors))


def _guess(probabilities: NDArray[np.float32], warnings: list[PredictionWarning]) -> dict[str, object]:
    guess: dict[str, object] = {
        "label": int(probabilities.argmax()),
        "probabilities": less_sure(probabilities, warnings),
    }
    return guess | ({"warnings": [asdict(warning) for warning in warnings]} if warnings else {})
