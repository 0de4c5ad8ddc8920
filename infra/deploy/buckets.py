"""Buckets: making a private one, finding those with a stage's data, and emptying one.

Without its versions removed, too, S3 removes none.
"""

from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.account import Account
from infra.deploy.aws_errors import DeployError, code


def exists(account: Account, bucket: str, option: str) -> bool:
    """Say whether an account has a bucket, in its region. `option` is what names another one.

    Raises:
        DeployError: when the bucket is in another account or region.
    """
    s3 = account.client("s3")
    own = bucket in {entry["Name"] for entry in s3.list_buckets()["Buckets"]}
    try:
        region = s3.head_bucket(Bucket=bucket).get("BucketRegion", account.region)
    except ClientError as error:
        if code(error) in ("404", "NoSuchBucket"):
            return False
        if own:
            raise
        raise _taken(bucket, option) from error
    if not own:
        raise _taken(bucket, option)
    if region != account.region:
        raise DeployError(
            f"the bucket {bucket} is in {region}, but Lambdas and what they read are to be in one region, "
            f"{account.region}: choose another with {option}"
        )
    return True


def create(account: Account, bucket: str, option: str) -> bool:
    """Create a bucket unless it exists, and make it private in any case; return whether it was created."""
    s3 = account.client("s3")
    created = not exists(account, bucket, option)
    if created:
        where = {"LocationConstraint": account.region}
        extra = {} if account.region == "us-east-1" else {"CreateBucketConfiguration": where}
        try:
            s3.create_bucket(Bucket=bucket, **extra)
        except ClientError as error:
            if code(error) == "BucketAlreadyExists":
                raise _taken(bucket, option) from error
            raise
    blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))
    return created


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


def _taken(bucket: str, option: str) -> DeployError:
    return DeployError(f"the bucket name {bucket} is taken by another account: choose another with {option}")
