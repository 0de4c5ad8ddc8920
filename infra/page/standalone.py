"""Scrawl as a folder for any static host, without an API: the page, all digits, and the shipped weights, as files.

The addresses in it are relative, so that it works at any path. `site/scrawl/client/static_api.py` reads the files.
Digits are in gzip: some hosts send such files as they are, some unpacked on the way, so the page looks at the bytes.
"""

import shutil
from pathlib import Path

import msgspec

from functions import structs
from functions.dataset.shards import ShardedDataset
from functions.models.manifest import ModelManifest
from functions.storage.memory import MemoryStore
from functions.weights import safetensors
from functions.weights.int8 import to_int8
from functions.weights.repository import WeightsRepository
from functions.weights.versions import to_strings
from infra.dataset.seeding import seed
from infra.dataset.sources import DigitSplits
from infra.output import Say
from infra.page.site import build_page_without_api
from model_export.pretrained import shipped_architectures

FILES = "files"  # the folder beside the page that takes the API's place


def build_standalone(out: Path, digits: DigitSplits, say: Say = lambda _: None) -> None:
    """Build the page into `out`, with these digits and the shipped weights."""
    build_page_without_api(out)
    files = out / FILES
    shutil.rmtree(files, ignore_errors=True)
    store = MemoryStore()
    seed(store, digits)
    dataset = _write_digits(files, store)
    versions = {a.id: _write_weights(files, store, a.id) for a in shipped_architectures()}
    _write(files / "description.json", msgspec.json.encode({"dataset": dataset, "weights": versions}))
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    say(f"{out} works from any static host: {size / 1e6:.0f} MB, no API. Copy the whole folder to where it is to be.")


def _write_digits(files: Path, store: MemoryStore) -> dict[str, object]:
    """Write all blocks, and return what the page is to know of the dataset."""
    stored = ShardedDataset(store)
    manifest = stored.manifest
    splits = {}
    for split, shards in manifest.splits.items():
        splits[split] = {"count": manifest.count(split), "shards": len(shards)}
        for index, shard in enumerate(shards):
            _write(files / split / f"{index}.bin.gz", store.get(shard.key).body)
    return {"title": manifest.title, "notice": manifest.notice, "id": manifest.id, "splits": splits}


def _write_weights(files: Path, store: MemoryStore, model: str) -> str:
    """Write a model's weights, exact and in six bits, and return their version."""
    manifest = structs.decode(store.get(f"models/{model}/manifest.json").body, ModelManifest)
    version = WeightsRepository(store, manifest).current()
    known = to_strings(version) | {"source": "shipped"}
    del known["created_at"]  # it is when this folder was made, which says nothing of the weights
    _write(files / "weights" / f"{model}.safetensors", safetensors.encode(version.tensors, known))
    _write(files / "weights" / f"{model}.int6.safetensors", safetensors.encode(to_int8(version.tensors, 31), known))
    return version.version


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
