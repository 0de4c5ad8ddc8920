"""AWS clients: the only place that makes them. Region, credentials and endpoint come from the environment.

They are botocore's: boto3 would add what nobody uses here to a cold start. What the clients' errors mean is decided
by their users, `storage.s3`, `lessons.kinesis` and `LambdaFunction`.
"""

import gzip
from functools import cached_property
from pathlib import Path
from typing import Any

import botocore.session
import orjson
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import JSONFileLoader, Loader

from functions.errors import UnavailableError

# All attempts together stay below API Gateway's 29 s.
_CONFIG = {
    "connect_timeout": 2,
    "read_timeout": 6,
    "retries": {"mode": "standard", "total_max_attempts": 3},
    "max_pool_connections": 32,
}


def client(service: str) -> Any:
    """Return a client for `s3`, `lambda` or `kinesis`. Making one takes tens of milliseconds."""
    session = botocore.session.get_session()
    session.register_component("data_loader", _Loader())
    return session.create_client(service, config=Config(**_CONFIG))


class _Loader(Loader):  # type: ignore[misc]  # botocore has no types
    """Finds botocore's descriptions of the services used here.

    Botocore's own looks through hundreds of folders, and parses with the standard library: half of a client's making.
    """

    def list_available_services(self, _type_name: str) -> list[str]:
        return ["kinesis", "lambda", "s3"]

    class FILE_LOADER_CLASS(JSONFileLoader):  # type: ignore[misc]  # noqa: N801 — the name is botocore's
        """Reads one file."""

        def load_file(self, file_path: str) -> Any:
            for ending, opened in ((".json", open), (".json.gz", gzip.open)):
                if Path(file_path + ending).is_file():
                    with opened(file_path + ending, "rb") as file:
                        return orjson.loads(file.read())
            return None


class LambdaFunction:
    """A Lambda function by name. Its client is made at the first use."""

    def __init__(self, name: str) -> None:
        self._name = name

    def queue(self, event: bytes) -> None:
        """Queue an event for the function; return before it runs.

        Raises:
            UnavailableError: when AWS does not take the event.
        """
        try:
            self._client.invoke(FunctionName=self._name, InvocationType="Event", Payload=event)
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"the retraining could not be started: {error}") from error

    @cached_property
    def _client(self) -> Any:
        return client("lambda")
