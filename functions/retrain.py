"""The Lambda function that retrains, beside the one that answers HTTP.

`jobs.launchers.LambdaLauncher` queues its events.
"""

from typing import Any

import msgspec
from chalice.app import Blueprint

from functions import wiring
from functions.telemetry import logs

blueprint = Blueprint(__name__)
_LAST_SECONDS = 60.0  # of a Lambda's time, for reading the digits before the training and publishing after it


@blueprint.lambda_function(name="retrain")
def retrain(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Run the retraining that the event names, `{"job": "<id>"}`, in the time that Lambda gives it."""
    seconds = context.get_remaining_time_in_millis() / 1000 - _LAST_SECONDS
    with logs.request(context.aws_request_id):
        builtins: dict[str, Any] = msgspec.to_builtins(wiring.service().run_job(event["job"], seconds))
    return builtins
