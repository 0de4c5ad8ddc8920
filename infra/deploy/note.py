"""What CloudFront still has to forget, noted down beside the artefacts before the page is touched.

So a run that ends between the page's upload and the invalidation leaves a trace for the next one.
"""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.artefacts import Artefacts
from infra.deploy.errors import code


@dataclass(frozen=True)
class Note:
    """The paths that one stage's CloudFront has to forget."""

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
        """Note paths down."""
        self._s3.put_object(Bucket=self.artefacts.bucket, Key=self._key, Body="\n".join(paths).encode())

    def clear(self) -> None:
        """Forget them."""
        self._s3.delete_object(Bucket=self.artefacts.bucket, Key=self._key)

    @property
    def _key(self) -> str:
        return f"{self.artefacts.stage}/to-invalidate.txt"

    @property
    def _s3(self) -> Any:
        return self.artefacts.account.client("s3")
