"""The routes of learning together: weight differences of clients, whose digits stay with them."""

from functions.api import request_types, update_requests
from functions.api import response_types as types
from functions.api.operations.operation import ALWAYS, BINARY, MODEL, PREFER, WRITING, Answer, Operation, Parameter
from functions.api.responses import JSON, OCTETS, SAFETENSORS
from functions.models import averaging
from functions.weights.contributions import REMEMBERED
from functions.weights.versions import ID

_TOKEN = '-H "Authorization: Bearer $SCRAWL_WRITE_TOKEN"'
_TEXT = {"type": "string", "pattern": f"^{update_requests.TEXT}$"}
_SAMPLES = {"type": "integer", "minimum": update_requests.FEWEST_SAMPLES, "maximum": update_requests.MOST_CLAIMED}
_UPDATE = (
    Parameter(
        "base",
        "query",
        "the version that was learned from",
        {"type": "string", "pattern": f"^{ID.pattern}$", "examples": ["20260131T235959999-0123abcd"]},
        required=True,
    ),
    Parameter("samples", "query", "how many digits were learned from", _SAMPLES, required=True),
    Parameter("participant", "query", "a random name of the client, so that clients can be counted", _TEXT),
    Parameter("Idempotency-Key", "header", "whoever sends a request again sends it with the same one", _TEXT),
)
_CODE = '-H "Authorization: Bearer $CODE"'
_ROOM = Parameter("code", "path", "the room's, as in `Authorization`")

OPERATIONS = (
    Operation(
        "GET",
        "/weights/updates",
        "Learning together",
        "How many learn together, and what has come of it",
        "$API/weights/updates",
        {200: Answer("the current version, and how many clients", {JSON: types.LearningAnswer}, ("ETag",))},
        (404, 406, 422, *ALWAYS),
        parameters=(MODEL,),
    ),
    Operation(
        "POST",
        "/weights/updates",
        "Learning together",
        "Average in what was learned elsewhere",
        f"{_TOKEN} -H 'Content-Type: application/vnd.safetensors' --data-binary @difference.safetensors "
        '"$API/weights/updates?base=…&samples=200"',
        {
            201: Answer(
                "the version with it", {JSON: types.UpdateAnswer}, ("ETag", "Location", "Preference-Applied")
            ),
            200: Answer("this request has come before", {JSON: types.UpdateAnswer}, ("ETag", "Location")),
            202: Answer(
                "where there is a stream: the update waits on it",
                {JSON: types.LessonReportAnswer},
                ("Location", "Retry-After", "Preference-Applied"),
            ),
        },
        WRITING,
        "The body is a difference, the client's weights minus those of `base`, as float32, or as int8 with scales as "
        "GET /weights has it. The digits stay with the client. Differences from one base are averaged by their "
        f"samples; each counts for {averaging.MOST_SAMPLES:,} at most, and is shortened where it is longer than "
        f"{averaging.LONGEST:.0%} of the weights' norm. 412: `base` is none of the last {REMEMBERED} versions, or "
        "the weights were replaced since; take the current ones. 422: with it they would read clearly fewer test "
        "digits, as for POST /weights. A server with a stream answers 202 once the update is on it, or 201 if it is "
        "averaged in while the client waits, as `Prefer` says.",
        parameters=(MODEL, *_UPDATE, PREFER),
        body={SAFETENSORS: BINARY, OCTETS: BINARY},
        writes=True,
    ),
    Operation(
        "POST",
        "/rooms",
        "Learning together",
        "Open a room",
        f"{_TOKEN} -H 'Content-Type: application/json' -d '{{\"hours\": 2}}' $API/rooms",
        {201: Answer("its code, and its owner's", {JSON: types.OpenedRoomAnswer}, ("Location",))},
        (400, 401, 403, 404, 413, 415, 422, *ALWAYS),
        "A room has weights of its own, which nobody sees without its code. `Authorization: Bearer <code>` opens it "
        "to GET /weights, their history, and updates; the owner's code also to POST, PATCH and rollback.",
        body={JSON: request_types.RoomBody},
        body_may_be_left_out=True,
        writes=True,
    ),
    Operation(
        "GET",
        "/rooms/{code}",
        "Learning together",
        "How far a room is",
        f"{_CODE} $API/rooms/…",
        {200: Answer("what it learns, until when, and how well it reads", {JSON: types.RoomAnswer})},
        (401, 403, 404, *ALWAYS),
        parameters=(_ROOM,),
        writes=True,
    ),
    Operation(
        "DELETE",
        "/rooms/{code}",
        "Learning together",
        "End a room",
        f"-X DELETE {_CODE} $API/rooms/…",
        {204: Answer("it is gone, with all that was in it")},
        (401, 403, 404, *ALWAYS),
        "With the owner's code.",
        parameters=(_ROOM,),
        writes=True,
    ),
    Operation(
        "POST",
        "/rooms/{code}/reset",
        "Learning together",
        "Start a room over",
        f"-X POST {_CODE} $API/rooms/…/reset",
        {201: Answer("the version that is current now", {JSON: types.VersionAnswer}, ("ETag",))},
        (400, 401, 403, 404, 409, 413, 415, 422, *ALWAYS),
        "With the owner's code. What clients have learned from other weights is refused from then on.",
        parameters=(_ROOM,),
        body={JSON: request_types.ResetBody},
        body_may_be_left_out=True,
        writes=True,
    ),
)
