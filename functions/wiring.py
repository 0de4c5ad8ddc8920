"""The composition root: makes the service of this process from the environment, when it is first needed.

Not at import, because `chalice package` imports the routes where no environment is set. Tests and servers may set
another service with `use`.
"""

import logging
import os
import threading

from functions import aws
from functions.jobs.launchers import LambdaLauncher, Launcher, ThreadLauncher
from functions.lessons.stream import LessonStream
from functions.service import Service
from functions.settings import Settings
from functions.storage.s3 import S3Store
from functions.telemetry import logs, metrics

_service: Service | None = None
_making = threading.Lock()


def service() -> Service:
    """Return the service of this process.

    Raises:
        SettingsError: when the environment lacks something.
    """
    if _service is None:
        with _making:
            if _service is None:
                use(from_environment())
    assert _service is not None  # `use` has set it
    return _service


def use(new: Service | None) -> None:
    """Replace the service of this process; None: make it again when it is next needed."""
    global _service
    _service = new


def from_environment() -> Service:
    """Make the service that the environment describes."""
    settings = Settings.from_environment(os.environ)
    logs.configure(settings.log_level, settings.log_format)
    metrics.configure(settings.stage if settings.log_format == logs.JSON else None)
    launcher: Launcher = ThreadLauncher()
    if settings.retrain_function is not None:
        launcher = LambdaLauncher(aws.LambdaFunction(settings.retrain_function).queue)
    logging.getLogger("scrawl").info("service made", extra={"stage": settings.stage, "bucket": settings.bucket})
    stream = None if settings.lesson_stream is None else _stream(settings.lesson_stream)
    return Service(settings, S3Store(aws.client("s3"), settings.bucket), launcher, stream=stream)


def _stream(name: str) -> LessonStream:
    from functions.lessons.kinesis import KinesisStream  # only where there is one: a cold start pays for imports

    return KinesisStream(name, lambda: aws.client("kinesis"))
