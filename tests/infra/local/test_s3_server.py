"""The local S3: what moto answers is on disk, and what the disk does not take is not answered."""

import gc
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.s3.models import FakeKey

from functions import aws
from functions.errors import ConflictError, NotFoundError, UnavailableError
from functions.storage.s3 import S3Store
from infra.local.s3_server import LocalS3

BUCKET = "scrawl-test-local"
KEYS = ["plain", "deep/er/key.json", "with space", "per%cent", ".hidden", "..", "ümlaut ☃", "a+b&c=d?e#f", "x" * 150]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "s3"


class Served:
    """A local S3, and a store that speaks to it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._patch = folder, monkeypatch
        self.start()

    def start(self) -> None:
        self.server = LocalS3(self._folder, BUCKET)
        self._patch.setenv("AWS_ENDPOINT_URL_S3", self.server.endpoint)
        self.store = S3Store(aws.client("s3"), BUCKET)

    def restart(self) -> None:
        self.server.close()
        self.start()


@pytest.fixture
def served(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    running = Served(folder, monkeypatch)
    yield running
    running.server.close()


def test_objects_of_any_key_come_back(served: Served) -> None:
    for number, key in enumerate(KEYS):
        served.store.put(key, key.encode() * (number + 1))
    served.restart()
    assert served.store.keys("") == sorted(KEYS)
    for number, key in enumerate(KEYS):
        assert served.store.get(key).body == key.encode() * (number + 1)


def test_etags_survive_so_that_conditional_writes_still_work(served: Served) -> None:
    etag = served.store.put("pointer", b"1")
    served.restart()
    assert served.store.get("pointer").etag == etag
    served.store.put("pointer", b"2", if_match=etag)
    with pytest.raises(ConflictError):
        served.store.put("pointer", b"3", if_match=etag)


def test_deleted_objects_stay_away(served: Served, folder: Path) -> None:
    served.store.put("gone", b"1")
    served.store.put("kept", b"1")
    served.store.delete("gone")
    served.restart()
    assert served.store.keys("") == ["kept"]
    assert [path.name for path in folder.iterdir()] == ["kept"]


def test_object_is_on_disk_once_it_is_answered(served: Served, folder: Path) -> None:
    for number in range(5):
        served.store.put("object", b"%d" % number)
        assert (folder / "object").read_bytes() == b"%d" % number


def test_write_that_the_disk_refuses_changes_nothing(served: Served, folder: Path) -> None:
    served.store.put("pointer", b"old")
    shutil.move(folder, folder.with_name("away"))  # a full disk would fail in the same place
    with pytest.raises(UnavailableError):
        served.store.put("other", b"new")
    shutil.move(folder.with_name("away"), folder)
    assert served.store.get("pointer").body == b"old"
    with pytest.raises(NotFoundError):
        served.store.get("other")


def test_racing_guarded_writes_lose_no_update(served: Served) -> None:
    served.store.put("counter", b"0")

    def count() -> None:
        done = 0
        while done < 10:
            seen = served.store.get("counter")
            try:
                served.store.put("counter", b"%d" % (int(seen.body) + 1), if_match=seen.etag)
                done += 1
            except ConflictError:
                continue

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert served.store.get("counter").body == b"40"


def test_start_reads_no_object(served: Served, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be hundreds of versions of weights."""
    etags = {f"weights/{number}": served.store.put(f"weights/{number}", b"%d" % number) for number in range(20)}
    served.server.close()
    opened: list[str] = []
    path_open = Path.open

    def noted(path: Path, *arguments: Any, **options: Any) -> Any:
        opened.append(path.name)
        return path_open(path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", noted)
        served.start()
        assert not [name for name in opened if name.startswith("weights")]
        assert served.store.get("weights/7").body == b"7"
        assert [name for name in opened if name.startswith("weights")] != []
    assert served.store.start("weights/11", 1) == b"1"
    assert {key: served.store.get(key).etag for key in served.store.keys("")} == etags
    assert len(list(folder.iterdir())) == 20


def test_several_objects_are_deleted_at_once(served: Served, folder: Path) -> None:
    for key in KEYS:
        served.store.put(key, b"1")
    served.store.delete(*KEYS[1:], "never there")
    assert [path.name for path in folder.iterdir()] == [KEYS[0]]
    served.restart()
    assert served.store.keys("") == KEYS[:1]


def test_memory_holds_nothing_of_objects_that_are_no_more(served: Served) -> None:
    for number in range(50):
        served.store.put("pointer", b"%d" % number)
        served.store.put(f"version/{number}", b"weights")
        served.store.delete(f"version/{number}")
    gc.collect()
    held = [key for key in gc.get_objects() if isinstance(key, FakeKey) and key.bucket_name == BUCKET]
    assert [key.name for key in held] == ["pointer"]
    assert not served.server._backend.tagger.tags
