"""Uploads the built page to its bucket, with content types, encodings and cache times.

Every file that index.html names is uploaded before index.html. Files under assets/ are named after their content, and
stay there when a newer page does without them: an open page may still ask for them. `infra.page.site` builds the
page, `infra.deploy.invalidation` has CloudFront forget the old one.
"""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.aws_errors import DeployError, code
from infra.page.headers import ENCODINGS, cache_control, content_type

_THREADS = 8
_NAMED = re.compile(r'="(assets/[^"]+)"')
_LAST = ("service-worker.js", "index.html")  # with their compressed forms


@dataclass(frozen=True)
class File:
    """An object of the page's bucket."""

    key: str
    body: bytes = field(repr=False)
    headers: dict[str, str]  # as PutObject names them

    @property
    def digest(self) -> str:
        """Return a hash of the content."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True)
class Difference:
    """How a bucket differs from the page."""

    send: list[File]
    remove: list[str]

    def __bool__(self) -> bool:
        return bool(self.send or self.remove)

    def __str__(self) -> str:
        size = sum(len(file.body) for file in self.send)
        removed = f", {len(self.remove)} to remove" if self.remove else ""
        return f"{len(self.send)} files to send, {size:,} bytes{removed}"

    @property
    def paths(self) -> list[str]:
        """Return the paths that are out of date in CloudFront's cache, compressed forms included."""
        keys = [file.key for file in self.send] + self.remove
        names = {_uncompressed(key) for key in keys if not key.startswith("assets/")}
        return sorted(f"/{name}*" for name in names) + ["/"] * ("index.html" in names)


def files(folder: Path) -> list[File]:
    """Return the page as objects.

    Raises:
        DeployError: when it is not built, or only partly.
    """
    if not (folder / "index.html").is_file():
        raise DeployError(f"there is no built page in {folder}: build it with `scrawl build-site --out {folder}`")
    page = (folder / "index.html").read_text("utf-8")
    missing = [name for name in (*_LAST, *_NAMED.findall(page)) if not (folder / name).is_file()]
    if missing:
        raise DeployError(f"the page in {folder} lacks {missing[0]}: build it again with `scrawl build-site`")
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return [_file(path, path.relative_to(folder).as_posix()) for path in paths]


def compare(s3: Any, bucket: str, wanted: list[File]) -> Difference:
    """Return what to send and remove so that the bucket holds the page."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    present = {entry["Key"] for page in pages for entry in page.get("Contents", ())}
    with ThreadPoolExecutor(_THREADS) as pool:
        same = pool.map(lambda file: file.key in present and _is_same(s3, bucket, file), wanted)
        send = [file for file, equal in zip(wanted, same, strict=True) if not equal]
    stale = present - {file.key for file in wanted}
    return Difference(send, sorted(key for key in stale if not key.startswith("assets/")))


def upload(s3: Any, bucket: str, difference: Difference) -> None:
    """Send what differs: first the files that index.html names, then index.html; then remove what is not needed."""
    first = [file for file in difference.send if _uncompressed(file.key) not in _LAST]
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(lambda file: _send(s3, bucket, file), first):
            pass
    for name in _LAST:
        for file in difference.send:
            if _uncompressed(file.key) == name:
                _send(s3, bucket, file)
    for key in difference.remove:
        s3.delete_object(Bucket=bucket, Key=key)


def _file(path: Path, key: str) -> File:
    plain, encoding = key, None
    for name, suffix in ENCODINGS.items():
        if key.endswith(suffix):
            plain, encoding = key.removesuffix(suffix), name
    headers = {
        "ContentType": content_type(Path(plain).suffix),
        "CacheControl": cache_control(key.startswith("assets/")),
    }
    return File(key, path.read_bytes(), headers | ({"ContentEncoding": encoding} if encoding else {}))


def _uncompressed(key: str) -> str:
    """Return a file's key without the ending of its compressed form."""
    return key.removesuffix(".br").removesuffix(".gz")


def _is_same(s3: Any, bucket: str, file: File) -> bool:
    try:
        present = s3.head_object(Bucket=bucket, Key=file.key)
    except ClientError as error:
        if code(error) in ("404", "NoSuchKey"):
            return False
        raise
    headers = {
        name: present[name] for name in ("ContentType", "CacheControl", "ContentEncoding") if present.get(name)
    }
    return present["Metadata"].get("sha256") == file.digest and headers == file.headers


def _send(s3: Any, bucket: str, file: File) -> None:
    s3.put_object(Bucket=bucket, Key=file.key, Body=file.body, Metadata={"sha256": file.digest}, **file.headers)
