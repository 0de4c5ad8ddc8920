"""`/rooms`: a class's own weights, which a code opens: open one, look at it, start it over, end it."""

from chalice.app import Blueprint, Response

from functions.api.negotiation import etag
from functions.api.request_types import ResetBody, RoomBody, check_hours
from functions.api.requests import Call, handler, read_json
from functions.api.responses import JSON, json_answer
from functions.api.routes import ANY, READING
from functions.models.averaging import count_participants
from functions.rooms.rooms import Room
from functions.weights.versions import known

_UNSTORED: dict[str, str | list[str]] = {"Cache-Control": "no-store"}

blueprint = Blueprint(__name__)


@blueprint.route("/rooms", methods=["POST"], **ANY)
@handler
def post_rooms(call: Call) -> Response:
    """Open a room; the answer has its code, and that of its owner."""
    call.require_token()
    call.content_type(JSON)
    body = read_json(call.body or b"{}", RoomBody)
    model = call.service.model(body.model)
    room, code = call.service.open_room(model, check_hours(body.hours), new=body.start == "new")
    headers = _UNSTORED | {"Location": f"{call.service.settings.api_prefix}/rooms/{code.joining}"}
    answer = {"room": _known(call, room), "code": code.joining, "owner_code": str(code)}
    return json_answer(answer, 201, headers)


@blueprint.route("/rooms/{code}", methods=READING, **ANY)
@handler
def get_room(call: Call, code: str) -> Response:
    """Answer with how far a room is, for those who have its code."""
    return json_answer({"room": _known(call, call.room_named(code))}, headers=_UNSTORED)


@blueprint.route("/rooms/{code}", methods=["DELETE"], **ANY)
@handler
def delete_room(call: Call, code: str) -> Response:
    """End a room: nothing of it is left."""
    room = call.room_named(code)
    call.require_owner(room)
    call.service.rooms.end(room)
    return Response("", _UNSTORED, 204)


@blueprint.route("/rooms/{code}/reset", methods=["POST"], **ANY)
@handler
def post_room_reset(call: Call, code: str) -> Response:
    """Give a room the weights again that it started with, or new ones."""
    room = call.room_named(code)
    call.require_owner(room)
    call.content_type(JSON)
    body = read_json(call.body or b"{}", ResetBody)
    version = call.service.reset_room(room, new=body.start == "new")
    return json_answer(known(version), 201, _UNSTORED | {"ETag": etag(version.version)})


def _known(call: Call, room: Room) -> dict[str, object]:
    pointer = call.service.room_model(room).weights.pointer()
    current = pointer.history[0]
    return {
        "model": room.model,
        "created_at": room.created_at,
        "expires_at": room.expires_at,
        "version": current.version,
        "accuracy": current.accuracy,
        "participants": count_participants(pointer.contributions),
    }
