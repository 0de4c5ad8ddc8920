"""`/jobs`: how far a retraining is; and the Lambda that does the work."""

from typing import Any

import msgspec
from chalice.app import Blueprint, Response

from functions import wiring
from functions.answers import json_answer
from functions.http import Call, handler
from functions.routes import ANY

blueprint = Blueprint(__name__)


@blueprint.route("/jobs/{job_id}", methods=["GET"], **ANY)
@handler
def get_job(call: Call, job_id: str) -> Response:
    """Answer with a job's state."""
    job = call.service.jobs.get(job_id)
    return json_answer({"job": msgspec.to_builtins(job)}, headers={"Cache-Control": "no-store"})


@blueprint.lambda_function(name="retrain")
def retrain(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Run the retraining that the event names: `{"job": "<id>"}`."""
    builtins: dict[str, Any] = msgspec.to_builtins(wiring.service().run_job(event["job"]))
    return builtins
