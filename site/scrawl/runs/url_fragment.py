"""What the page's address says: the network, all settings, the pen, and where the weights began. Pure.

It stands behind the #, as in `#model=conv-32-64&optimizer=adam&weights=new`; what is as usual is left out. The same
address gives the same curve, on one machine, once its weights are said: `new` (from the seed), or a shared version.
"""

from scrawl.drawing.tool_state import PENS
from scrawl.state import settings

NEW = "new"


class Address:
    """What an address asks for. `problems` says what in it cannot be used, a sentence each."""

    def __init__(self) -> None:
        self.model = ""  # the usual one
        self.typed: dict = {}  # setting → value
        self.pen = ""  # the usual one
        self.normalising = True
        self.weights = ""  # as they come; NEW, or a version
        self.problems: list = []


def texts_of(state: object) -> dict:
    """Return what the address of this state says, name → text."""
    texts = {}
    if state.models and state.model != state.models[0]["model"]:
        texts["model"] = state.model
    for name, value in state.typed.items():
        texts[name] = settings.text_of(name, value)
    pen = next((name for name, width in PENS.items() if width == state.drawing.pen), "medium")
    if pen != "medium":
        texts["pen"] = pen
    if not state.tools.normalising:
        texts["normalise"] = "off"
    record = state.record
    if record.origin == "random":
        texts["weights"] = NEW
        texts["seed"] = str((record.run_settings or state.settings)["seed"])
    elif record.iteration and record.version.get("version"):
        texts["weights"] = record.version["version"]
    return texts


def parse(texts: dict, models: list) -> Address:
    """Return what an address asks for, name → text; what it says wrongly is told and left out."""
    address = Address()
    names = [model["model"] for model in models]
    layers = models[0]["layers"] if models else []
    for name, text in texts.items():
        if name == "model":
            _choose(address, "model", text, names)
            layers = next((model["layers"] for model in models if model["model"] == address.model), layers)
    limits = settings.limits_for(layers)
    for name, text in texts.items():
        if name in settings.SETTINGS:
            value, problem = settings.check_setting(name, text, limits)
            if problem:
                address.problems.append(problem.removesuffix(" " + settings.KEEPS))
            else:
                address.typed[name] = value
        elif name == "pen":
            _choose(address, "pen", text, list(PENS))
        elif name == "normalise":
            address.normalising = text != "off"
        elif name == "weights":
            address.weights = text if text == NEW or is_version(text) else ""
            if not address.weights:
                address.problems.append(f"The weights are new or a version, got {text}.")
        elif name != "model":
            address.problems.append(f"There is no setting {name}.")
    return address


def is_version(text: str) -> bool:
    """Tell whether a text looks like the name of a version of shared weights."""
    return bool(text) and len(text) < 80 and all(part.isalnum() for part in text.split("-"))


def _choose(address: Address, name: str, text: str, choices: list) -> None:
    if text in choices:
        setattr(address, name, text)
    else:
        address.problems.append(f"The {name} is one of {', '.join(choices)}, got {text}.")
