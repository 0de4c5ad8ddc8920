"""`/jobs`: how far a retraining is."""

import msgspec
from chalice.app import Blueprint, Response

from functions.api.requests import Call, handler
from functions.api.responses import json_answer
from functions.api.routes import ANY, READING

blueprint = Blueprint(__name__)


@blueprint.route("/jobs/{job_id}", methods=READING, **ANY)
@handler
def get_job(call: Call, job_id: str) -> Response:
    """Answer with a job's state."""
    job = call.service.jobs.get(job_id)
    return json_answer({"job": msgspec.to_builtins(job)}, headers={"Cache-Control": "no-store"})
