"""The page's URL fragment: the network, all settings, the pen, and the weights that a run started from. Pure.

It is what follows the #, as in `#model=conv-32-64&optimizer=adam&weights=new`; defaults are left out. The same URL
gives the same curve on one machine, once it names the weights: `new` (from the seed), or a shared version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.drawing.tool_state import PENS
from scrawl.net import names
from scrawl.net.names import UnknownNetworkError
from scrawl.state import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrawl.net.interfaces import LayerDescription, NetworkDescription
    from scrawl.state.app_state import State
    from scrawl.state.settings import Value

NEW = "new"


class UrlRequest:
    """What a URL asks for. `problems` has a sentence about each thing in it that cannot be used."""

    def __init__(self) -> None:
        self.model = ""  # the default one
        self.typed: dict[str, Value] = {}  # setting → value
        self.pen = ""  # the default one
        self.normalising = True
        self.weights = ""  # NEW, or a version; "" for those that come anyway
        self.problems: list[str] = []


def fields_of(state: State) -> dict[str, str]:
    """Return the fields, name → text, of the URL of this state."""
    fields = {}
    if state.models and state.model != state.models[0]["model"]:
        fields["model"] = state.model
    for name, value in state.typed.items():
        if name != "cores":  # this device's own: results do not depend on it
            fields[name] = settings.text_of(name, value)
    pen = next((name for name, width in PENS.items() if width == state.drawing.pen), "medium")
    if pen != "medium":
        fields["pen"] = pen
    if not state.tools.normalising:
        fields["normalise"] = "off"
    record = state.record
    if record.origin == "random":
        fields["weights"] = NEW
        fields["seed"] = str((record.run_settings or state.settings)["seed"])
    elif record.iteration and record.version.get("version"):
        fields["weights"] = record.version["version"]
    return fields


def known_fields(pairs: Sequence[tuple[str, str]]) -> tuple[dict[str, str], list[str]]:
    """Return the fields, name → text, that a URL may have, and a sentence about each that it may not.

    Only known names become keys: Brython's dictionaries break by some, such as hasOwnProperty.
    """
    names = [*settings.SETTINGS, "pen", "normalise", "weights", "model", "room"]  # a room is joined by `together`
    problems = [f"There is no setting {name[:40]}." for name, _text in pairs if name not in names]
    return {name: text for name, text in pairs if name in names}, problems


def parse(fields: dict[str, str], models: list[NetworkDescription]) -> UrlRequest:
    """Return what the fields of a URL, name → text, ask for; a wrong one is left out and becomes a problem."""
    request = UrlRequest()
    layers: Sequence[LayerDescription] = models[0]["layers"] if models else []
    if "model" in fields:
        request.model, layers = _network(request, fields["model"], models)
    limits = settings.limits_for(layers)
    for name, text in fields.items():
        if name in settings.SETTINGS:
            value, problem = settings.check_setting(name, text, limits)
            if problem:
                request.problems.append(problem.removesuffix(" " + settings.KEEPS))
            elif value is not None:
                request.typed[name] = value
        elif name == "pen":
            request.pen = _choice(request, "pen", text, list(PENS))
        elif name == "normalise":
            request.normalising = text != "off"
        elif name == "weights":
            request.weights = _weights(request, text)
    return request


def is_version(text: str) -> bool:
    """Tell whether a text looks like the name of a version of shared weights."""
    return bool(text) and len(text) < 80 and all(part.isalnum() for part in text.split("-"))


def _network(
    request: UrlRequest, text: str, models: list[NetworkDescription]
) -> tuple[str, Sequence[LayerDescription]]:
    """Return the network that is asked for, else no name; and the layers of that network or of the first one."""
    for model in models:
        if model["model"] == text:
            return text, model["layers"]
    try:
        return text, names.parse(text).layers()
    except UnknownNetworkError as error:
        request.problems.append(f"{error}.")
        return "", models[0]["layers"] if models else []


def _choice(request: UrlRequest, name: str, text: str, choices: list[str]) -> str:
    if text in choices:
        return text
    request.problems.append(f"The {name} is one of {', '.join(choices)}, got {text}.")
    return ""


def _weights(request: UrlRequest, text: str) -> str:
    if text == NEW or is_version(text):
        return text
    request.problems.append(f"The weights are new or a version, got {text}.")
    return ""
