"""Makes the store ready before the servers start: the bucket, and in it digits, models and first weights.

A second run finds everything there and writes nothing. `infra.dataset.seeding` decides what is stored.
"""

import os
import sys
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from functions import aws
from functions.errors import UnavailableError
from functions.storage.s3 import S3Store
from infra.dataset.seeding import bring_up_to_date
from infra.dataset.sources import DataError, Sources

_ATTEMPTS, _PAUSE = 20, 2.0  # seconds in between: a store may answer before it can do anything


def main() -> None:
    """Prepare the bucket that the environment names."""
    bucket = os.environ.get("SCRAWL_BUCKET")
    if not bucket:
        sys.exit("SCRAWL_BUCKET must be set: the name of the S3 bucket")
    s3 = aws.client("s3")
    try:
        ensure_bucket(s3, bucket)
        bring_up_to_date(S3Store(s3, bucket), Sources.from_environment(), _say)
    except (ClientError, BotoCoreError, UnavailableError, DataError) as error:
        sys.exit(f"The store cannot be prepared: {error}")
    _say(f"The bucket {bucket} is ready")


def ensure_bucket(s3: Any, bucket: str, pause: float = _PAUSE) -> None:
    """Create the bucket unless it exists, as soon as the store can."""
    for attempts_left in reversed(range(_ATTEMPTS)):
        try:
            _ensure(s3, bucket)
            return
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500 or not attempts_left:
                raise
            time.sleep(pause)


def _ensure(s3: Any, bucket: str) -> None:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise
        s3.create_bucket(Bucket=bucket)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
