"""The two buckets: one for digits, models, weights and jobs, one for the page. Neither is public."""

from infra.cloudformation.parameters import Json

_DAYS_OF_OLD_OBJECTS = 30  # that someone has to find out that something was overwritten or deleted
_DAYS_OF_JOBS = 90


def resources() -> Json:
    """Return both buckets with their policies."""
    return {
        "DataBucket": _bucket("DataBucket", [_jobs_end(), *_versions_end()], keep=True),
        "DataBucketPolicy": _policy("DataBucket", []),
        "SiteBucket": _bucket("SiteBucket", _versions_end(), keep=False),
        "SiteBucketPolicy": _policy("SiteBucket", _cloudfront_reads()),
    }


def _bucket(name: str, rules: list[Json], keep: bool) -> Json:
    """Return a private bucket; `keep`: it outlives its stack, because nobody else has what is in it."""
    return {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "RetainExceptOnCreate" if keep else "Delete",
        "UpdateReplacePolicy": "Retain" if keep else "Delete",
        "Properties": {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}},
                ]
            },
            "LifecycleConfiguration": {"Rules": rules},
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "Tags": [{"Key": "Name", "Value": {"Fn::Sub": f"${{AWS::StackName}} {name}"}}],
            "VersioningConfiguration": {"Status": "Enabled"},
        },
    }


def _jobs_end() -> Json:
    return {"Id": "JobsEnd", "Status": "Enabled", "Prefix": "jobs/", "ExpirationInDays": _DAYS_OF_JOBS}


def _versions_end() -> list[Json]:
    return [
        {
            "Id": "OldObjectsEnd",
            "Status": "Enabled",
            "NoncurrentVersionExpiration": {"NoncurrentDays": _DAYS_OF_OLD_OBJECTS},
            "ExpiredObjectDeleteMarker": True,
        },
        {
            "Id": "UnfinishedUploadsEnd",
            "Status": "Enabled",
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        },
    ]


def _policy(bucket: str, statements: list[Json]) -> Json:
    arns = [{"Fn::GetAtt": [bucket, "Arn"]}, {"Fn::Sub": f"${{{bucket}.Arn}}/*"}]
    encrypted = {
        "Sid": "OnlyEncryptedConnections",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": arns,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": bucket},
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [encrypted, *statements]},
        },
    }


def _cloudfront_reads() -> list[Json]:
    """Return what this stack's distribution may do; without ListBucket, S3 answers 403 for what is not there."""
    arn = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
    return [
        {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": action,
            "Resource": {"Fn::Sub": resource},
            "Condition": {"StringEquals": {"AWS:SourceArn": {"Fn::Sub": arn}}},
        }
        for sid, action, resource in (
            ("CloudFrontReads", "s3:GetObject", "${SiteBucket.Arn}/*"),
            ("CloudFrontLearnsWhatIsMissing", "s3:ListBucket", "${SiteBucket.Arn}"),
        )
    ]
