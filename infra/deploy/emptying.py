"""Empties a bucket, or a part of it, with all versions: one that holds anything cannot be removed."""

from typing import Any

from infra.deploy.errors import DeployError


def empty(s3: Any, bucket: str, prefix: str = "") -> int:
    """Remove every version of every object; return how many there were.

    Raises:
        DeployError: naming the first object that S3 does not remove.
    """
    count = 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        entries = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
        if objects:  # a page has at most 1,000, which is what one call takes
            failed = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True}).get("Errors")
            if failed:
                raise DeployError(
                    f"S3 does not remove {failed[0].get('Key')!r} from {bucket}: {failed[0].get('Message')}"
                )
        count += len(objects)
    return count
