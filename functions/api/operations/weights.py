"""The routes of the shared weights, and of the jobs that retrain them."""

from functions.api import request_types
from functions.api import response_types as types
from functions.api.operations.operation import (
    ALWAYS,
    BINARY,
    IF_MATCH,
    IF_NONE_MATCH,
    MODEL,
    NOT_MODIFIED,
    PREFER,
    WRITING,
    Answer,
    Operation,
    Parameter,
)
from functions.api.responses import JSON, OCTETS, ONNX, SAFETENSORS

_TOKEN = '-H "Authorization: Bearer $SCRAWL_WRITE_TOKEN"'
_PUBLISHED = Answer("the version that is current now", {JSON: types.VersionAnswer}, ("ETag", "Location"))
_RATE = Parameter(
    "learning_rate",
    "query",
    "of the step; a body as JSON may have it inside",
    {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
)
_FORCE = Parameter(
    "force",
    "query",
    "publish them even if they read fewer digits; later ones are compared with these",
    {"type": "boolean", "default": False},
)
_IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "header",
    "names the lesson, where there is a stream, in 1 to 128 visible ASCII characters: of two with one name among "
    "the latest 5,000, one counts",
)
_LIMIT = {"type": "integer", "minimum": 1, "maximum": request_types.MOST_LISTED, "default": request_types.LISTED}

OPERATIONS = (
    Operation(
        "GET",
        "/weights",
        "Weights",
        "The shared weights",
        "-H 'Accept: application/vnd.safetensors' -o weights.safetensors $API/weights",
        {
            200: Answer(
                "the tensors, named and laid out as PyTorch's state_dict, and where they come from",
                {JSON: types.WeightsAnswer, SAFETENSORS: BINARY, OCTETS: BINARY, ONNX: BINARY},
                ("ETag",),
            ),
            304: NOT_MODIFIED,
        },
        (404, 406, 422, *ALWAYS),
        "Octets are safetensors, too. int8 and int6 are in safetensors only: each matrix is int8, with a float32 "
        "`{name}.scale` per row; int6 uses -31 to 31 alone, so that gzip leaves a sixth.",
        parameters=(
            MODEL,
            Parameter("version", "query", "an older version; without it, the current one"),
            Parameter(
                "precision", "query", "of the numbers", {"type": "string", "enum": ["float32", "int8", "int6"]}
            ),
            IF_NONE_MATCH,
        ),
    ),
    Operation(
        "POST",
        "/weights",
        "Weights",
        "Store new weights",
        f"{_TOKEN} -H 'Content-Type: application/vnd.safetensors' --data-binary @weights.safetensors $API/weights",
        {201: _PUBLISHED},
        WRITING,
        "They are measured on 2,000 test digits, and refused (422) when they read more than two in a hundred fewer "
        "than the best ones since the last reset (a rollback, a retraining, or `force`); or when some picture could "
        "make them answer with infinity.",
        parameters=(MODEL, _FORCE, IF_MATCH),
        body={JSON: request_types.WeightsBody, SAFETENSORS: BINARY, OCTETS: BINARY},
        writes=True,
    ),
    Operation(
        "PATCH",
        "/weights",
        "Weights",
        "Take one training step on labelled digits",
        f"-s $API/data | curl -X PATCH {_TOKEN} -H 'Content-Type: application/json' -d @- $API/weights",
        {
            200: Answer(
                "the new version, and how the digits were read before the step",
                {JSON: types.LessonAnswer},
                ("ETag", "Preference-Applied"),
            ),
            202: Answer(
                "where there is a stream: the lesson waits on it",
                {JSON: types.LessonReportAnswer},
                ("Location", "Retry-After", "Preference-Applied"),
            ),
        },
        WRITING,
        "Steps of several clients at once all count. Octets are a block, of up to 4,000 digits. A step after which "
        "the weights read more than two in a hundred fewer digits than the best since the last reset is taken back "
        "at once: `taken_back_by` then names the version that is current, and the history has both. Most steps are "
        "measured on 250 test digits; `accuracy_error` is then the accuracy's standard error. A server "
        "with a stream answers 202 once the lesson is on it, or 200 if it is learned while the client waits, as "
        "`Prefer` says; with `If-Match` it learns at once.",
        parameters=(MODEL, _RATE, IF_MATCH, _IDEMPOTENCY_KEY, PREFER),
        body={JSON: request_types.LessonBody, OCTETS: BINARY},
        writes=True,
    ),
    Operation(
        "GET",
        "/lessons/{lesson_id}",
        "Weights",
        "What became of a lesson",
        '"$API/lessons/0-…?model=mlp-128"',
        {200: Answer("whether it waits, was learned or was refused", {JSON: types.LessonReportAnswer})},
        (404, *ALWAYS),
        "Of lessons and updates on a stream; `Location` of the answer has the address. The latest 5,000 are known.",
        parameters=(Parameter("lesson_id", "path", "as PATCH /weights gave it"), MODEL),
    ),
    Operation(
        "DELETE",
        "/weights",
        "Weights",
        "Forget the weights, and retrain from scratch",
        f"-X DELETE {_TOKEN} $API/weights",
        {
            202: Answer(
                "the job that does it; until it is done the present weights stay",
                {JSON: types.JobAnswer},
                ("Location",),
            )
        },
        (400, 401, 403, 404, 409, 412, 422, *ALWAYS),
        "While one is running, another gets 409 and the running one's address in `Location`.",
        parameters=(MODEL, IF_MATCH),
        writes=True,
    ),
    Operation(
        "GET",
        "/weights/history",
        "Weights",
        "What the weights were",
        '"$API/weights/history?limit=3"',
        {200: Answer("versions, newest first", {JSON: types.HistoryAnswer})},
        (404, 406, 422, *ALWAYS),
        parameters=(
            MODEL,
            Parameter("limit", "query", "how many", _LIMIT),
            Parameter("before", "query", "only versions before this one, which `next` of an answer names"),
        ),
    ),
    Operation(
        "POST",
        "/weights/rollback",
        "Weights",
        "Go back to an older version",
        f"{_TOKEN} -H 'Content-Type: application/json' -d '{{\"version\": \"…\"}}' $API/weights/rollback",
        {201: _PUBLISHED},
        WRITING,
        "The old weights become a new version, whose parent is the present one: nothing is lost.",
        parameters=(MODEL, IF_MATCH),
        body={JSON: request_types.RollbackBody},
        example={"version": "20261120T181502123-9f1c2ab4"},
        writes=True,
    ),
    Operation(
        "GET",
        "/jobs/{job_id}",
        "Jobs",
        "How far a retraining is",
        "$API/jobs/…",
        {200: Answer("its state", {JSON: types.JobAnswer})},
        (404, *ALWAYS),
        parameters=(Parameter("job_id", "path", "as DELETE /weights gave it"),),
    ),
)
