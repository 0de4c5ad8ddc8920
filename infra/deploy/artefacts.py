"""The bucket that CloudFormation reads packages and templates from.

An artefact's key is a hash of its content, and S3 stores a file whole or not at all: whatever is there is complete,
and is not sent again. `infra.deploy.checked_package` checks what is in a package.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy import buckets
from infra.deploy.account import Account
from infra.deploy.aws_errors import code

KEPT = 10  # artefacts of each kind: how many releases one can go back
_OPTION = "--artefact-bucket"


@dataclass(frozen=True)
class Artefacts:
    """One stage's part of the bucket."""

    account: Account
    bucket: str
    stage: str

    @classmethod
    def of(cls, account: Account, stage: str, bucket: str | None) -> "Artefacts":
        """Return the named bucket, or the one that every stage of an account and region shares."""
        return cls(account, bucket or f"scrawl-artefacts-{account.id}-{account.region}", stage)

    def exists(self) -> bool:
        """Say whether the bucket is there.

        Raises:
            DeployError: when it is, in another account or region.
        """
        return buckets.exists(self.account, self.bucket, _OPTION)

    def create(self) -> bool:
        """Create the bucket unless it exists, and make it private in any case; return whether it was created."""
        return buckets.create(self.account, self.bucket, _OPTION)

    def key(self, body: bytes, ending: str) -> str:
        """Return the key of an artefact."""
        return f"{self.stage}/{ending}/{hashlib.sha256(body).hexdigest()[:20]}.{ending}"

    def holds(self, body: bytes, ending: str) -> bool:
        """Say whether an artefact is there."""
        try:
            present = self._s3.head_object(Bucket=self.bucket, Key=self.key(body, ending))
        except ClientError as error:
            if code(error) in ("404", "NoSuchKey"):
                return False
            raise
        return bool(present["ContentLength"] == len(body))

    def put(self, body: bytes, ending: str) -> bool:
        """Store an artefact under its key unless it is there; return whether it was stored."""
        if self.holds(body, ending):
            return False
        self._s3.put_object(Bucket=self.bucket, Key=self.key(body, ending), Body=body)
        return True

    def delete(self, body: bytes, ending: str) -> None:
        """Remove an artefact."""
        self._s3.delete_object(Bucket=self.bucket, Key=self.key(body, ending))

    def url(self, key: str) -> str:
        """Return the address under which CloudFormation reads a template."""
        ending = "amazonaws.com.cn" if self.account.region.startswith("cn-") else "amazonaws.com"
        return f"https://{self.bucket}.s3.{self.account.region}.{ending}/{key}"

    def prune(self, used: set[str]) -> int:
        """Remove all but the latest artefacts of each kind, but none in use; return how many were removed."""
        old = []
        for ending in ("zip", "json"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=f"{self.stage}/{ending}/"
            )
            found = [entry for page in pages for entry in page.get("Contents", ())]
            found.sort(key=lambda entry: entry["LastModified"], reverse=True)
            old += [entry["Key"] for entry in found[KEPT:] if entry["Key"] not in used]
        for key in old:
            self._s3.delete_object(Bucket=self.bucket, Key=key)
        return len(old)

    def remove(self) -> str:
        """Remove the stage's artefacts, and the bucket if no other stage has any; return what is left, in words."""
        buckets.empty(self._s3, self.bucket, f"{self.stage}/")
        if self._s3.list_objects_v2(Bucket=self.bucket, MaxKeys=1).get("KeyCount"):
            return f"kept the bucket {self.bucket}: other stages have artefacts in it"
        self._s3.delete_bucket(Bucket=self.bucket)
        return f"removed the bucket {self.bucket}"

    @property
    def _s3(self) -> Any:
        return self.account.client("s3")
