"""The gRPC server's log lines in each of the three formats."""

import json
import logging

import pytest

from infra.rpc.log_formats import CompactFormatter, JsonFormatter, PrettyFormatter


def record(**extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"msg": "call", "levelno": logging.INFO, "levelname": "INFO", **extra})
    made.created, made.msecs = 1_800_000_000.25, 250.0
    return made


def test_json_is_an_object_with_everything_in_it() -> None:
    line = JsonFormatter().format(record(code="OK", milliseconds=1.5))
    assert json.loads(line) == {
        "time": "2027-01-15T08:00:00.250Z",
        "level": "info",
        "message": "call",
        "code": "OK",
        "milliseconds": 1.5,
    }


def test_compact_is_one_line() -> None:
    line = CompactFormatter().format(record(code="OK", error="two words"))
    assert line == '2027-01-15T08:00:00.250Z INFO    call code=OK error="two words"'


def test_pretty_has_a_line_for_each_thing_to_say() -> None:
    lines = PrettyFormatter().format(record(code="OK", milliseconds=1.5)).splitlines()
    assert [line.strip() for line in lines] == ["08:00:00.250    info  call", "code: OK", "milliseconds: 1.5"]


@pytest.mark.parametrize("style", [JsonFormatter, CompactFormatter])
@pytest.mark.parametrize("forged", ["a\n2027-01-15T08:00:00.250Z INFO call", "\x1b[2J", "\u2028", "a\rb"])
def test_what_a_client_sends_cannot_forge_a_line(style: type[logging.Formatter], forged: str) -> None:
    line = style().format(record(error=forged))
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


@pytest.mark.parametrize("style", [JsonFormatter, CompactFormatter, PrettyFormatter])
def test_traceback_is_not_lost(style: type[logging.Formatter]) -> None:
    try:
        raise ZeroDivisionError("as an example")
    except ZeroDivisionError as error:
        line = style().format(record(exc_info=(type(error), error, error.__traceback__)))
    assert "ZeroDivisionError: as an example" in line
