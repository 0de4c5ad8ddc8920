"""Fixes the base images in Dockerfile and compose.yaml by digest, `name:tag@sha256:…`: a part of `make lock`.

A tag may name another image tomorrow, a digest never does. Only Docker Hub knows which digest a tag has now: where it
cannot be reached, the files stay as they are.
"""

import re
import sys
from collections.abc import Callable

import requests

from infra.paths import ROOT

FILES = ("Dockerfile", "compose.yaml")
_IMAGE = re.compile(r"^(FROM |    image: )([\w./-]+:[\w.-]+)(?:@sha256:[0-9a-f]{64})?(?=\s)", re.MULTILINE)
_TOKEN = "https://auth.docker.io/token"
_MANIFESTS = "https://registry-1.docker.io/v2/{repository}/manifests/{tag}"
# Of all platforms together: what a tag of an official image names.
_INDEX = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json"
_TIMEOUT = 20  # seconds


def pinned(text: str, digest_of: Callable[[str], str]) -> str:
    """Return a file's text with the digest that each image's tag has now."""
    return _IMAGE.sub(lambda found: f"{found[1]}{found[2]}@{digest_of(found[2])}", text)


def digest_of(image: str) -> str:
    """Return the digest that Docker Hub has for an image like `python:3.12-slim`.

    Raises:
        requests.RequestException: when Docker Hub does not answer, or has no such image.
    """
    name, _, tag = image.partition(":")
    repository = name if "/" in name else f"library/{name}"
    asked = {"service": "registry.docker.io", "scope": f"repository:{repository}:pull"}
    token = requests.get(_TOKEN, asked, timeout=_TIMEOUT)
    token.raise_for_status()
    headers = {"Authorization": f"Bearer {token.json()['token']}", "Accept": _INDEX}
    found = requests.head(_MANIFESTS.format(repository=repository, tag=tag), headers=headers, timeout=_TIMEOUT)
    found.raise_for_status()
    return found.headers["Docker-Content-Digest"]


def main() -> None:
    """Write the digests into the files, all or none."""
    texts = {name: (ROOT / name).read_text("utf-8") for name in FILES}
    try:
        new = {name: pinned(text, digest_of) for name, text in texts.items()}
    except requests.RequestException as error:
        print(f"NOTICE: the base images stay as they are, since Docker Hub was not reached: {error}", file=sys.stderr)
        return
    for name, text in new.items():
        (ROOT / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
