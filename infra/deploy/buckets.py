"""Buckets of a stage: those that hold its data, and emptying one with all versions, without which S3 removes none."""

from typing import Any

from infra.deploy.aws_errors import DeployError


def data_buckets(s3: Any, stack: str) -> list[str]:
    """Return the buckets with data that a stack has, or has left behind; CloudFormation names them after it."""
    prefix = f"{stack}-databucket-"
    return sorted(entry["Name"] for entry in s3.list_buckets()["Buckets"] if entry["Name"].startswith(prefix))


def empty(s3: Any, bucket: str, prefix: str = "") -> int:
    """Remove every version of every object, or of those with a prefix; return how many there were.

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
