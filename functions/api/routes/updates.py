"""`/weights/updates`: weight differences that clients have learned from digits that stay with them, averaged."""

from urllib.parse import urlencode

from chalice.app import Blueprint, Response

from functions.api import update_requests
from functions.api.negotiation import etag
from functions.api.requests import Call, handler
from functions.api.responses import JSON, OCTETS, SAFETENSORS, json_answer
from functions.api.routes import ANY, READING
from functions.models.averaging import count_participants
from functions.weights.versions import known

blueprint = Blueprint(__name__)


@blueprint.route("/weights/updates", methods=READING, **ANY)
@handler
def get_updates(call: Call) -> Response:
    """Answer with who learns together: how many clients, and what has come of it."""
    call.accept(JSON)
    model = call.model
    pointer = model.weights.pointer()
    found = pointer.history[0].metadata(model.manifest.model) if pointer.history else model.weights.current()
    body = known(found) | {"participants": count_participants(pointer.contributions)}
    return json_answer(body, headers={"ETag": etag(found.version), "Cache-Control": "no-cache"})


@blueprint.route("/weights/updates", methods=["POST"], **ANY)
@handler
def post_updates(call: Call) -> Response:
    """Average the difference in the body into the current weights."""
    call.require_participant()
    call.content_type(SAFETENSORS, OCTETS)
    model = call.model
    merged = model.average(update_requests.update(call, model.manifest.shapes()))
    version = merged.version
    query = urlencode({"model": version.model, "version": version.version})
    headers = {"ETag": etag(version.version), "Location": f"{call.service.settings.api_prefix}/weights?{query}"}
    body = known(version) | {"weight": merged.weight, "participants": merged.participants}
    return json_answer(body, 200 if merged.weight is None else 201, headers)
