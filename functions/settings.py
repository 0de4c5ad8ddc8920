"""The environment, read once into one frozen object that fails at start naming what is missing or wrong.

botocore reads its own variables (region, credentials, `AWS_ENDPOINT_URL_S3`) itself.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from functions.telemetry import logs

LOCAL = "local"
MOST_VERSIONS = 5000  # to keep; they are all in the pointer, 145 bytes each
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")
_STREAM = re.compile(r"[A-Za-z0-9_.-]{1,128}")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class SettingsError(ValueError):
    """An environment variable is missing or has a wrong value; the message says which and what is expected."""


@dataclass(frozen=True)
class Settings:
    """What the environment sets."""

    bucket: str  # SCRAWL_BUCKET
    stage: str = LOCAL  # SCRAWL_STAGE
    write_token: str | None = field(default=None, repr=False)  # SCRAWL_WRITE_TOKEN; None: writes are open
    train_iterations: int = 1500  # TRAIN_ITER, of a retraining
    learning_rate: float = 0.1  # LEARNING_RATE, of a retraining
    batch_size: int = 128  # BATCH_SIZE, of a retraining
    api_prefix: str = ""  # SCRAWL_API_PREFIX, before every path in links and in Location
    retrain_function: str | None = None  # SCRAWL_RETRAIN_FUNCTION; None: retrain in a thread
    log_level: str = "INFO"  # LOG_LEVEL
    log_format: str = logs.PRETTY  # SCRAWL_LOG_FORMAT; json, and metrics, unless the stage is local
    keep_versions: int = 200  # SCRAWL_KEEP_VERSIONS, of each model's weights
    origin_secret: str | None = field(default=None, repr=False)  # SCRAWL_ORIGIN_SECRET; None: anyone may ask directly
    lesson_stream: str | None = None  # SCRAWL_LESSON_STREAM, a Kinesis stream; None: PATCH learns at once

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read and check the variables.

        Raises:
            SettingsError: naming the variable, what is expected and what came.
        """
        stage = environment.get("SCRAWL_STAGE") or LOCAL
        token = environment.get("SCRAWL_WRITE_TOKEN") or None
        if stage != LOCAL and token is None:
            raise SettingsError(
                f"SCRAWL_WRITE_TOKEN must be set on stage {stage!r}: writes would be open to everyone"
            )
        return cls(
            bucket=_required(environment, "SCRAWL_BUCKET", "the name of the S3 bucket"),
            stage=stage,
            write_token=token,
            train_iterations=_number(environment, "TRAIN_ITER", int, cls.train_iterations, 1, 1_000_000),
            learning_rate=_number(environment, "LEARNING_RATE", float, cls.learning_rate, 1e-9, 10.0),
            batch_size=_number(environment, "BATCH_SIZE", int, cls.batch_size, 1, 10_000),
            api_prefix=_prefix(environment),
            retrain_function=environment.get("SCRAWL_RETRAIN_FUNCTION") or None,
            log_level=_level(environment),
            log_format=_log_format(environment, stage),
            keep_versions=_number(environment, "SCRAWL_KEEP_VERSIONS", int, cls.keep_versions, 1, MOST_VERSIONS),
            origin_secret=environment.get("SCRAWL_ORIGIN_SECRET") or None,
            lesson_stream=_stream(environment),
        )


def cors_origin(environment: Mapping[str, str]) -> str:
    """Return the origin that other pages may have. Not in `Settings`, because the app needs it before there are any.

    Raises:
        SettingsError: when it is no origin.
    """
    origin = environment.get("SCRAWL_CORS_ORIGIN") or "*"
    if origin != "*" and not _ORIGIN.fullmatch(origin):
        raise SettingsError(f"SCRAWL_CORS_ORIGIN must be * or like 'https://example.org', got {origin!r}")
    return origin


def _required(environment: Mapping[str, str], name: str, meaning: str) -> str:
    value = environment.get(name)
    if not value:
        raise SettingsError(f"{name} must be set: {meaning}")
    return value


def _number[N: (int, float)](
    environment: Mapping[str, str], name: str, kind: Callable[[str], N], default: N, low: N, high: N
) -> N:
    text = environment.get(name)
    if not text:
        return default
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not low <= value <= high:
        sort = "a whole number" if isinstance(default, int) else "a number"
        raise SettingsError(f"{name} must be {sort} from {low} to {high}, got {text!r}")
    return value


def _prefix(environment: Mapping[str, str]) -> str:
    prefix = environment.get("SCRAWL_API_PREFIX", "")
    if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
        raise SettingsError(f"SCRAWL_API_PREFIX must be empty or like '/api', got {prefix!r}")
    return prefix


def _stream(environment: Mapping[str, str]) -> str | None:
    name = environment.get("SCRAWL_LESSON_STREAM") or None
    if name is not None and not _STREAM.fullmatch(name):
        raise SettingsError(f"SCRAWL_LESSON_STREAM must be the name of a Kinesis stream, got {name!r}")
    return name


def _level(environment: Mapping[str, str]) -> str:
    level = (environment.get("LOG_LEVEL") or "INFO").upper()
    if level not in LOG_LEVELS:
        raise SettingsError(f"LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}, got {level!r}")
    return level


def _log_format(environment: Mapping[str, str], stage: str) -> str:
    form = environment.get("SCRAWL_LOG_FORMAT") or (logs.PRETTY if stage == LOCAL else logs.JSON)
    if form not in logs.FORMATS:
        raise SettingsError(f"SCRAWL_LOG_FORMAT must be {' or '.join(logs.FORMATS)}, got {form!r}")
    return form
