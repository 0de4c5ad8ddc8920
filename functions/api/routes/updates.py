"""`/weights/updates`: weight differences that clients have learned from digits that stay with them, averaged."""

from collections.abc import Mapping
from urllib.parse import urlencode

from chalice.app import Blueprint, Response

from functions.api import update_requests
from functions.api.negotiation import etag
from functions.api.requests import Call, handler
from functions.api.responses import JSON, OCTETS, SAFETENSORS, json_answer
from functions.api.routes import ANY, READING, lessons
from functions.lessons.inbox import Inbox, LessonReport
from functions.models.averaging import Update, count_participants
from functions.models.model import Model
from functions.weights.versions import Metadata, known

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
    """Average the difference in the body into the current weights: at once, or later where there is a stream."""
    call.require_participant()
    call.content_type(SAFETENSORS, OCTETS)
    model, inbox = call.model, call.service.inbox
    update = update_requests.update(call, model.manifest.shapes())
    merged = model.average(update) if inbox is None else model.known_update(update)
    if merged is None and inbox is not None:
        return _hand_in(call, inbox, model, update)
    assert merged is not None
    return _answer(call, merged.version, merged.weight, merged.participants)


def _hand_in(call: Call, inbox: Inbox, model: Model, update: Update) -> Response:
    """Put an update on the stream; answer 202, or as without a stream if it is averaged in in time."""
    room = "" if call.room is None else call.room.name
    lesson_id = inbox.hand_in_update(model, update, call.body, room)

    def learned(model: Model, report: LessonReport, applied: dict[str, str]) -> Response:
        version, pointer = model.weights.provenance(str(report.version)), model.weights.pointer()
        return _answer(call, version, report.weight, count_participants(pointer.contributions), applied)

    return lessons.outcome(call, inbox, model, lesson_id, learned)


def _answer(
    call: Call, version: Metadata, weight: float | None, participants: int, applied: Mapping[str, str] = {}
) -> Response:
    query = urlencode({"model": version.model, "version": version.version})
    location = f"{call.service.settings.api_prefix}/weights?{query}"
    headers = {"ETag": etag(version.version), "Location": location, **applied}
    body = known(version) | {"weight": weight, "participants": participants}
    return json_answer(body, 200 if weight is None else 201, headers)
