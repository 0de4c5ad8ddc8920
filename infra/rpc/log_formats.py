"""The gRPC server's log lines, to standard error: for people (pretty), for terminals and grep (compact), or as JSON.

Callers choose the level and log a short message, with the details in `extra`.
"""

import json
import logging
import time

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def configure(level: str, style: str) -> None:
    """Send the logger `scrawl` to standard error, in one of the formats, from a level on."""
    handler = logging.StreamHandler()
    handler.setFormatter({"pretty": PrettyFormatter, "compact": CompactFormatter, "json": JsonFormatter}[style]())
    logger = logging.getLogger("scrawl")
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False


class JsonFormatter(logging.Formatter):
    """An object on a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time, level, message and extras, and the traceback if there is one."""
        line: dict[str, object] = {"time": _time(record), "level": record.levelname.lower()}
        line |= {"message": record.getMessage(), **_extras(record)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class CompactFormatter(logging.Formatter):
    """One line: time, level, message, then name=value."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback follows on lines of its own."""
        head = f"{_time(record)} {record.levelname:7} {record.getMessage()}"
        line = " ".join([head, *(f"{name}={_plain(value)}" for name, value in _extras(record).items())])
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class PrettyFormatter(logging.Formatter):
    """The message on one line, and each extra on a line below it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines; a traceback comes last."""
        lines = [f"{_time(record)[11:23]} {record.levelname.lower():>7}  {record.getMessage()}"]
        lines += [f"{'':20}  {name}: {_plain(value)}" for name, value in _extras(record).items()]
        if record.exc_info:
            lines.append(self.formatException(record.exc_info))
        return "\n".join(lines)


def _time(record: logging.LogRecord) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03}Z"


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in record.__dict__.items() if name not in _STANDARD}


def _plain(value: object) -> str:
    """Return a value on one line, quoted where it could run into the next one."""
    text = str(value)
    if text.isprintable() and not set(text) & set(' "='):
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())
