"""Fills a store with what the API serves: the dataset's shards, the models' graphs, the first weights.

Every step first looks at what is there: a second run writes nothing, and a run completes an interrupted one. A
manifest is written after everything it names. `infra.dataset.sources` finds the digits.
"""

import gzip
import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import msgspec
import numpy as np
from tqdm import tqdm

from functions import structs
from functions.dataset import block
from functions.dataset import shards as dataset
from functions.dataset.block import Block
from functions.dataset.shards import DatasetManifest, Digits, Shard
from functions.errors import ConflictError, CorruptDataError, InvalidValueError, NotFoundError, UnavailableError
from functions.models.evaluation import Evaluator
from functions.models.inference import Classifier
from functions.models.manifest import ModelManifest
from functions.service import TEST_DIGITS
from functions.storage.store import Store
from functions.weights.repository import WeightsRepository
from functions.weights.versions import Change
from infra.dataset import shared_networks
from infra.dataset.download import DownloadError
from infra.dataset.legibility import legibility
from infra.dataset.sources import DigitSplits, Sources, load_dataset, load_files
from infra.output import Say
from model_export.export import export
from model_export.pretrained import shipped_architectures

SHARD_SIZE = 1000
SPLITS = ("train", "test")
_LAYOUT = b"1"  # of the shards; another one gives every dataset another id

_CONTENT_TYPES = {"json": "application/json", "onnx": "application/vnd.onnx"}


@dataclass(frozen=True)
class Seeded:
    """What a run wrote."""

    shards: int = 0
    models: int = 0
    weights: int = 0
    notices: tuple[str, ...] = ()  # about weights that somebody should look at

    def __str__(self) -> str:
        return f"{self.shards} shards of digits, {self.models} models, first weights of {self.weights}"


def bring_up_to_date(store: Store, sources: Sources, say: Say, models: Sequence[str] = ()) -> None:
    """Seed a store that may have been seeded before; say what was written, and which weights are damaged.

    `models` are networks to share besides those that Scrawl ships.

    Raises:
        DataError: when MNIST_DIR names files that cannot be used.
        InvalidValueError: when one of the models is no network, too large, or imported.
    """
    shared_networks.check(models)
    digits = _wanted_digits(store, sources, say)
    seeded = seed(store, digits, models)
    if replace(seeded, notices=()) != Seeded():
        say(f"Stored: {seeded}")
    if digits and digits.name != "mnist" and seeded.shards:  # MNIST's checksums say more than any reading
        say(legibility(digits))
    for notice in seeded.notices:
        say(f"NOTICE: {notice}")


def _wanted_digits(store: Store, sources: Sources, say: Say) -> DigitSplits | None:
    """Return the digits to store; None when the stored ones are to stay. MNIST that is stored needs no network."""
    stored = stored_dataset(store) if sources.folder is None else None
    if stored is None:
        return load_dataset(sources, say)
    if stored.dataset == "mnist":
        return None
    try:
        return load_files(replace(sources, timeout=2.0), say)
    except DownloadError:
        say(f"NOTICE: {stored.notice}")
        return None


def seed(store: Store, digits: DigitSplits | None, others: Sequence[str] = ()) -> Seeded:
    """Store what is missing, damaged or different; without `digits`, the dataset stays as it is.

    Shared weights are never replaced, even if they are damaged: then a notice says so.
    """
    shards = seed_dataset(store, digits) if digits else 0
    models = list(dict.fromkeys([*(architecture.id for architecture in shipped_architectures()), *others]))
    written = sum(_seed_model(store, model) for model in models)
    weights = [_seed_weights(store, model) for model in models]
    return Seeded(shards, written, sum(new for new, _ in weights), tuple(notice for _, notice in weights if notice))


def stored_dataset(store: Store) -> DatasetManifest | None:
    """Return the manifest of the dataset that is stored whole and undamaged; None if there is none."""
    stored = dataset.ShardedDataset(store)
    try:
        for split, shards in stored.manifest.splits.items():
            for index in range(len(shards)):
                stored.stored_shard(split, index)
        return stored.manifest
    except (UnavailableError, CorruptDataError):
        return None


def seed_dataset(store: Store, digits: DigitSplits) -> int:
    """Store the shards that are missing, damaged or different, then the manifest; return how many were written."""
    identity = _identity(digits)
    known = _known_shards(store, identity)
    parts = list(_planned_shards(digits))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda part: _store_shard(store, part, known.get(part.key)), parts)
        stored = list(tqdm(results, "Storing digits", len(parts), disable=None, delay=1, leave=False))
    splits = {
        split: tuple(s for p, (s, _) in zip(parts, stored, strict=True) if p.split == split) for split in SPLITS
    }
    manifest = DatasetManifest(digits.name, digits.title, digits.notice, identity, SHARD_SIZE, splits)
    _put_if_different(store, dataset.MANIFEST_KEY, msgspec.json.encode(manifest))
    kept = {dataset.MANIFEST_KEY, *(part.key for part in parts)}
    for key in set(store.keys("data/")) - kept:
        store.delete(key)
    return sum(written for _, written in stored)


