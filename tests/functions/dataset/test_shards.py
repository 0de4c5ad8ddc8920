"""The seeded dataset: random samples, whole shards, and that every damage is noticed and named."""

import gzip
import hashlib

import msgspec
import numpy as np
import pytest

from functions.dataset import block
from functions.dataset.block import Block
from functions.dataset.shards import MANIFEST_KEY, Digits, ShardedDataset
from functions.errors import CorruptDataError, NotFoundError, UnavailableError
from functions.storage.memory import MemoryStore
from functions.storage.store import StoredObject
from tests.conftest import copy
from tests.support.meeting import MeetingStore

SHARD = "data/train/0001.bin.gz"


@pytest.fixture
def dataset(memory: MemoryStore) -> ShardedDataset:
    return ShardedDataset(memory)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def test_samples_are_different_digits_of_the_split(dataset: ShardedDataset, random: np.random.Generator) -> None:
    known = {pixels.tobytes() for index in range(3) for pixels in dataset.shard("train", index).pixels}
    sample = dataset.sample("train", 1000, random)
    assert len(sample) == 1000
    assert {pixels.tobytes() for pixels in sample.pixels} <= known
    assert len({pixels.tobytes() for pixels in sample.pixels}) > 950  # a few of the fallback's digits are equal


def test_samples_differ_from_one_time_to_the_next(dataset: ShardedDataset, random: np.random.Generator) -> None:
    first, second = (dataset.sample("train", 50, random) for _ in range(2))
    assert first.pixels.tobytes() != second.pixels.tobytes()


def test_samples_come_from_all_shards(dataset: ShardedDataset, random: np.random.Generator) -> None:
    seen = {dataset.sample("train", 1, random).pixels.tobytes() for _ in range(200)}
    for index in range(3):
        assert seen & {pixels.tobytes() for pixels in dataset.shard("train", index).pixels}


def test_a_sample_larger_than_a_shard_takes_several(dataset: ShardedDataset, random: np.random.Generator) -> None:
    assert len(dataset.sample("train", 2500, random)) == 2500
    assert len(dataset.sample("train", 9999, random)) == 3000  # all there are


def test_first_digits_are_whole_shards_and_always_the_same(dataset: ShardedDataset) -> None:
    assert len(dataset.first("test", 1500)) == 2000
    assert len(dataset.first("test", 1000)) == 1000
    assert dataset.first("test", 9).pixels.tobytes() == dataset.shard("test", 0).pixels.tobytes()
    whole = b"".join(dataset.shard("train", index).pixels.tobytes() for index in range(3))
    assert dataset.first("train", 9999).pixels.tobytes() == whole


def test_first_shards_are_read_at_the_same_time(memory: MemoryStore) -> None:
    store = MeetingStore("data/train/*", 3)
    copy(memory, store)
    assert len(ShardedDataset(store).first("train", 3000)) == 3000


def test_digits_are_what_networks_take() -> None:
    digits = Digits.of(Block(np.array([7], np.uint8), np.full((1, 784), 255, np.uint8)))
    assert digits.images.dtype == np.float32
    assert digits.images.max() == 1
    assert digits.labels.dtype == np.int64


@pytest.mark.parametrize(
    ("split", "index", "message"),
    [
        ("validation", 0, "no split 'validation'; there are: train, test"),
        ("train", 3, "split 'train' has the shards 0 to 2, there is no 3"),
        ("test", -1, "there is no -1"),
    ],
)
def test_unknown_shard_is_named(dataset: ShardedDataset, split: str, index: int, message: str) -> None:
    with pytest.raises(NotFoundError, match=message):
        dataset.stored_shard(split, index)


def test_every_stored_shard_is_read_once(memory: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, get, read = ShardedDataset(memory), memory.get, []

    def noted(key: str) -> StoredObject:
        read.append(key)
        return get(key)

    monkeypatch.setattr(memory, "get", noted)
    for _ in range(2):
        for index in range(3):
            dataset.stored_shard("train", index)
    assert read == [MANIFEST_KEY, *(f"data/train/{index:04}.bin.gz" for index in range(3))]


def test_stored_shard_is_the_block_compressed(dataset: ShardedDataset, memory: MemoryStore) -> None:
    stored = dataset.stored_shard("train", 1)
    assert stored.body == memory.get(SHARD).body
    assert block.encode(dataset.shard("train", 1)) == gzip.decompress(stored.body)


def test_damaged_shard_is_refused_and_named(dataset: ShardedDataset, memory: MemoryStore) -> None:
    body = bytearray(memory.get(SHARD).body)
    body[1000] ^= 1
    memory.put(SHARD, bytes(body))
    for read in (dataset.stored_shard, dataset.shard):
        with pytest.raises(CorruptDataError, match=f"{SHARD} is damaged: SHA-256 [0-9a-f]{{64}} expected"):
            read("train", 1)
    assert len(dataset.shard("train", 0)) == 1000


def test_repaired_shard_is_served_again(dataset: ShardedDataset, memory: MemoryStore) -> None:
    good = memory.get(SHARD).body
    memory.put(SHARD, good[:-1])
    with pytest.raises(CorruptDataError):
        dataset.shard("train", 1)
    memory.put(SHARD, good)
    assert len(dataset.shard("train", 1)) == 1000


def test_missing_shard_is_named(dataset: ShardedDataset, memory: MemoryStore) -> None:
    memory.delete(SHARD)
    with pytest.raises(CorruptDataError, match=f"{SHARD} is missing"):
        dataset.shard("train", 1)


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"no block", mtime=0)])
def test_shard_that_was_seeded_wrongly_is_named(dataset: ShardedDataset, memory: MemoryStore, content: bytes) -> None:
    """Its checksum is right, and it is no block all the same."""
    manifest = dataset.manifest
    first, second, *others = manifest.splits["train"]
    lying = msgspec.structs.replace(second, sha256=hashlib.sha256(content).hexdigest())
    splits = manifest.splits | {"train": (first, lying, *others)}
    memory.put(MANIFEST_KEY, msgspec.json.encode(msgspec.structs.replace(manifest, splits=splits)))
    memory.put(SHARD, content)
    with pytest.raises(CorruptDataError, match=f"{SHARD} is damaged"):
        ShardedDataset(memory).shard("train", 1)


def test_empty_store_says_what_to_do() -> None:
    with pytest.raises(UnavailableError, match="run `scrawl seed`"):
        ShardedDataset(MemoryStore()).sample("train", 1, np.random.default_rng())


def test_damaged_manifest_is_named(memory: MemoryStore) -> None:
    memory.put(MANIFEST_KEY, b"[]")
    with pytest.raises(CorruptDataError, match=f"{MANIFEST_KEY} is damaged"):
        ShardedDataset(memory).sample("train", 1, np.random.default_rng())
