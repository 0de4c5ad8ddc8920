"""Seeding: the layout of the store, and that every run writes what is missing and nothing else."""

from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest

from functions.dataset import block
from functions.dataset.shards import MANIFEST_KEY, DatasetManifest, ShardedDataset
from functions.errors import InvalidValueError, UnavailableError
from functions.models.manifest import ModelManifest
from functions.storage.memory import MemoryStore
from functions.storage.s3 import S3Store
from functions.storage.store import Store
from functions.weights.repository import WeightsRepository
from functions.weights.versions import Change
from infra.dataset.seeding import Seeded, bring_up_to_date, seed
from infra.dataset.sources import DigitSplits, Sources, load_files
from model_export.architectures import ARCHITECTURES
from tests.support.digits import idx_files

POINTER = "weights/mlp-128/current.json"


class Watched(MemoryStore):
    """A store that lists what is written, and may break down after some writes."""

    def __init__(self, copy_of: MemoryStore | None = None, breaks_after: int | None = None) -> None:
        super().__init__(copy_of)
        self.written: list[str] = []
        self.breaks_after = breaks_after

    def put(self, key: str, body: bytes, **conditions: object) -> str:
        if self.breaks_after is not None and len(self.written) >= self.breaks_after:
            raise UnavailableError("the store has gone")
        self.written.append(key)
        return super().put(key, body, **conditions)  # type: ignore[arg-type]


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> DigitSplits:
    return load_files(Sources(folder=idx_files.write(tmp_path_factory.mktemp("idx"))), quiet)


@pytest.fixture(scope="module")
def whole(small: DigitSplits) -> MemoryStore:
    """Return a store that was seeded without any trouble. It is shared: copy it before writing."""
    store = MemoryStore()
    seed(store, small)
    return store


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> Store:
    return MemoryStore() if request.param == "memory" else request.getfixturevalue("empty_bucket")


def manifest_of(store: Store) -> DatasetManifest:
    return msgspec.json.decode(store.get(MANIFEST_KEY).body, type=DatasetManifest)


def weights_of(store: Store) -> WeightsRepository:
    manifest = msgspec.json.decode(store.get("models/mlp-128/manifest.json").body, type=ModelManifest)
    return WeightsRepository(store, manifest)


def test_layout(store: Store, small: DigitSplits) -> None:
    seeded = seed(store, small)
    assert (seeded.shards, seeded.models, seeded.weights) == (3, len(ARCHITECTURES), len(ARCHITECTURES))
    keys = store.keys("")
    assert [key for key in keys if key.startswith("data/")] == [
        "data/manifest.json",
        "data/test/0000.bin.gz",
        "data/train/0000.bin.gz",
        "data/train/0001.bin.gz",
    ]
    for name in ("inference.onnx", "train_step.onnx", "manifest.json"):
        assert f"models/mlp-128/{name}" in keys
    assert "weights/mlp-128/current.json" in keys
    manifest = manifest_of(store)
    assert (manifest.dataset, manifest.shard_size, manifest.notice) == ("idx", 1000, small.notice)
    assert [shard.count for shard in manifest.splits["train"]] == [1000, 200]


def test_every_digit_is_stored_once_and_shuffled(whole: MemoryStore, small: DigitSplits) -> None:
    stored = ShardedDataset(whole)
    for split, given in small.splits.items():
        shards = [stored.shard(split, index) for index in range(len(manifest_of(whole).splits[split]))]
        labels = np.concatenate([shard.labels for shard in shards])
        pixels = np.concatenate([shard.pixels for shard in shards])
        assert not np.array_equal(labels, given.labels)
        pairs = Counter(zip(labels.tolist(), map(bytes, pixels), strict=True))
        assert pairs == Counter(zip(given.labels.tolist(), map(bytes, given.pixels), strict=True))


def test_second_run_writes_nothing(store: Store, small: DigitSplits) -> None:
    seed(store, small)
    before = {key: store.get(key) for key in store.keys("")}
    seeded = seed(store, small)
    assert (seeded.shards, seeded.models, seeded.weights) == (0, 0, 0)
    assert {key: store.get(key) for key in store.keys("")} == before


