"""Starting a retraining in the Lambda made for it."""

import pytest
from botocore.stub import Stubber

from functions import aws
from functions.errors import UnavailableError
from functions.jobs.launchers import LambdaLauncher


def test_retraining_is_queued_in_the_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    client = aws.client("lambda")
    monkeypatch.setattr(aws, "client", lambda _: client)
    launcher = LambdaLauncher(aws.LambdaFunction("scrawl-prod-retrain").queue)
    with Stubber(client) as stubber:
        expected = {"FunctionName": "scrawl-prod-retrain", "InvocationType": "Event", "Payload": b'{"job":"j-1"}'}
        stubber.add_response("invoke", {"StatusCode": 202}, expected)
        launcher.start("j-1", run=pytest.fail)
        stubber.assert_no_pending_responses()
        stubber.add_client_error("invoke", "TooManyRequestsException")
        with pytest.raises(UnavailableError, match="could not be started"):
            launcher.start("j-1", run=pytest.fail)
