"""What bounds a stack's spending and depends on the account: the Lambdas that can be reserved, and who is told.

The limits of requests are the template's own. `infra.deploy.stack_parameters` gives other parameters their values.
"""

from botocore.exceptions import ClientError

from infra.deploy.account import Account
from infra.deploy.aws_errors import code
from infra.deploy.cloudformation_stack import Json
from infra.output import Say

RESERVED, EMAIL = "ReservedConcurrency", "AlarmEmail"
WANTED = 40  # Lambdas of the API at a time, by default: more than RateLimit needs when they are warm
UNRESERVED = 100  # which AWS leaves unreserved in every account


def reserved_concurrency(
    account: Account, template: Json, chosen: dict[str, str], stack: Json | None, say: Say
) -> dict[str, str]:
    """Return how many Lambdas to reserve for a new stack, if the account has room and nobody has said otherwise.

    A reservation is a limit as well. A new account may have ten Lambdas in all: nothing can be reserved there, and
    ten are the limit. The value of a stack that exists stays.
    """
    if RESERVED in chosen or stack is not None or RESERVED not in template.get("Parameters", {}):
        return {}
    try:
        limits = account.client("lambda").get_account_settings()["AccountLimit"]
    except ClientError as error:
        say(f"NOTICE: how many Lambdas this account may run was not to be learned ({code(error)}): none are reserved")
        return {}
    if limits["UnreservedConcurrentExecutions"] - WANTED >= UNRESERVED:
        say(f"At most {WANTED} Lambdas answer requests at a time; --parameter {RESERVED}=… changes that")
        return {RESERVED: str(WANTED)}
    say(f"This account runs at most {limits['ConcurrentExecutions']} Lambdas at a time: none are reserved")
    return {}


def warn_about_email(values: list[Json], say: Say) -> None:
    """Say that alarms reach nobody, unless there is an address to mail to."""
    given = {entry["ParameterKey"]: entry.get("ParameterValue") for entry in values}
    if EMAIL in given and not given[EMAIL]:
        say(f"NOTICE: alarms reach nobody, and there is no budget: set an address with --parameter {EMAIL}=you@…")
