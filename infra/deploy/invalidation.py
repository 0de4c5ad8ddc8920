"""CloudFront's invalidations: making one, and remembering beside the artefacts which paths still need one.

The paths are stored before the page is changed. So if a run ends between the page's upload and the invalidation, the
next run makes it.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.artefacts import Artefacts
from infra.deploy.aws_errors import code


def invalidate(cloudfront: Any, distribution: str, paths: Iterable[str]) -> str:
    """Have CloudFront forget paths; return the invalidation's id."""
    items = list(paths)
    batch = {"Paths": {"Quantity": len(items), "Items": items}, "CallerReference": f"scrawl-{time.time_ns()}"}
    made = cloudfront.create_invalidation(DistributionId=distribution, InvalidationBatch=batch)
    return str(made["Invalidation"]["Id"])


@dataclass(frozen=True)
class PendingInvalidation:
    """The paths that one stage's CloudFront still has to forget."""

    artefacts: Artefacts

    def read(self) -> list[str]:
        """Return the paths that an earlier run has left."""
        try:
            answer = self._s3.get_object(Bucket=self.artefacts.bucket, Key=self._key)
        except ClientError as error:
            if code(error) == "NoSuchKey":
                return []
            raise
        return list(answer["Body"].read().decode().split("\n"))

    def write(self, paths: list[str]) -> None:
        """Store paths."""
        self._s3.put_object(Bucket=self.artefacts.bucket, Key=self._key, Body="\n".join(paths).encode())

    def clear(self) -> None:
        """Remove what is stored."""
        self._s3.delete_object(Bucket=self.artefacts.bucket, Key=self._key)

    @property
    def _key(self) -> str:
        return f"{self.artefacts.stage}/to-invalidate.txt"

    @property
    def _s3(self) -> Any:
        return self.artefacts.account.client("s3")
