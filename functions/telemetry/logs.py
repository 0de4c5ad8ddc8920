"""Log lines of the logger `scrawl`: JSON objects when deployed, readable ones locally.

All modules log with the standard library, and put values into `extra`; this adds the request's id.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import orjson

JSON, PRETTY = "json", "pretty"
FORMATS = (JSON, PRETTY)
_NAME = "scrawl"
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SHOWN = 8  # characters of a request's id in a line for people
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


@contextmanager
def request(request_id: str | None) -> Iterator[None]:
    """Add the request's id to every line that is logged inside."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)


def configure(level: str, form: str) -> None:
    """Write the lines from this level on: JSON to standard output, readable ones to standard error."""
    logger = logging.getLogger(_NAME)
    logger.handlers.clear()
    handler = logging.StreamHandler(sys.stdout if form == JSON else sys.stderr)
    handler.setFormatter(JsonFormatter() if form == JSON else ReadableFormatter())
    handler.addFilter(_add_request_id)
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False  # Lambda's own handler would write each line again


class JsonFormatter(logging.Formatter):
    """Writes JSON objects with the members that tools of CloudWatch know."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON; what is None is left out."""
        line = {
            "level": record.levelname,
            "location": f"{record.funcName}:{record.lineno}",
            "message": record.getMessage(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "service": _NAME,
            **_extra(record),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = self.formatException(record.exc_info)
            line["exception_name"] = record.exc_info[0].__name__
        if trace := os.environ.get("_X_AMZN_TRACE_ID"):  # which Lambda sets for each request
            line["xray_trace_id"] = trace.split(";")[0].removeprefix("Root=")
        return orjson.dumps({name: value for name, value in line.items() if value is not None}, default=str).decode()


class ReadableFormatter(logging.Formatter):
    """Writes the time, the level unless it is INFO, the message, and the rest as name=value."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line, followed by the traceback if there is one."""
        known = _extra(record)
        if request_id := known.pop("request_id", None):
            known["request"] = request_id[:_SHOWN]
        parts = [self.formatTime(record, "%H:%M:%S")]
        if record.levelno != logging.INFO:
            parts.append(record.levelname)
        parts.append(record.getMessage())
        parts += [f"{name}={_brief(value)}" for name, value in known.items() if value is not None]
        line = " ".join(parts)
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _add_request_id(record: logging.LogRecord) -> bool:
    request_id = _request_id.get()
    if request_id is not None:
        record.request_id = request_id
    return True


def _brief(value: object) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if text.isprintable() and " " not in text else repr(text)
