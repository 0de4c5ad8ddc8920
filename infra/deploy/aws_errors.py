"""Errors of AWS and of boto3 in plain words, each with what to do about it."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError, WaiterError
from botocore.parsers import ResponseParserError

_SIGN_IN = (
    "Sign in with `aws sso login` or `aws configure`, or set AWS_PROFILE, "
    "or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
)
_AGAIN = "What was sent stays and is not sent again: run the same command again."
_WRONG_KEY = {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"}
_WRONG_SECRET = {"SignatureDoesNotMatch", "InvalidSignatureException"}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_NOT_THERE = ("not yet implemented", "not been implemented", "not enabled", "not included in your")
_FORBIDDEN = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}
_SIGNED_OUT = (
    exceptions.SSOError,
    exceptions.LoginError,
    exceptions.TokenRetrievalError,
    exceptions.NoAuthTokenError,
    exceptions.CredentialRetrievalError,
)
_INCOMPLETE = (exceptions.NoCredentialsError, exceptions.PartialCredentialsError)
_UNREACHED = (exceptions.EndpointConnectionError, exceptions.ConnectTimeoutError, exceptions.ProxyConnectionError)


class DeployError(RuntimeError):
    """A step cannot be done; the message says why and what to do."""


@contextmanager
def plain_aws_errors() -> Iterator[None]:
    """Turn the errors of boto3 into `DeployError`."""
    try:
        yield
    except ClientError as error:
        raise DeployError(_of_aws(error)) from error
    except WaiterError as error:
        answer = error.last_response
        if "Error" in answer:  # a ClientError that the waiter has met
            raise DeployError(_of_aws(ClientError(answer, error.kwargs["name"]))) from error
        raise DeployError(_of_library(error)) from error
    except BotoCoreError as error:
        raise DeployError(_of_library(error)) from error
    except ResponseParserError as error:
        raise DeployError(
            f"What answered is not AWS: is a proxy in between, or AWS_ENDPOINT_URL set? {error}"
        ) from error


def code(error: ClientError) -> str:
    """Return AWS's short name of an error."""
    return str(error.response.get("Error", {}).get("Code", "?"))


def message(error: ClientError) -> str:
    """Return AWS's sentence about an error."""
    return str(error.response.get("Error", {}).get("Message", error)).strip()


def is_missing(error: ClientError) -> bool:
    """Return whether an emulator says that it has no such service, or only a part of it. AWS never does."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status == 501 or any(text in message(error).lower() for text in _NOT_THERE)


def _of_aws(error: ClientError) -> str:
    name, said = code(error), message(error)
    if name in _WRONG_KEY:
        return f"AWS does not know these credentials ({said}): the key is mistyped, or was removed. {_SIGN_IN}"
    if name in _WRONG_SECRET:
        return f"AWS refuses these credentials: the secret key does not belong to the key's id. {_SIGN_IN}"
    if name in _EXPIRED:
        return f"These AWS credentials have expired. {_SIGN_IN}"
    if is_missing(error):
        return (
            f"What answers for AWS cannot do {error.operation_name} ({said}): AWS_ENDPOINT_URL names an emulator "
            "without that service? Unset it to reach AWS, or start the emulator with the service."
        )
    if name in _FORBIDDEN:
        return (
            f"These credentials may not do {error.operation_name}: {said}. "
            "docs/deploy.md lists what they need; `aws sts get-caller-identity` says whose they are."
        )
    return f"AWS refused {error.operation_name}: {said} ({name})"


def _of_library(error: BotoCoreError) -> str:
    if isinstance(error, _INCOMPLETE):
        return f"No AWS credentials: {error}. {_SIGN_IN}"
    if isinstance(error, _SIGNED_OUT):
        return f"The AWS sign-in is not valid: {error}. {_SIGN_IN}"
    if isinstance(error, exceptions.ProfileNotFound):
        return (
            f"{error}: AWS_PROFILE names a profile that ~/.aws/config has not; `aws configure list-profiles` lists."
        )
    if isinstance(error, exceptions.NoRegionError):
        return "No AWS region: name one with --region, as in --region eu-central-1, or set AWS_REGION."
    if isinstance(error, _UNREACHED):
        return f"AWS cannot be reached: {error}. Is there a network, and is the region right? {_AGAIN}"
    if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError):
        return f"The connection to AWS broke off: {error}. {_AGAIN}"
    return f"boto3 failed: {error}"
