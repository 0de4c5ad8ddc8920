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
from functions.prediction_warnings import PredictionWarning
from functions.recognition import Guess, recognise

COLD_START = "X-Scrawl-Cold-Start"

blueprint = Blueprint(__name__)


@blueprint.route("/predict", methods=["POST"], **ANY)
@handler
def post_predict(call: Call) -> Response:
    """Answer with the digit, or the digits, that the current weights see in pixels, strokes or an image file."""
    asked = _asked(call)
    call.accept(JSON)
    guesses, weights = recognise(call.predictor, asked.pictures, asked.warnings, from_file=asked.from_file)
    answers = [_answer(guess) for guess in guesses]
    body = {"predictions": answers} if asked.several else answers[0]
    headers = {"Cache-Control": "no-store", COLD_START: str(call.first).lower()}
    return json_answer(body | {"model": weights.model, "version": weights.version}, headers=headers)


class _Asked(NamedTuple):
    """A request's pixels (B, 784), whether it expects several answers, what is wrong with them, whether of a file."""

    pictures: NDArray[np.float32]
    several: bool = False
    warnings: tuple[PredictionWarning, ...] = ()
    from_file: bool = False

    @classmethod
    def about(cls, digit: Digit) -> "_Asked":
        return cls(digit.pixels.reshape(1, PIXELS), False, digit.warnings, digit.from_file)


def _asked(call: Call) -> _Asked:
    media_type, content = call.content_type(JSON, "image/*", FORM), call.body
    if media_type == FORM:
        content = only_file(content, bodies.parameter(call.header("content-type"), "boundary"))
        media_type = bodies.guess(content) or "image/*"
    if media_type != JSON:
        return _Asked.about(image_files.read(content))
    body = read_json(content, request_types.PredictBody)
    digit = request_types.digit(body)
    return _Asked(request_types.pictures(body), bool(body.tensors)) if digit is None else _Asked.about(digit)


def _answer(guess: Guess) -> dict[str, object]:
    answer: dict[str, object] = {"label": guess.label, "probabilities": guess.probabilities}
    return answer | ({"warnings": [asdict(warning) for warning in guess.warnings]} if guess.warnings else {})
