"""`/jobs`: how far a retraining is; and the Lambda that does the work."""

from typing import Any

import msgspec
from chalice.app import Blueprint, Response

from functions import wiring
from functions.api.requests import Call, handler
from functions.api.responses import json_answer
from functions.api.routes import ANY
from functions.telemetry import logs

blueprint = Blueprint(__name__)
_LAST_SECONDS = 60.0  # of a Lambda's time, for reading the digits before the training and publishing after it


@blueprint.route("/jobs/{job_id}", methods=["GET"], **ANY)
@handler
def get_job(call: Call, job_id: str) -> Response:
    """Answer with a job's state."""
    job = call.service.jobs.get(job_id)
    return json_answer({"job": msgspec.to_builtins(job)}, headers={"Cache-Control": "no-store"})


@blueprint.lambda_function(name="retrain")
def retrain(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Run the retraining that the event names, `{"job": "<id>"}`, in the time that Lambda gives it."""
    seconds = context.get_remaining_time_in_millis() / 1000 - _LAST_SECONDS
    with logs.request(context.aws_request_id):
        builtins: dict[str, Any] = msgspec.to_builtins(wiring.service().run_job(event["job"], seconds))
    return builtins
