"""`/lessons`: what became of a lesson that went through the stream; and the PATCH that hands one in."""

from collections.abc import Callable
from urllib.parse import urlencode

import msgspec
from chalice.app import Blueprint, Response

from functions.api.negotiation import etag, preferred_wait
from functions.api.requests import Call, handler
from functions.api.responses import json_answer
from functions.api.routes import ANY, READING
from functions.dataset.shards import Digits
from functions.errors import InvalidValueError, NotFoundError
from functions.lessons.inbox import Inbox, LessonReport
from functions.lessons.lesson import LessonId, key_of, parse_id
from functions.models.model import Model
from functions.weights.versions import known

type Learned = Callable[[Model, LessonReport, dict[str, str]], Response]

blueprint = Blueprint(__name__)


@blueprint.route("/lessons/{lesson_id}", methods=READING, **ANY)
@handler
def get_lesson(call: Call, lesson_id: str) -> Response:
    """Answer with what became of a lesson."""
    asked = parse_id(lesson_id)
    if call.service.inbox is None:
        raise NotFoundError("this server has no stream of lessons: a PATCH is answered once it is learned")
    report = call.service.inbox.report(call.model, asked)
    return json_answer({"lesson": msgspec.to_builtins(report)}, headers={"Cache-Control": "no-store"})


def hand_in(call: Call, inbox: Inbox, digits: Digits, learning_rate: float) -> Response:
    """Put a PATCH's lesson on the stream; answer 202, or as a PATCH without a stream if it is learned in time."""
    model = call.model
    lesson_id = inbox.hand_in(model, digits, learning_rate, key_of(call.header("idempotency-key")))
    return outcome(call, inbox, model, lesson_id, _learned)


def outcome(call: Call, inbox: Inbox, model: Model, lesson_id: LessonId, learned: Learned) -> Response:
    """Answer for a lesson that has been handed in: 202, or what `learned` makes of it if it is learned in time."""
    seconds = preferred_wait(call.header("prefer") or "")
    report = inbox.wait(model, lesson_id, seconds)
    applied = {"Preference-Applied": f"wait={seconds}"} if seconds else {}
    if report.state == "refused":
        raise InvalidValueError(str(report.reason))
    if report.state == "learned":
        return learned(model, report, applied)
    query = urlencode({"model": report.model})
    location = f"{call.service.settings.api_prefix}/lessons/{lesson_id}?{query}"
    return json_answer(
        {"lesson": msgspec.to_builtins(report)}, 202, {"Location": location, "Retry-After": "1"} | applied
    )


def _learned(model: Model, report: LessonReport, applied: dict[str, str]) -> Response:
    version = model.weights.provenance(str(report.version))
    batch = {"batch_loss": report.batch_loss, "batch_accuracy": report.batch_accuracy}
    body = known(version) | batch | {"taken_back_by": None}
    return json_answer(body, 200, {"ETag": etag(version.version)} | applied)