def test_second_run_puts_nothing(whole: MemoryStore, small: DigitSplits) -> None:
    store = Watched(whole)
    seed(store, small)
    assert store.written == []


@pytest.mark.parametrize("breaks_after", range(9))
def test_interrupted_run_is_completed_by_the_next(whole: MemoryStore, small: DigitSplits, breaks_after: int) -> None:
    store = Watched(breaks_after=breaks_after)
    with pytest.raises(UnavailableError):
        seed(store, small)
    first, store.breaks_after = store.written.copy(), None
    if breaks_after < 4:
        assert MANIFEST_KEY not in first  # so that nobody sees half a dataset
    store.written.clear()
    seed(store, small)
    twice = set(first) & set(store.written)
    assert all(key.startswith("weights/") for key in twice)
    assert [k for k in store.keys("") if "weights" not in k] == [k for k in whole.keys("") if "weights" not in k]
    assert store.get(MANIFEST_KEY) == whole.get(MANIFEST_KEY)


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_damaged_or_missing_shard_is_replaced(whole: MemoryStore, small: DigitSplits, damage: bytes | None) -> None:
    store = Watched(whole)
    sound = store.get("data/train/0001.bin.gz")
    store.delete("data/train/0001.bin.gz")
    if damage is not None:
        store.put("data/train/0001.bin.gz", damage)
    store.written.clear()
    seed(store, small)
    assert store.written == ["data/train/0001.bin.gz"]
    assert store.get("data/train/0001.bin.gz") == sound


def test_other_digits_replace_the_old_ones(whole: MemoryStore, small: DigitSplits) -> None:
    store = MemoryStore(whole)
    old = manifest_of(store)
    fewer = DigitSplits(
        "idx", "fewer", "", {s: block.Block(b.labels[:300], b.pixels[:300]) for s, b in small.splits.items()}
    )
    seed(store, fewer)
    assert manifest_of(store).id != old.id
    assert store.keys("data/train/") == ["data/train/0000.bin.gz"]
    assert len(ShardedDataset(store).shard("train", 0)) == 300


def test_one_changed_pixel_gives_another_id(whole: MemoryStore, small: DigitSplits) -> None:
    store = MemoryStore(whole)
    old = manifest_of(store).id
    pixels = small.splits["test"].pixels.copy()
    pixels[7, 7] ^= 1
    changed = {**small.splits, "test": block.Block(small.splits["test"].labels, pixels)}
    seed(store, DigitSplits(small.name, small.title, small.notice, changed))
    assert manifest_of(store).id != old


def test_weights_that_visitors_have_made_are_kept(whole: MemoryStore, small: DigitSplits) -> None:
    store = MemoryStore(whole)
    weights = weights_of(store)
    first = weights.current()
    assert (first.source, first.parent) == ("pretrained", None)
    made = weights.publish(Change(first.tensors, "patch", 0.5, 0.5), first.etag)
    seed(store, small)
    assert weights.current().version == made.version


@pytest.mark.parametrize("broken", ["pointer", "version", "all"])
def test_damaged_weights_are_reported_and_not_changed(whole: MemoryStore, small: DigitSplits, broken: str) -> None:
    store = Watched(whole)
    first = weights_of(store).current()
    made = weights_of(store).publish(Change(first.tensors, "patch", 1, 0.5), first.etag)
    if broken in ("pointer", "all"):
        store.put(POINTER, b"{")
    for version in {"pointer": (), "version": (made,), "all": (first, made)}[broken]:
        store.put(f"weights/mlp-128/{version.version}.safetensors", b"")
    store.written.clear()
    (notice,) = seed(store, small).notices
    assert store.written == []
    assert notice.startswith("The shared weights of mlp-128 are damaged; other models work.")
    readable = {"pointer": made, "version": first, "all": None}[broken]
    assert (readable is None) == ("scrawl weights rollback" not in notice)
    assert readable is None or f"`scrawl weights rollback {readable.version} --model mlp-128`" in notice
    assert "DELETE /weights?model=mlp-128" in notice
    assert ("weights/mlp-128/" + ("current.json" if broken != "version" else made.version)) in notice


