"""The Lambda function that learns the lessons on the stream, where a stage has one. Kinesis gives it their records.

If it fails, Lambda gives it the same records again, in halves, and in the end sets them aside.
"""

from typing import Any

from chalice.app import Blueprint

from functions import wiring
from functions.lessons.records import read_event
from functions.telemetry import logs

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="learn")
def learn(event: dict[str, Any], context: Any) -> None:
    """Learn a batch of lessons, which are of one shard."""
    with logs.request(context.aws_request_id):
        for shard, records in read_event(event).items():
            wiring.service().learner.learn(shard, records)
