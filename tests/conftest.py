"""What several test files need: a small seeded store, made once, and the API over a copy of it in memory or on S3."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from functions import aws
from functions.dataset import shards
from functions.dataset.block import Block
from functions.models import model
from functions.storage.memory import MemoryStore
from functions.storage.s3 import S3Store
from functions.storage.store import Store
from functions.weights.versions import Version
from infra.dataset import seeding
from infra.dataset.seeding import seed
from infra.dataset.sources import DigitSplits, Sources, load_files, scikit_learn_digits
from infra.files import locked
from infra.page.site import build_site
from infra.paths import BUILD, SITE_BUILD
from tests.support import markers
from tests.support.api import BUCKET, Api, serving
from tests.support.digits import idx_files
from tests.support.examined_once import (
    RememberingEvaluator,
    remembered_classifier,
    remembered_shard,
    remembered_trainer,
    remembering_export,
)
from tests.support.made_once import made_once
from tests.support.servers.running_stack import seed_folder

TRAIN, TEST = 3000, 2000  # digits: quick to store, and as many to test on as the API measures with


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its markers, and run the files first whose tests take long: a worker is left idle otherwise."""
    for item in items:
        markers.mark(item)
    slow = {item.path for item in items if any(map(item.get_closest_marker, markers.SLOW))}
    items.sort(key=lambda item: item.path not in slow)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a test after how many bytes it gets: those of gzip hold the time, which differs between workers."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


@pytest.fixture(scope="session", autouse=True)
def aws_environment() -> Iterator[None]:
    """Keep the tests away from anyone's real account."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def shipped_weights_are_examined_once() -> Iterator[None]:
    """Let whoever seeds a store know how good the shipped weights are, and their graphs, once that has been found."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seeding, "Evaluator", RememberingEvaluator)
        patch.setattr(seeding, "export", remembering_export)
        yield


@pytest.fixture(scope="module")
def networks_are_loaded_once() -> Iterator[None]:
    """Let services share what they make of the same graphs, weights and shards; they read the store as ever."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "Classifier", remembered_classifier)
        patch.setattr(model, "Trainer", remembered_trainer)
        patch.setattr(model, "Evaluator", RememberingEvaluator)
        patch.setattr(shards, "decode_shard", remembered_shard)
        yield


@pytest.fixture(autouse=True)
def surroundings() -> Iterator[None]:
    """Give each test the environment that the one before had found: commands change that of their process."""
    before = dict(os.environ)
    yield
    if os.environ != before:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def digits() -> DigitSplits:
    """Return 3,000 digits to train on and 2,000 to test on: MNIST's where MNIST_DIR is set, else scikit-learn's."""
    if folder := os.environ.get("MNIST_DIR"):
        whole = load_files(Sources(folder=Path(folder)), lambda _: None)
        splits = {"train": _first(whole.splits["train"], TRAIN), "test": _first(whole.splits["test"], TEST)}
        return DigitSplits("mnist", "MNIST, a part", "", splits)
    whole = scikit_learn_digits()
    splits = {split: _shifted(whole.splits[split], count) for split, count in (("train", TRAIN), ("test", TEST))}
    return DigitSplits("digits", whole.title, whole.notice, splits)


@pytest.fixture(scope="session")
def mnist(digits: DigitSplits) -> None:
    """Skip a test of how well the shipped weights read where there are only the UCI digits, which they never saw."""
    if digits.name != "mnist":
        pytest.skip("the shipped weights have not learned the UCI digits: set MNIST_DIR")


@pytest.fixture(scope="session")
def seeded(digits: DigitSplits, shipped_weights_are_examined_once: None) -> MemoryStore:  # noqa: ARG001
    """Return a seeded store. It is shared: copy it before writing."""
    store = MemoryStore()
    seed(store, digits)
    return store


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the built page. It is shared: copy it before writing."""
    return made_once(tmp_path_factory, "site", _copy_built_page)


@pytest.fixture(scope="session")
def seeded_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the data directory of a stack, with MNIST. It is shared: pass it to `RunningStack` as `copy_of`."""
    return made_once(tmp_path_factory, "seeded", seed_folder)


@pytest.fixture(scope="session")
def small_seeded_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one with 1,700 made-up digits."""
    digits = str(idx_files.write(tmp_path_factory.mktemp("idx")))
    return made_once(tmp_path_factory, "seeded-small", lambda folder: seed_folder(folder, MNIST_DIR=digits))


@pytest.fixture
def empty() -> MemoryStore:
    """Return an empty store in memory."""
    return MemoryStore()


@pytest.fixture
def memory(seeded: MemoryStore) -> MemoryStore:
    """Return a seeded store in memory of the test's own."""
    return MemoryStore(seeded)


@pytest.fixture(scope="session")
def s3_client(aws_environment: None) -> Any:  # noqa: ARG001 — it must come first
    """Return a client, which takes long to make; moto answers it in every test that asks for a bucket."""
    import moto.core  # noqa: F401 — moto answers only clients made later; importing it takes seconds, so only here

    return aws.client("s3")


@pytest.fixture
def empty_bucket(s3_client: Any) -> Iterator[S3Store]:
    """Return an empty bucket on moto's S3."""
    from moto import mock_aws

    with mock_aws():
        s3_client.create_bucket(Bucket=BUCKET)
        yield S3Store(s3_client, BUCKET)


@pytest.fixture
def bucket(empty_bucket: S3Store, seeded: MemoryStore) -> S3Store:
    """Return a seeded bucket on moto's S3."""
    copy(seeded, empty_bucket)
    return empty_bucket


@pytest.fixture
def api(memory: MemoryStore, networks_are_loaded_once: None) -> Iterator[Api]:  # noqa: ARG001 — it makes it quick
    """Return the API over a seeded store in memory."""
    with serving(memory) as served:
        yield served


@pytest.fixture
def current(api: Api) -> Version:
    """Return the weights that mlp-128 has at first."""
    return api.service.model("mlp-128").weights.current()


@pytest.fixture
def unchanged(api: Api, memory: MemoryStore) -> Iterator[None]:
    """Check that a test leaves the pointer and every version as they were."""
    before = {key: memory.get(key).etag for key in memory.keys("weights/")}
    yield
    assert {key: memory.get(key).etag for key in memory.keys("weights/")} == before
    assert api("GET", "/weights").status_code == 200


def copy(source: MemoryStore, target: Store) -> None:
    """Copy every object."""
    for key in source.keys(""):
        target.put(key, source.get(key).body)


def _copy_built_page(folder: Path) -> None:
    """Bring the page that `scrawl serve` builds up to date, and copy it: compressing it again takes seconds."""
    with locked(BUILD / "site.lock"):
        build_site(SITE_BUILD)
        shutil.copytree(SITE_BUILD, folder)


def _first(block: Block, count: int) -> Block:
    return Block(block.labels[:count], block.pixels[:count])


def _shifted(block: Block, count: int) -> Block:
    """Return `count` digits, of which those beyond the given ones are theirs moved by a pixel."""
    random = np.random.default_rng(0)
    places = np.arange(count) % len(block)
    pictures = block.pixels[places].reshape(count, 28, 28)
    moves = random.integers(-1, 2, (count, 2)) * (np.arange(count) >= len(block))[:, None]
    moved = [np.roll(picture, move, (0, 1)) for picture, move in zip(pictures, moves, strict=True)]
    return Block(block.labels[places], np.stack(moved).reshape(count, -1))