@dataclass(frozen=True)
class _PlannedShard:
    """What one shard must hold."""

    split: str
    key: str
    content: Block


def _planned_shards(digits: DigitSplits) -> Iterator[_PlannedShard]:
    for split in SPLITS:
        whole = digits.splits[split]
        order = np.random.default_rng(0).permutation(len(whole))
        for index, start in enumerate(range(0, len(order), SHARD_SIZE)):
            places = order[start : start + SHARD_SIZE]
            content = Block(whole.labels[places], whole.pixels[places])
            yield _PlannedShard(split, f"data/{split}/{index:04}.bin.gz", content)


def _store_shard(store: Store, part: _PlannedShard, known: Shard | None) -> tuple[Shard, bool]:
    """Return a shard's entry in the manifest, and whether it had to be written."""
    present = _get(store, part.key)
    if known is not None and present is not None and hashlib.sha256(present).hexdigest() == known.sha256:
        return known, False
    body = gzip.compress(block.encode(part.content), 6, mtime=0)
    shard = Shard(part.key, len(part.content), len(body), hashlib.sha256(body).hexdigest())
    if present == body:
        return shard, False
    store.put(part.key, body, content_type="application/gzip")
    return shard, True


def _identity(digits: DigitSplits) -> str:
    """Return a hash of everything that goes into the shards: it changes whenever one of them would."""
    total = hashlib.sha256(_LAYOUT + digits.name.encode() + SHARD_SIZE.to_bytes(4))
    for split in SPLITS:
        content = digits.splits[split]
        total.update(split.encode() + content.labels.tobytes() + content.pixels.tobytes())
    return total.hexdigest()[:16]


def _known_shards(store: Store, identity: str) -> dict[str, Shard]:
    """Return the stored manifest's shards by key, provided that it is about these digits."""
    try:
        manifest = dataset.ShardedDataset(store).manifest
    except (UnavailableError, CorruptDataError):
        return {}
    return {s.key: s for shards in manifest.splits.values() for s in shards} if manifest.id == identity else {}


def is_imported(manifest: bytes) -> bool:
    """Return whether a stored manifest is an imported model's; a damaged one counts as ours, and is replaced."""
    try:
        return structs.decode(manifest, ModelManifest).interface is not None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def _seed_model(store: Store, model: str) -> bool:
    """Store a model's graphs, then its manifest; return whether anything had to be written."""
    present = _get(store, f"models/{model}/manifest.json")
    if present and is_imported(present):
        raise InvalidValueError(f"{model!r} is an imported model here; another cannot have its name", "model")
    files = export(model, shared_networks.first_weights(model)[0])
    manifest = files.pop("manifest.json")
    written = [_put_if_different(store, f"models/{model}/{name}", body) for name, body in files.items()]
    return any([*written, _put_if_different(store, f"models/{model}/manifest.json", manifest)])


def _seed_weights(store: Store, model: str) -> tuple[bool, str]:
    """Publish first weights of a model that has none; return whether that was needed, and a notice or ""."""
    manifest = structs.decode(store.get(f"models/{model}/manifest.json").body, ModelManifest)
    weights = WeightsRepository(store, manifest)
    try:
        weights.current()
    except CorruptDataError as error:
        return False, _damaged(model, weights, error)
    except NotFoundError:
        return _first_weights(store, model, weights)
    return False, ""


def _damaged(model: str, weights: WeightsRepository, error: CorruptDataError) -> str:
    """Return the notice about damaged weights, with what repairs them."""
    intact = weights.newest_readable()
    version = "" if intact is None else f"`scrawl weights rollback {intact.version} --model {model}` or "
    return (
        f"The shared weights of {model} are damaged; other models work. {version}"
        f"a retraining (DELETE /weights?model={model}) repairs that. {error}"
    )


def _first_weights(store: Store, model: str, weights: WeightsRepository) -> tuple[bool, str]:
    """Publish first weights; where only the pointer is missing, make the newest version current instead."""
    try:
        if restored := weights.restore():
            return False, f"The pointer to {model}'s weights was missing; {restored.version} is current again"
        first, source = shared_networks.first_weights(model)
        digits = Digits.of(dataset.ShardedDataset(store).first("test", TEST_DIGITS))
        graph = store.get(f"models/{model}/inference.onnx").body
        found = Evaluator(lambda tensors: Classifier(graph, tensors), lambda: digits).examine(first).measure
        weights.publish(Change(first, source, found.loss, found.accuracy, **found.calibration._asdict()))
    except ConflictError:  # another process has just done the same
        return False, ""
    return True, ""


def _put_if_different(store: Store, key: str, body: bytes) -> bool:
    if _get(store, key) == body:
        return False
    store.put(key, body, content_type=_CONTENT_TYPES.get(key.rpartition(".")[2], "application/octet-stream"))
    return True


def _get(store: Store, key: str) -> bytes | None:
    try:
        return store.get(key).body
    except NotFoundError:
        return None
