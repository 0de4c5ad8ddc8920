"""The environment: what is read from it, and that a wrong one is refused by name."""

import tomllib

import pytest

from functions import VERSION
from functions.settings import Settings, SettingsError, cors_origin
from infra.paths import ROOT


def test_bucket_alone_is_enough_locally() -> None:
    settings = Settings.from_environment({"SCRAWL_BUCKET": "b"})
    assert settings == Settings("b")
    assert settings.stage == "local"
    assert settings.write_token is None


def test_every_variable_is_read() -> None:
    settings = Settings.from_environment(
        {
            "SCRAWL_BUCKET": "b",
            "SCRAWL_STAGE": "prod",
            "SCRAWL_WRITE_TOKEN": "secret",
            "TRAIN_ITER": "7",
            "LEARNING_RATE": "0.5",
            "BATCH_SIZE": "9",
            "SCRAWL_API_PREFIX": "/api",
            "SCRAWL_RETRAIN_FUNCTION": "f",
            "LOG_LEVEL": "debug",
            "SCRAWL_LOG_FORMAT": "pretty",
            "SCRAWL_KEEP_VERSIONS": "10",
            "SCRAWL_ORIGIN_SECRET": "origin",
        }
    )
    assert settings == Settings("b", "prod", "secret", 7, 0.5, 9, "/api", "f", "DEBUG", "pretty", 10, "origin")


def test_deployed_stage_logs_json_by_default() -> None:
    assert Settings.from_environment({"SCRAWL_BUCKET": "b"}).log_format == "pretty"
    deployed = {"SCRAWL_BUCKET": "b", "SCRAWL_STAGE": "prod", "SCRAWL_WRITE_TOKEN": "t"}
    assert Settings.from_environment(deployed).log_format == "json"


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "SCRAWL_BUCKET must be set: the name of the S3 bucket"),
        ({"SCRAWL_STAGE": "prod"}, "SCRAWL_WRITE_TOKEN must be set on stage 'prod'"),
        ({"TRAIN_ITER": "many"}, "TRAIN_ITER must be a whole number from 1 to 1000000, got 'many'"),
        ({"TRAIN_ITER": "0"}, "got '0'"),
        ({"BATCH_SIZE": "1.5"}, "BATCH_SIZE must be a whole number"),
        ({"LEARNING_RATE": "-1"}, "LEARNING_RATE must be a number .* got '-1'"),
        ({"LEARNING_RATE": "nan"}, "LEARNING_RATE must be a number .* got 'nan'"),
        ({"SCRAWL_API_PREFIX": "api/"}, "SCRAWL_API_PREFIX must be empty or like '/api', got 'api/'"),
        ({"SCRAWL_LOG_FORMAT": "xml"}, "SCRAWL_LOG_FORMAT must be json or pretty, got 'xml'"),
        ({"SCRAWL_KEEP_VERSIONS": "0"}, "SCRAWL_KEEP_VERSIONS must be a whole number from 1 to 5000, got '0'"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL must be one of DEBUG, INFO.* got 'LOUD'"),
    ],
)
def test_wrong_environment_is_refused_by_name(environment: dict[str, str], message: str) -> None:
    bucket = {"SCRAWL_BUCKET": "b"} if environment else {}
    with pytest.raises(SettingsError, match=message):
        Settings.from_environment(bucket | environment)


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(Settings("b", write_token="secret", origin_secret="a secret, too")).replace(
        "_secret", ""
    )


def test_cors_is_open_unless_an_origin_is_named() -> None:
    assert cors_origin({}) == "*"
    assert cors_origin({"SCRAWL_CORS_ORIGIN": "https://example.org"}) == "https://example.org"


@pytest.mark.parametrize("origin", ["example.org", "https://example.org/", "https://a.org, https://b.org", "null"])
def test_wrong_cors_origin_is_refused(origin: str) -> None:
    with pytest.raises(SettingsError, match="SCRAWL_CORS_ORIGIN must be"):
        cors_origin({"SCRAWL_CORS_ORIGIN": origin})


def test_version_is_the_project_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["version"] == VERSION
