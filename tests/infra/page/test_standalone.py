"""The folder for static hosts: all that the page names is there, with all digits and the shipped weights."""

import gzip
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from functions.dataset import block
from functions.weights import safetensors
from infra.cli.main import main
from model_export import pretrained
from tests.support.digits import idx_files

pytestmark = pytest.mark.package  # it builds the page


def test_build_site_writes_a_folder_for_any_static_host(tmp_path: Path) -> None:
    out = tmp_path / "lab"
    digits = {"MNIST_DIR": str(idx_files.write(tmp_path / "idx"))}
    shown = CliRunner().invoke(main, ["build-site", "--standalone", str(out)], env=digits)
    assert shown.exit_code == 0, shown.output
    assert "works from any static host" in shown.stdout
    page = (out / "index.html").read_text("utf-8")
    addresses = re.findall(r'(?:src|href|data-(?!state)[a-z-]+)="([^"#:]+\.\w+)"', page)
    assert len(addresses) >= 10
    assert all((out / address).is_file() for address in addresses)
    dataset = json.loads((out / "files/description.json").read_bytes())["dataset"]
    for split, stored in dataset["splits"].items():
        blocks = [block.decode(gzip.decompress(path.read_bytes())) for path in out.glob(f"files/{split}/*.bin.gz")]
        assert (sum(map(len, blocks)), len(blocks)) == (stored["count"], stored["shards"])
    shapes = {name: value.shape for name, value in pretrained.load("mlp-128")[0].items()}
    for name in ("mlp-128", "mlp-128.int6"):
        read, known = safetensors.decode((out / "files/weights" / f"{name}.safetensors").read_bytes())
        assert known["source"] == "shipped"
        assert shapes.items() <= {key: value.shape for key, value in read.items()}.items()
