import pytest

from infra.deploy.aws_errors import DeployError
from infra.deploy.emulators import check_services
from tests.support.aws.aws_clients import AWS, HERE, Client, account

NOT_ENABLED = "Service 'lambda' is not enabled. Please check your 'SERVICES' configuration variable."


def test_an_emulator_without_a_service_is_refused_before_anything_is_made() -> None:
    with pytest.raises(DeployError, match=r"has no lambda, which the stack needs\. Nothing has been made"):
        check_services(account(**{"lambda": Client(HERE, 501, NOT_ENABLED)}))


def test_a_service_that_answers_otherwise_is_there() -> None:
    check_services(account(logs=Client(HERE, 403, "not allowed")))
    check_services(account(logs=Client(AWS, 501, "not yet implemented")))  # AWS is not asked
