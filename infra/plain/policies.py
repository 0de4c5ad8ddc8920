"""The policies of a plain deployment's roles: `.chalice/policy-*.json`, made to name the stage's bucket and function.

Those of the stack are made by `infra.cloudformation.policies`.
"""

from pathlib import Path

_BUCKET = "arn:aws:s3:::scrawl-prod"
_RETRAIN = "function:scrawl-prod-retrain"
_PARTITION = "arn:aws:"
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}  # how a region's name starts → its partition


def write(project: Path, stage: str, bucket: str, region: str) -> Path:
    """Write a stage's policies beside Chalice's packages, and return the folder, as seen from .chalice."""
    chalice = project / ".chalice"
    folder = chalice / "deployments" / f"policies-{stage}"
    partition = next((name for start, name in _PARTITIONS.items() if region.startswith(start)), "aws")
    folder.mkdir(parents=True, exist_ok=True)
    for path in chalice.glob("policy-*.json"):
        text = path.read_text("utf-8").replace(_BUCKET, f"arn:aws:s3:::{bucket}")
        text = text.replace(_RETRAIN, f"function:scrawl-{stage}-retrain").replace(_PARTITION, f"arn:{partition}:")
        (folder / path.name).write_text(text, "utf-8")
    return folder.relative_to(chalice)
