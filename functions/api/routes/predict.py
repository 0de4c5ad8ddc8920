"""`POST /predict`: which digit it is."""

import numpy as np
from chalice.app import Blueprint, Response
from numpy.typing import NDArray

from functions.api import request_types
from functions.api.requests import Call, handler
from functions.api.responses import JSON, json_answer
from functions.api.routes import ANY
from functions.dataset.block import PIXELS
from functions.images import image_files

COLD_START = "X-Scrawl-Cold-Start"

blueprint = Blueprint(__name__)


@blueprint.route("/predict", methods=["POST"], **ANY)
@handler
def post_predict(call: Call) -> Response:
    """Answer with the digit, or the digits, that the current weights see in pixels or in an image file."""
    pictures, several = _pictures(call)
    call.accept(JSON)
    probabilities, version = call.predictor.predict(pictures)
    guesses = [_guess(row) for row in probabilities]
    body = {"predictions": guesses} if several else guesses[0]
    headers = {"Cache-Control": "no-store", COLD_START: str(call.first).lower()}
    return json_answer(body | {"model": version.model, "version": version.version}, headers=headers)


def _pictures(call: Call) -> tuple[NDArray[np.float32], bool]:
    """Return pixels (B, 784), and whether an answer to several is expected, even if it is one."""
    if call.content_type(JSON, "image/*") == JSON:
        body = call.json(request_types.PredictBody)
        return request_types.pictures(body), bool(body.tensors)
    return image_files.read_digit(call.body).reshape(1, PIXELS), False


def _guess(probabilities: NDArray[np.float32]) -> dict[str, object]:
    return {"label": int(probabilities.argmax()), "probabilities": probabilities}
