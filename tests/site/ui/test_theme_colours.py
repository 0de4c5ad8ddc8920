"""The colours of canvases: the style's, and others where it has none."""

from types import SimpleNamespace

import pytest
from scrawl.ui import theme_colours as module
from scrawl.ui.theme_colours import LIGHT, theme_colours

from infra.paths import SITE
from tests.support.fake_browser import document, window


def style(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    computed = SimpleNamespace(getPropertyValue=lambda name: values.get(name, ""))
    monkeypatch.setattr(document, "documentElement", None, raising=False)
    monkeypatch.setattr(window, "getComputedStyle", lambda _element: computed, raising=False)


def test_colours_are_those_of_the_style(monkeypatch: pytest.MonkeyPatch) -> None:
    style(monkeypatch, {"--ink": " #ABCDEF "})
    assert theme_colours(["ink"]) == {"ink": "#ABCDEF"}


@pytest.mark.parametrize("value", ["", "#fff", "red", "#12345g", "rgb(1, 2, 3)"])
def test_colour_that_is_missing_or_of_another_form_has_a_default(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    style(monkeypatch, {"--ink": value})
    assert theme_colours(["ink"]) == {"ink": LIGHT["ink"]}
    assert set(theme_colours()) == set(LIGHT)


def test_defaults_are_the_light_theme_of_the_style() -> None:
    sheet = (SITE / "style.css").read_text("utf-8")
    light = sheet[: sheet.index('[data-theme="dark"]')]
    assert [name for name, colour in module.LIGHT.items() if f"--{name}: {colour};" not in light] == []
