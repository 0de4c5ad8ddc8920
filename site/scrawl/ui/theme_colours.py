"""The theme's colours, as the style's variables name them, for what is painted on canvases.

A variable that the style lacks, or does not write as #rrggbb, has the light theme's value: it may not have come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document
from browser import self as window

if TYPE_CHECKING:
    from collections.abc import Iterable

# The light theme's, by the variable's name without its dashes.
LIGHT = {
    "ink": "#1e2430",
    "muted": "#5d6370",
    "line": "#e0dacd",
    "line-strong": "#8b8577",
    "paper": "#f5f2eb",
    "sunken": "#f0ece3",
    "surface": "#fffdf8",
    "accent": "#2a4bb5",
    "on-accent": "#ffffff",
    "positive": "#c8560c",
    "negative": "#2a5bd0",
}


def theme_colours(names: Iterable[str] = LIGHT) -> dict[str, str]:
    """Return the colours of these names, each as #rrggbb."""
    style = window.getComputedStyle(document.documentElement)
    found = {name: str(style.getPropertyValue(f"--{name}")).strip() for name in names}
    return {name: colour if _is_hex(colour) else LIGHT[name] for name, colour in found.items()}


def _is_hex(colour: str) -> bool:
    return len(colour) == 7 and colour[0] == "#" and all(digit in "0123456789abcdefABCDEF" for digit in colour[1:])
