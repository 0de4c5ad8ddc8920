"""`POST /predict`: which digit it is."""

import numpy as np
from chalice.app import Blueprint, Response

from functions import payloads
from functions.answers import JSON, json_answer
from functions.http import Call, handler
from functions.routes import ANY

blueprint = Blueprint(__name__)


@blueprint.route("/predict", methods=["POST"], **ANY)
@handler
def post_predict(call: Call) -> Response:
    """Answer with the digit that the current weights see in `{"tensor": [784 numbers in 0..1]}`."""
    call.content_type(JSON)
    call.accept(JSON)
    image = payloads.image(call.json(payloads.PredictBody).tensor, "tensor")
    probabilities, version = call.predictor.predict(image[np.newaxis])
    body = {
        "label": int(probabilities[0].argmax()),
        "probabilities": probabilities[0],
        "model": version.model,
        "version": version.version,
    }
    return json_answer(body)
