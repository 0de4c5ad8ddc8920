"""Digests of the base images: what is asked of Docker Hub, what is written, and what happens without it."""

from pathlib import Path

import pytest
import responses

from infra.containers import digests
from infra.paths import ROOT

OLD, NEW = ("sha256:" + letter * 64 for letter in "ab")


def hub(rsps: responses.RequestsMock, repository: str, tag: str) -> None:
    """Let Docker Hub know an image."""
    asked = {"service": "registry.docker.io", "scope": f"repository:{repository}:pull"}
    rsps.get(
        "https://auth.docker.io/token", json={"token": "t"}, match=[responses.matchers.query_param_matcher(asked)]
    )
    rsps.head(
        f"https://registry-1.docker.io/v2/{repository}/manifests/{tag}",
        headers={"Docker-Content-Digest": NEW},
        match=[responses.matchers.header_matcher({"Authorization": "Bearer t"})],
    )


def test_docker_hub_is_asked_for_official_and_other_images() -> None:
    with responses.RequestsMock() as rsps:
        hub(rsps, "library/python", "3.12-slim-trixie")
        assert digests.digest_of("python:3.12-slim-trixie") == NEW
        hub(rsps, "chrislusf/seaweedfs", "4.48")
        assert digests.digest_of("chrislusf/seaweedfs:4.48") == NEW


def test_each_base_image_gets_its_digest_and_stages_get_none() -> None:
    text = (ROOT / "Dockerfile").read_text() + (ROOT / "compose.yaml").read_text()
    asked: list[str] = []

    def known(image: str) -> str:
        asked.append(image.split(":")[0])
        return NEW

    once = digests.pinned(text, known)
    assert asked == ["python", "nginx", "chrislusf/seaweedfs"]
    assert once.count(f"@{NEW}") == 3
    assert "FROM python AS packages\n" in once
    assert digests.pinned(once.replace(NEW, OLD), known) == once


def test_files_stay_as_they_are_without_docker_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in digests.FILES:
        (tmp_path / name).write_text("FROM python:3.12 AS a\n")
    monkeypatch.setattr(digests, "ROOT", tmp_path)
    with responses.RequestsMock() as rsps:
        rsps.get("https://auth.docker.io/token", status=503)
        digests.main()
    assert "the base images stay as they are" in capsys.readouterr().err
    assert (tmp_path / "Dockerfile").read_text() == "FROM python:3.12 AS a\n"
