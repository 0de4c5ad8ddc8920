"""`POST /predict`: which digit it is."""

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
from functions.models.calibration import PredictionWarning

COLD_START = "X-Scrawl-Cold-Start"

blueprint = Blueprint(__name__)


@blueprint.route("/predict", methods=["POST"], **ANY)
@handler
def post_predict(call: Call) -> Response:
    """Answer with the digit, or the digits, that the current weights see in pixels or in an image file."""
    pictures, several = _pictures(call)
    call.accept(JSON)
    reading = call.predictor.predict(pictures)
    guesses = [_guess(*answer) for answer in zip(reading.probabilities, reading.warnings, strict=True)]
    body = {"predictions": guesses} if several else guesses[0]
    headers = {"Cache-Control": "no-store", COLD_START: str(call.first).lower()}
    weights = {"model": reading.weights.model, "version": reading.weights.version}
    return json_answer(body | weights, headers=headers)


def _pictures(call: Call) -> tuple[NDArray[np.float32], bool]:
    """Return pixels (B, 784), and whether an answer to several is expected, even if it is one."""
    media_type, content = call.content_type(JSON, "image/*", FORM), call.body
    if media_type == FORM:
        content = only_file(content, bodies.parameter(call.header("content-type"), "boundary"))
        media_type = bodies.guess(content) or "image/*"
    if media_type == JSON:
        body = read_json(content, request_types.PredictBody)
        return request_types.pictures(body), bool(body.tensors)
    return image_files.read_digit(content).reshape(1, PIXELS), False


def _guess(probabilities: NDArray[np.float32], warnings: list[PredictionWarning]) -> dict[str, object]:
    guess: dict[str, object] = {"label": int(probabilities.argmax()), "probabilities": probabilities}
    return guess | ({"warnings": [asdict(warning) for warning in warnings]} if warnings else {})
