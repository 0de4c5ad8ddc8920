"""Errors that boto3's waiters wrap are explained like the others."""

import pytest
from botocore.exceptions import ClientError, WaiterError

from infra.deploy.aws_errors import DeployError, plain_aws_errors


def test_error_of_aws_that_a_waiter_meets_is_explained() -> None:
    answer = {"Error": {"Code": "ExpiredToken", "Message": "The security token included in the request is expired"}}
    with pytest.raises(DeployError, match="These AWS credentials have expired"), plain_aws_errors():
        raise WaiterError("ChangeSetCreateComplete", "An error occurred (ExpiredToken)", answer)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (501, "API for service 'cloudfront' not yet implemented or pro feature"),
        (501, "Service 'cloudfront' is not enabled. Please check your 'SERVICES' configuration variable."),
        (400, "The create_invalidation action has not been implemented"),
    ],
)
def test_emulator_without_a_service_is_recognised(status: int, said: str) -> None:
    answer = {
        "Error": {"Code": "InternalFailure", "Message": said},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    with pytest.raises(DeployError) as refused, plain_aws_errors():
        raise ClientError(answer, "CreateInvalidation")
    assert "cannot do CreateInvalidation" in str(refused.value)
    assert "AWS_ENDPOINT_URL names an emulator" in str(refused.value)


def test_waiter_that_gives_up_says_what_it_waited_for() -> None:
    with pytest.raises(DeployError, match="ChangeSetCreateComplete failed: Max attempts"), plain_aws_errors():
        raise WaiterError("ChangeSetCreateComplete", "Max attempts exceeded", {"Status": "CREATE_IN_PROGRESS"})
