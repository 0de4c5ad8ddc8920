"""The store through which the local stack is seeded: it reads what S3 would answer, and notices what is damaged."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from functions import aws
from functions.errors import ConflictError, NotFoundError
from functions.storage.memory import MemoryStore
from functions.storage.s3 import S3Store
from infra.dataset.seeding import stored_dataset
from infra.local.s3_server import LocalS3
from infra.local.seeding_store import SeedingStore
from tests.conftest import copy

BUCKET = "scrawl-test-seeding"


@pytest.fixture
def local_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalS3]:
    server = LocalS3(tmp_path / "s3", BUCKET)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.endpoint)
    yield server
    server.close()


@pytest.fixture
def through_s3(local_s3: LocalS3) -> S3Store:  # noqa: ARG001 — its address is in the environment
    return S3Store(aws.client("s3"), BUCKET)


@pytest.fixture
def store(local_s3: LocalS3, through_s3: S3Store) -> SeedingStore:
    return SeedingStore(local_s3, lambda: through_s3)


def test_it_reads_what_s3_answers(store: SeedingStore, through_s3: S3Store) -> None:
    for key in ("a/1", "per%cent ☃", ".hidden"):
        assert store.put(key, key.encode() * 3) == store.get(key).etag
        assert store.get(key) == through_s3.get(key)
        assert store.start(key, 4) == through_s3.start(key, 4)
    assert store.keys("") == [".hidden", "a/1", "per%cent ☃"]
    store.delete("a/1")
    for read in (store.get, through_s3.get):
        with pytest.raises(NotFoundError, match="no object 'a/1' in the store"):
            read("a/1")


def test_what_it_read_guards_a_write(store: SeedingStore, through_s3: S3Store) -> None:
    through_s3.put("pointer", b"1")
    seen = store.get("pointer").etag
    through_s3.put("pointer", b"2")
    with pytest.raises(ConflictError):
        store.put("pointer", b"3", if_match=seen)
    store.put("pointer", b"3", if_match=store.get("pointer").etag)
    assert through_s3.get("pointer").body == b"3"


def test_start_that_writes_nothing_asks_s3_for_nothing(local_s3: LocalS3, through_s3: S3Store) -> None:
    through_s3.put("object", b"1")

    def unexpected() -> S3Store:
        raise AssertionError("nothing was to be written")

    assert SeedingStore(local_s3, unexpected).get("object").body == b"1"


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_shard_that_was_damaged_on_the_disk_is_noticed(
    store: SeedingStore, through_s3: S3Store, seeded: MemoryStore, tmp_path: Path, damage: bytes | None
) -> None:
    copy(seeded, through_s3)
    found = stored_dataset(store)
    assert found == stored_dataset(through_s3)
    assert found is not None
    path = tmp_path / "s3" / "data%2Ftrain%2F0001.bin.gz"
    sound = path.read_bytes()
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage or sound[:-1] + bytes([sound[-1] ^ 1]))
    assert stored_dataset(store) is None
