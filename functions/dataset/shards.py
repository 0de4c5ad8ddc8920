"""The seeded dataset: its manifest, whole shards as stored, random samples, and a split's first digits.

Every shard is checked when it is read. `infra.dataset.seeding` writes the manifest and the shards.
"""

import gzip
import hashlib
import logging
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from functions import structs
from functions.cache import Cache
from functions.dataset import block
from functions.dataset.block import Block
from functions.errors import CorruptDataError, FormatError, NotFoundError, UnavailableError
from functions.storage.damage import damage_named
from functions.storage.store import Store

MANIFEST_KEY = "data/manifest.json"
_DECODED = 72  # shards kept in memory: all 70 of MNIST, 57 MB
_STORED = 72  # shards kept as stored, all of MNIST in 12 MB: browsers soon ask for what another has just fetched
_AT_ONCE = 8  # shards read by `first`: a retraining waits for all of them

log = logging.getLogger("scrawl")


class Shard(msgspec.Struct, frozen=True):
    """An entry of the manifest: a stored block, gzip bytes at `key`, with the SHA-256 of those bytes."""

    key: str
    count: int
    bytes: int
    sha256: str


class DatasetManifest(msgspec.Struct, frozen=True):
    """A seeded dataset. `id` changes whenever any shard does; `notice` is empty for the real MNIST."""

    dataset: str
    title: str
    notice: str
    id: str
    shard_size: int
    splits: dict[str, tuple[Shard, ...]]  # train, test

    def count(self, split: str) -> int:
        """Return how many samples a split has."""
        return sum(shard.count for shard in self.splits[split])


@dataclass(frozen=True)
class StoredShard:
    """A shard as it lies in the store: gzip bytes whose checksum was right."""

    body: bytes
    sha256: str


@dataclass(frozen=True)
class Digits:
    """N labelled digits as the networks take them."""

    images: NDArray[np.float32]  # (N, 784), 0..1
    labels: NDArray[np.int64]  # (N,), 0..9

    @classmethod
    def of(cls, source: Block) -> "Digits":
        """Return a block's digits."""
        return cls(source.images(), source.labels.astype(np.int64))

    def __len__(self) -> int:
        return len(self.labels)


class ShardedDataset:
    """A dataset in a store. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._manifest: DatasetManifest | None = None
        self._decoded: Cache[str, Block] = Cache(_DECODED)
        self._stored: Cache[str, StoredShard] = Cache(_STORED)

    @property
    def manifest(self) -> DatasetManifest:
        """Return the manifest, read once.

        Raises:
            UnavailableError: when nothing has been seeded yet, saying what to do.
        """
        if self._manifest is None:
            self._manifest = _read_manifest(self._store)
            log.info("dataset found", extra=_described(self._manifest))
        return self._manifest

    def stored_shard(self, split: str, index: int) -> StoredShard:
        """Return a shard's gzip bytes.

        Raises:
            NotFoundError: when there is no such split or index, saying which there are.
            CorruptDataError: when the bytes are not those that were seeded.
        """
        shard = self._shard(split, index)
        return self._stored.get(shard.sha256, lambda: self._fetch(shard))

    def shard(self, split: str, index: int) -> Block:
        """Return a shard, decoded; raises as `stored_shard` does."""
        shard = self._shard(split, index)
        return self._decoded.get(shard.sha256, lambda: decode_shard(shard, self._fetch(shard).body))

    def sample(self, split: str, count: int, random: "np.random.Generator") -> Block:
        """Return `count` different random digits, out of as few random shards as hold so many.

        The shards are shuffled when they are made, so that each is as good a sample as any. (The annotation is a
        string because `numpy.random` is loaded at first use, and no prediction needs it.)
        """
        chosen: list[Block] = []
        for index in random.permutation(len(self._shards(split))):
            chosen.append(self.shard(split, int(index)))
            if sum(map(len, chosen)) >= count:
                break
        together = _concatenate(chosen)
        places = random.choice(len(together), min(count, len(together)), replace=False, shuffle=False)
        return Block(together.labels[places], together.pixels[places])

    def first(self, split: str, count: int) -> Block:
        """Return a split's first shards, as many as hold `count` digits, or all there are, several read at once."""
        held = accumulate((shard.count for shard in self._shards(split)), initial=0)
        indices = [index for index, (before, _) in enumerate(pairwise(held)) if before < count]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return _concatenate(list(pool.map(lambda index: self.shard(split, index), indices)))

    def _shards(self, split: str) -> tuple[Shard, ...]:
        splits = self.manifest.splits
        if split not in splits:
            raise NotFoundError(f"there is no split {split!r}; there are: {', '.join(splits)}")
        return splits[split]

    def _shard(self, split: str, index: int) -> Shard:
        shards = self._shards(split)
        if not 0 <= index < len(shards):
            raise NotFoundError(f"split {split!r} has the shards 0 to {len(shards) - 1}, there is no {index}")
        return shards[index]

    def _fetch(self, shard: Shard) -> StoredShard:
        log.debug("shard loaded", extra={"key": shard.key, "digits": shard.count})
        try:
            body = self._store.get(shard.key).body
        except NotFoundError as error:
            raise CorruptDataError(f"shard {shard.key} is missing") from error
        found = hashlib.sha256(body).hexdigest()
        if found != shard.sha256:
            raise CorruptDataError(f"shard {shard.key} is damaged: SHA-256 {shard.sha256} expected, {found} found")
        return StoredShard(body, found)


def _read_manifest(store: Store) -> DatasetManifest:
    try:
        with damage_named(MANIFEST_KEY):
            return structs.decode(store.get(MANIFEST_KEY).body, DatasetManifest)
    except NotFoundError as error:
        raise UnavailableError(
            f"no dataset has been seeded: there is no {MANIFEST_KEY}; run `scrawl seed`"
        ) from error


def _described(manifest: DatasetManifest) -> dict[str, object]:
    digits = {split: manifest.count(split) for split in manifest.splits}
    return {"dataset": manifest.dataset, "id": manifest.id, **digits}


def decode_shard(shard: Shard, body: bytes) -> Block:
    """Return the digits of a shard's gzip bytes; raise `CorruptDataError` where they are not what it should hold."""
    try:
        decoded = block.decode(gzip.decompress(body))
    except (FormatError, OSError, EOFError, zlib.error) as error:
        raise CorruptDataError(f"shard {shard.key} is damaged: {error}") from error
    if len(decoded) != shard.count:
        raise CorruptDataError(f"shard {shard.key} should hold {shard.count} digits, it holds {len(decoded)}")
    return decoded


def _concatenate(blocks: list[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    return Block(np.concatenate([b.labels for b in blocks]), np.concatenate([b.pixels for b in blocks]))