def test_lost_pointer_is_rebuilt_with_the_newest_version(whole: MemoryStore, small: DigitSplits) -> None:
    store = MemoryStore(whole)
    first = weights_of(store).current()
    made = weights_of(store).publish(Change(first.tensors, "patch", 1, 0.5), first.etag)
    store.delete(POINTER)
    seeded = seed(store, small)
    assert (seeded.weights, seeded.notices) == (
        0,
        (f"The pointer to mlp-128's weights was missing; {made.version} is current again",),
    )
    assert [entry.version for entry in weights_of(store).history().versions] == [made.version, first.version]
    assert seed(store, small).notices == ()


@pytest.fixture
def unreachable(tmp_path: Path) -> Sources:
    """Return sources without a folder, without a cache, and without a mirror that exists."""
    return Sources(cache=tmp_path / "cache", mirrors=("http://127.0.0.1:9/",), timeout=1)


def test_stored_mnist_is_not_looked_for_again(small: DigitSplits, unreachable: Sources) -> None:
    store = MemoryStore()
    seed(store, DigitSplits("mnist", "MNIST", "", small.splits))
    before = manifest_of(store)
    said: list[str] = []
    bring_up_to_date(store, unreachable, said.append)
    assert manifest_of(store) == before
    assert said == []


def test_stand_in_digits_stay_while_there_is_no_network(small: DigitSplits, unreachable: Sources) -> None:
    store = MemoryStore()
    seed(store, DigitSplits("digits", "UCI digits", "These are not MNIST's", small.splits))
    said: list[str] = []
    bring_up_to_date(store, unreachable, said.append)
    assert said == ["Downloading MNIST (11 MB)", "NOTICE: These are not MNIST's"]
    assert manifest_of(store).dataset == "digits"


def test_stand_in_digits_make_way_for_files(small: DigitSplits, tmp_path: Path) -> None:
    store = MemoryStore()
    seed(store, DigitSplits("digits", "UCI digits", "", small.splits))
    bring_up_to_date(store, Sources(folder=idx_files.write(tmp_path / "idx")), quiet)
    assert manifest_of(store).dataset == "idx"


def test_empty_store_without_a_network_gets_the_digits_of_scikit_learn(unreachable: Sources) -> None:
    store = MemoryStore()
    said: list[str] = []
    bring_up_to_date(store, unreachable, said.append)
    assert "Of these digits the shipped mlp-128 reads" in said[-1]
    assert manifest_of(store).dataset == "digits"
    assert manifest_of(store).count("train") == 1497


def test_seeding_real_s3_protocol_leaves_a_readable_dataset(empty_bucket: S3Store, small: DigitSplits) -> None:
    seed(empty_bucket, small)
    assert len(ShardedDataset(empty_bucket).first("test", 500)) == 500


def test_any_network_can_be_shared_and_starts_untrained(small: DigitSplits) -> None:
    store, name = MemoryStore(), "conv-8_10.gelu.drop20"
    seeded = seed(store, small, [name, "mlp-128"])
    assert (seeded.models, seeded.weights) == (len(ARCHITECTURES) + 1, len(ARCHITECTURES) + 1)
    manifest = msgspec.json.decode(store.get(f"models/{name}/manifest.json").body, type=ModelManifest)
    current = WeightsRepository(store, manifest).current()
    assert (current.source, manifest.activation) == ("untrained", "gelu")
    assert 0 <= current.accuracy < 0.5
    assert seed(store, small, [name]) == Seeded()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("mlp-1024-512", r"has 1,333,770 parameters; a network to share has at most 1,173,976"),
        ("mlp-1000000000", "has a hidden layer of 1000000000 units: a network is called mlp-H1-H2-"),
        ("../mlp-128", "names no network"),
    ],
)
def test_network_that_cannot_be_shared_is_refused_before_anything_is_done(model: str, message: str) -> None:
    store = Watched()
    with pytest.raises(InvalidValueError, match=message):
        bring_up_to_date(store, Sources(), quiet, [model])
    assert store.written == []
