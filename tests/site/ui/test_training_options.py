"""The training card's further options: a field for each setting, progress through the epoch, and others' speeds."""

import re
from html.parser import HTMLParser

import pytest
from scrawl.state.settings import SETTINGS
from scrawl.ui import training_options
from scrawl.ui.training_options import OURS, SPEEDS, compare_speeds

from infra.paths import ROOT


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.described: list[str] = []
        self.labelled: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        found = {name: value or "" for name, value in attrs}
        self.ids += [found["id"]] if "id" in found else []
        self.described += found.get("aria-describedby", "").split()
        self.labelled += [found["for"]] if "for" in found else []


def test_form_has_a_labelled_and_explained_field_for_each_setting() -> None:
    elements = Elements()
    elements.feed(training_options.form_html())
    assert len(set(elements.ids)) == len(elements.ids)
    assert set(elements.described) <= set(elements.ids)
    for name in SETTINGS:
        if name not in ("batch_size", "learning_rate", "cache_size"):  # which stand in index.html
            assert training_options.id_of(name) in elements.ids
            assert training_options.id_of(name) in elements.labelled


def test_progress_through_the_epoch_is_shown_in_words() -> None:
    assert training_options.epoch_text(0.0, False) == "Epoch 1 has not started"
    assert training_options.epoch_text(0.0, True) == "Epoch 1 starts"
    assert training_options.epoch_text(2.25, True) == "Epoch 3, 25% through"


def test_speeds_are_those_of_the_benchmarks() -> None:
    text = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    text = text[text.index("## Training in the tab") :]
    heads = [cell.strip() for cell in _cells(r"\| \| (Scrawl \|.*)\|", text)]
    for model, speeds in SPEEDS.items():
        row = _cells(rf"\| `{model}` \|(.*)\|", text)
        figures = {head: re.match(r" ([\d,]+)", cell) for head, cell in zip(heads, row, strict=False)}
        assert dict(speeds) == {head: int(found[1].replace(",", "")) for head, found in figures.items() if found}


def test_own_speed_comes_first_and_bars_share_a_scale() -> None:
    rows = compare_speeds("mlp-128", 698_000.0)
    assert [row[0] for row in rows[:2]] == ["This tab, now", f"{OURS}, there"]
    assert rows[0][2] == 1.0
    assert rows[1][2] == pytest.approx(0.5)
    assert compare_speeds("twin", 1.0) == []


def _cells(row: str, text: str) -> list[str]:
    found = re.search(row, text)
    assert found, row
    return found[1].split("|")
