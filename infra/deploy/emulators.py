"""Emulators of AWS: found out before anything is made whether one has what the stack consists of.

CloudFormation would else say so only in the middle of making the stack. CloudFront is not asked for: deploying does
without it (`infra.deploy.addresses`).
"""

from botocore.exceptions import ClientError

from infra.deploy.account import Account
from infra.deploy.aws_errors import DeployError, is_missing

_ASKED = {
    "apigateway": "get_rest_apis",
    "iam": "list_roles",
    "lambda": "list_functions",
    "logs": "describe_log_groups",
}


def check_services(account: Account) -> None:
    """Ask each service that the stack cannot do without.

    Raises:
        DeployError: naming those that whatever answers for AWS does not have.
    """
    missing = [service for service, question in _ASKED.items() if not _has(account, service, question)]
    if missing:
        raise DeployError(
            f"What answers for AWS has no {', '.join(missing)}, which the stack needs. Nothing has been made. "
            "Unset AWS_ENDPOINT_URL to reach AWS, or start the emulator with these services."
        )


def _has(account: Account, service: str, question: str) -> bool:
    client = account.client(service)
    if client.meta.endpoint_url.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return True  # AWS has them all, and these credentials may not be allowed to ask
    try:
        getattr(client, question)()
    except ClientError as error:
        return not is_missing(error)
    return True
