"""A plain stage's bucket and token, which `scrawl bootstrap` writes and `chalice deploy` gives to the Lambdas.

They are in `.scrawl/`, which git ignores, and not in `.chalice/config.json`: a token must not be committed, and a
bucket's name is unique in the world, so that each account has its own. SCRAWL_BUCKET and SCRAWL_WRITE_TOKEN in the
environment come first, for machines that keep secrets in another way.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from functions import structs
from infra.deploy.aws_errors import DeployError
from infra.files import write_atomically
from infra.paths import STATE


@dataclass(frozen=True)
class StageSettings:
    """What is known of a stage; None: nothing yet."""

    bucket: str | None = None
    token: str | None = field(default=None, repr=False)
    region: str | None = None  # where the bucket is

    def missing(self) -> str:
        """Return what is not known, in words; nothing if all is."""
        wanted = {"bucket": self.bucket, "token": self.token}
        return " and no ".join(name for name, value in wanted.items() if not value)


def path(stage: str) -> Path:
    """Return the file in which a stage's settings are."""
    return STATE / f"chalice-{stage}.json"


def read(stage: str, environment: Mapping[str, str]) -> StageSettings:
    """Return what the environment sets, and for the rest what is in the file.

    Raises:
        DeployError: when the file is damaged.
    """
    stored = StageSettings()
    if path(stage).exists():
        try:
            stored = structs.decode(path(stage).read_bytes(), StageSettings)
        except msgspec.MsgspecError as error:
            raise DeployError(
                f"{path(stage)} is damaged ({error}): remove it, then `scrawl bootstrap --stage {stage}`"
            ) from error
    bucket = environment.get("SCRAWL_BUCKET") or stored.bucket
    return StageSettings(
        bucket=bucket,
        token=environment.get("SCRAWL_WRITE_TOKEN") or stored.token,
        region=stored.region if bucket == stored.bucket else None,
    )


def write(stage: str, settings: StageSettings) -> None:
    """Store a stage's settings where only the user can read them."""
    STATE.mkdir(parents=True, exist_ok=True)
    file = path(stage)
    before = os.umask(0o077)
    try:
        write_atomically(file, msgspec.json.format(msgspec.json.encode(settings), indent=2) + b"\n")
    finally:
        os.umask(before)
