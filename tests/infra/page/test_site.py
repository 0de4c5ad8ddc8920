"""The built page: addresses that change with their content, compressed forms, a bundle of what is used."""

import gzip
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest

from functions.errors import InvalidValueError
from infra.page import bundle, site
from infra.page.site import build_page_without_api, build_site, transfer_size
from infra.paths import SITE


def part(out: Path, name: str) -> Path:
    """Return where a part of the page is, which must be in one place only."""
    (path,) = (out / "assets").glob(f"*/{name}")
    return path


def test_page_names_its_parts_by_their_content(built: Path) -> None:
    page = (built / "index.html").read_text("utf-8")
    for name in ("brython.js", "scrawl.js", "style.css", "kernel.wasm", "models.json"):
        address = part(built, name).relative_to(built).as_posix()
        assert f'="{address}"' in page
        assert f'="{name}"' not in page


def test_every_address_in_the_page_exists(built: Path) -> None:
    for address in re.findall(r'="(assets/[^"]+)"', (built / "index.html").read_text("utf-8")):
        assert (built / address).is_file()


def test_compressed_forms_hold_the_same(built: Path) -> None:
    plain = [path for path in built.rglob("*") if path.is_file() and path.suffix not in (".br", ".gz")]
    assert len(plain) >= 6
    for path in plain:
        assert brotli.decompress(path.with_name(path.name + ".br").read_bytes()) == path.read_bytes()
        assert gzip.decompress(path.with_name(path.name + ".gz").read_bytes()) == path.read_bytes()


def test_page_takes_410_kb_with_the_weights(built: Path) -> None:
    assert transfer_size(built) < 306_000  # the first weights, in eight bits, take 104,000


def test_page_knows_the_models_without_the_api(built: Path) -> None:
    (model,) = [m for m in json.loads(part(built, "models.json").read_text())["models"] if m["model"] == "mlp-128"]
    assert [layer["kind"] for layer in model["layers"]] == ["dense", "relu", "dense", "log_softmax"]
    assert model["parameters"][0] == {"name": "fc1.weight", "shape": [128, 784]}


def test_building_again_changes_nothing(built: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in built.rglob("*")}
    build_site(built)
    assert {path: path.stat().st_mtime_ns for path in built.rglob("*")} == before


def test_changed_part_gets_another_address_and_the_old_one_goes(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = tmp_path / "site", tmp_path / "out"
    shutil.copytree(SITE, source)
    shutil.copytree(built, out)
    monkeypatch.setattr(site, "SITE", source)
    old_style, old_script = part(out, "style.css"), part(out, "scrawl.js")
    (source / "style.css").write_text("body { color: red }")
    build_site(out)
    assert part(out, "style.css") != old_style
    assert part(out, "scrawl.js") == old_script


def test_what_is_not_the_pages_stays(built: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(built, out)
    for name in ("assets/photos/cat.jpg", "assets/logo.svg", "notes.txt"):
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text("mine")
    old = out / "assets/0123456789ab"
    old.mkdir()
    build_site(out)
    assert not old.exists()
    assert (out / "assets/photos/cat.jpg").read_text() == (out / "assets/logo.svg").read_text() == "mine"


@pytest.mark.parametrize("theirs", ["index.html", "files/thesis.pdf", "service-worker.js"])
@pytest.mark.parametrize("build", [build_site, build_page_without_api])
def test_folder_of_another_page_is_refused_untouched(
    build: Callable[[Path], None], theirs: str, tmp_path: Path
) -> None:
    (tmp_path / theirs).parent.mkdir(exist_ok=True)
    (tmp_path / theirs).write_text("<title>my own page</title>")
    with pytest.raises(InvalidValueError, match="not Scrawl's: name a new folder"):
        build(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / theirs]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for folder in ("app", "worker", "ui", "late"):
        (tmp_path / "scrawl" / folder).mkdir(parents=True)
    for name, source in {
        "__init__": "",
        "app/__init__": "",
        "app/main": "from browser import timer\nfrom scrawl.ui import bars\n",
        "worker/__init__": "",
        "worker/main": "from .. import shared\n",
        "shared": "",
        "app/feature_loader": 'FEATURES: list = ["scrawl.late"]\n',
        "worker/features": "from scrawl import shared\nfrom scrawl.late import answers\n",
        "late/__init__": "from scrawl.late import views\nfrom scrawl.ui import bars\n",
        "late/views": "import colorsys\n",
        "late/answers": "",
        "unused": "import random\n",
        "ui/__init__": "",
        "ui/bars": "from ..shared import nothing\n",
    }.items():
        (tmp_path / "scrawl" / f"{name}.py").write_text(source)
    return tmp_path / "scrawl"


def modules(script: str) -> dict[str, list[object]]:
    """Return what a bundle brings in."""
    found = re.search(r"update_VFS\((.*)\)\n", script)
    assert found
    return {name: entry for name, entry in json.loads(found[1]).items() if not name.startswith("$")}


def test_bundle_holds_what_is_imported_and_no_more(package: Path) -> None:
    assert set(modules(bundle.bundles(package)[0])) == {
        *("browser", "browser.timer"),
        *("scrawl", "scrawl.app", "scrawl.app.main", "scrawl.worker", "scrawl.worker.main"),
        *("scrawl.shared", "scrawl.ui", "scrawl.ui.bars"),
    }


def test_second_bundle_has_what_is_loaded_later_and_is_not_in_the_first(package: Path) -> None:
    assert set(modules(bundle.bundles(package)[1])) == {
        "colorsys",
        *("scrawl.worker.features", "scrawl.late", "scrawl.late.views", "scrawl.late.answers"),
    }


def test_bundle_depends_on_the_sources_alone(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bundle.bundles(package)
    assert bundle.bundles(package) == first
    monkeypatch.setattr(bundle, "BUILD", tmp_path / "build")  # nothing is cached there
    assert bundle.bundles(package) == first
    (package / "shared.py").write_text("changed = True\n")
    changed = bundle.bundles(package)
    assert (changed[0] == first[0], changed[1] == first[1]) == (False, True)


def test_mistake_in_a_module_ends_the_build_and_is_named(package: Path) -> None:
    (package / "shared.py").write_text("def f():\n    nonlocal nothing\n")
    with pytest.raises(Exception, match=r"scrawl\.shared.*nothing"):
        bundle.bundles(package)


def test_runtime_has_all_that_compiled_code_calls_and_no_compiler(built: Path) -> None:
    runtime = part(built, "brython.js").read_text("utf-8")
    given = set(re.findall(r"\$B\.([\w$]+) *=|[{,\n]([\w$]+):", runtime))
    for name in ("scrawl.js", "scrawl-later.js"):
        called = set(re.findall(r"\$B\.([\w$]+)\(", part(built, name).read_text("utf-8")))
        assert called - {name for names in given for name in names} == set()
    assert "$B.Parser=" not in runtime


def test_pages_bundle_keeps_out_the_heavy_library(built: Path) -> None:
    names = set(modules(part(built, "scrawl.js").read_text("utf-8")))
    assert not names & {"random", "re", "json", "typing", "dataclasses", "collections", "enum"}
