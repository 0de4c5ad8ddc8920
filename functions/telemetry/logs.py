"""Log lines of the logger `scrawl`: JSON objects by aws-lambda-powertools when deployed, readable ones locally.

Whoever logs uses the standard library, with what there is to know in `extra`; this adds the request's id.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import orjson

JSON, PRETTY = "json", "pretty"
FORMATS = (JSON, PRETTY)
_NAME = "scrawl"
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SHOWN = 8  # characters of a request's id in a line for people
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


@contextmanager
def request(request_id: str | None) -> Iterator[None]:
    """Have every line logged within say which request it belongs to."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)


def configure(level: str, form: str) -> None:
    """Have the lines from this level on written: JSON to standard output, readable ones to standard error."""
    logger = logging.getLogger(_NAME)
    logger.handlers.clear()
    if form == JSON:
        _use_powertools(logger, level)
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(ReadableFormatter())
        logger.addHandler(handler)
    logger.handlers[0].addFilter(_add_request_id)
    logger.setLevel(level)
    logger.propagate = False  # Lambda's own handler would write each line again


class ReadableFormatter(logging.Formatter):
    """Writes the time, the level if it is no mere information, the message, and the rest as name=value."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line, followed by the traceback if there is one."""
        known = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if request_id := known.pop("request_id", None):
            known["request"] = request_id[:_SHOWN]
        parts = [self.formatTime(record, "%H:%M:%S")]
        if record.levelno != logging.INFO:
            parts.append(record.levelname)
        parts.append(record.getMessage())
        parts += [f"{name}={_brief(value)}" for name, value in known.items() if value is not None]
        line = " ".join(parts)
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _use_powertools(logger: logging.Logger, level: str) -> None:
    # Imported here, because it takes 5 ms, and nobody needs it locally.
    from aws_lambda_powertools.logging import Logger

    for mark in ("init", "powertools_handler"):  # else it leaves a logger alone that was configured before
        vars(logger).pop(mark, None)
    Logger(
        service=_NAME,
        level=level,
        stream=sys.stdout,
        utc=True,
        use_rfc3339=True,
        json_serializer=lambda line: orjson.dumps(line, default=str).decode(),
    )


def _add_request_id(record: logging.LogRecord) -> bool:
    request_id = _request_id.get()
    if request_id is not None:
        record.request_id = request_id
    return True


def _brief(value: object) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if text.isprintable() and " " not in text else repr(text)
