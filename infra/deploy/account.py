"""The AWS account and region to deploy to, checked before anything is done. boto3's clients are made here."""

import os
import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import NoCredentialsError

from infra.deploy.aws_errors import DeployError, plain_aws_errors

# In names of stacks, functions and buckets, the longest of which S3 limits to 63 characters.
_STAGE = re.compile(r"[a-z][a-z0-9-]{0,18}[a-z0-9]")
_PARTITIONS = ("aws", "aws-us-gov", "aws-cn")


@dataclass(frozen=True)
class Account:
    """An AWS account that accepts the credentials, and a region."""

    id: str
    region: str
    session: Any = field(repr=False)
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def client(self, service: str) -> Any:
        """Return a client, the same one each time."""
        if service not in self._clients:
            config = Config(retries={"mode": "standard"}, max_pool_connections=32)
            self._clients[service] = self.session.client(service, config=config)
        return self._clients[service]


def sign_in(region: str | None = None, profile: str | None = None) -> Account:
    """Return the account that the environment has credentials for.

    Raises:
        DeployError: when there is no such region, or AWS does not accept the credentials.
    """
    with plain_aws_errors():
        session = boto3.Session(region_name=region or os.environ.get("AWS_REGION") or None, profile_name=profile)
        _check_region(session)
        identity = _sts(session).get_caller_identity()
    return Account(identity["Account"], session.region_name, session)


def require_credentials() -> None:
    """Check that there are credentials for AWS, before something that takes long needs them.

    Raises:
        DeployError: when there are none.
    """
    with plain_aws_errors():
        if boto3.Session().get_credentials() is None:
            raise NoCredentialsError


def check_stage(stage: str) -> str:
    """Return a stage's name if it is valid.

    Raises:
        DeployError: when it is not.
    """
    if not _STAGE.fullmatch(stage):
        raise DeployError(
            f"a stage's name has 2 to 20 of a-z, 0-9 and -, starts with a letter and does not end with -; "
            f"got {stage!r}"
        )
    if stage == "local":
        raise DeployError(
            "the stage 'local' is that of `scrawl serve`, where writes need no token: take another name"
        )
    return stage


def stack_name(stage: str) -> str:
    """Return the name of a stage's stack."""
    return f"scrawl-{stage}"


def _sts(session: Any) -> Any:
    """Return a client for STS, the first of all clients: botocore reads the settings when it makes one."""
    try:
        return session.client("sts")
    except ValueError as error:
        raise DeployError(
            f"AWS is set up wrongly: {error}. Look at the variables AWS_… and at ~/.aws/config: AWS_ENDPOINT_URL, "
            "for one, must be like http://localhost:4566, or not be set."
        ) from error


def _check_region(session: Any) -> None:
    region = session.region_name
    if not region:
        raise DeployError("No AWS region: name one with --region, as in --region eu-central-1, or set AWS_REGION.")
    known = [name for part in _PARTITIONS for name in session.get_available_regions("cloudformation", part)]
    if region not in known:
        near = get_close_matches(region, known, 3) or ["us-east-1", "eu-central-1"]
        raise DeployError(
            f"{region!r} is no region that boto3 knows of; did you mean {' or '.join(near)}? "
            "A very new one needs a newer boto3."
        )
