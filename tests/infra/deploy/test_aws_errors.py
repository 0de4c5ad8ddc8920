"""Errors that boto3's waiters wrap are explained like the others."""

import pytest
from botocore.exceptions import WaiterError

from infra.deploy.aws_errors import DeployError, plain_aws_errors


def test_error_of_aws_that_a_waiter_meets_is_explained() -> None:
    answer = {"Error": {"Code": "ExpiredToken", "Message": "The security token included in the request is expired"}}
    with pytest.raises(DeployError, match="These AWS credentials have expired"), plain_aws_errors():
        raise WaiterError("ChangeSetCreateComplete", "An error occurred (ExpiredToken)", answer)


def test_waiter_that_gives_up_says_what_it_waited_for() -> None:
    with pytest.raises(DeployError, match="ChangeSetCreateComplete failed: Max attempts"), plain_aws_errors():
        raise WaiterError("ChangeSetCreateComplete", "Max attempts exceeded", {"Status": "CREATE_IN_PROGRESS"})
