"""The settings of a training run: one table for the form, the address and the checks, in the page and its worker.

A setting's kind decides what its text may be: a `whole` number, a `number`, a `percent` (its value is a fraction), a
`choice` of names or a `switch`. Values are whole numbers, numbers, names, and True or False.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, Literal, TypedDict

    from scrawl.net.interfaces import LayerDescription
    from scrawl.net.optimizers import OptimizerName

    type Kind = Literal["whole", "number", "percent", "choice", "switch"]
    type Value = float | str | bool
    type Limits = dict[str, tuple[float, float]]

    class Settings(TypedDict):
        """All settings of a run, by the names in SETTINGS."""

        batch_size: int
        learning_rate: float
        cache_size: int
        optimizer: OptimizerName
        momentum: float
        weight_decay: float
        augment: bool
        seed: int
        target: float
        pace: Literal["full", "slow"]
        speed: float
        cores: str


CONVOLUTION = "conv3x3"
DEEP = 3  # dense layers, the last one included, beyond which a network counts as deep
AUTOMATIC = "auto"  # of the cores
# With these an epoch goes well. Momentum adds up ten steps; Adam's steps do not depend on how large gradients are.
# Six hidden layers do not always learn at 0.5.
RATES = {"sgd": 0.5, "momentum": 0.05, "adam": 0.002}
DEEP_RATES = {**RATES, "sgd": 0.3}
# With these a convolution learns, and weights that have learned already stay good: large steps would undo much of it.
CAREFUL_RATES = {"sgd": 0.1, "momentum": 0.02, "adam": 0.001}
# A convolution takes about 100 KB of memory per sample of a batch.
CONVOLUTION_BATCH = 256


class Setting:
    """One of them. `limits` are the least and the greatest number; `choices` are (name, title)."""

    def __init__(
        self,
        kind: Kind,
        default: Any,
        title: str,
        text: str,
        limits: tuple[float, float] | None = None,
        choices: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.kind = kind
        self.default = default
        self.title = title
        self.help = text
        self.limits = limits
        self.choices = choices


SETTINGS = {
    "batch_size": Setting("whole", 64, "Batch size", "How many digits each step learns from.", (1, 1024)),
    "learning_rate": Setting("number", 0.5, "Learning rate", "How far each step goes.", (0.0001, 10.0)),
    "cache_size": Setting(
        "whole", 60, "Cache size", "How many blocks of 1,000 digits it learns from; beyond that, they take turns.",
        (1, 200),
    ),
    "optimizer": Setting(
        "choice", "sgd", "Optimizer", "How gradients move the weights. Adam is AdamW when weights decay.",
        choices=(("sgd", "SGD"), ("momentum", "SGD with momentum"), ("adam", "Adam")),
    ),
    "momentum": Setting(
        "number", 0.9, "Momentum", "How much of its speed a weight keeps. For SGD with momentum only.", (0.0, 0.999)
    ),
    "weight_decay": Setting(
        "number", 0.0, "Weight decay", "How strongly weights are pulled to 0, against learning by heart.", (0.0, 1.0)
    ),
    "augment": Setting(
        "switch", False, "Vary the digits", "Shift, turn and scale each digit a little, in a new way each time."
    ),
    "seed": Setting(
        "whole", 1, "Seed", "New weights and all that is random follow from it: same seed, same curve.",
        (0, 999_999),
    ),
    "target": Setting(
        "percent", 0.0, "Stop at", "Stop once so many percent of all test digits are read correctly; 0 never does.",
        (0.0, 99.99),
    ),
    "pace": Setting(
        "choice", "full", "Pace", "Slow motion shows every single step.",
        choices=(("full", "Full speed"), ("slow", "Slow motion")),
    ),
    "speed": Setting("number", 2.0, "Steps a second", "How fast slow motion is.", (0.2, 20.0)),
    "cores": Setting(
        "choice", AUTOMATIC, "Cores", "How many threads train, as far as there are cores. Results are the same.",
        choices=((AUTOMATIC, "Automatic"), *((str(count), str(count)) for count in (1, 2, 4, 8, 16))),
    ),
}  # fmt: skip


def settings_for(
    layers: Iterable[LayerDescription], typed: Mapping[str, Value] | None = None, *, fresh: bool = True
) -> Settings:
    """Return all settings: those `typed`, within the limits, else what a network of these layers learns well with.

    `fresh` says that its weights are random ones, or were at the start of their run.
    """
    settings: Any = {name: setting.default for name, setting in SETTINGS.items()}
    settings.update(typed or {})
    if "learning_rate" not in (typed or {}):
        settings["learning_rate"] = _rates(layers, fresh)[settings["optimizer"]]
    for name, (low, high) in limits_for(layers).items():
        share = 100 if SETTINGS[name].kind == "percent" else 1
        settings[name] = min(max(settings[name], low / share), high / share)
    result: Settings = settings
    return result


def _rates(layers: Iterable[LayerDescription], fresh: bool) -> dict[str, float]:
    """Return the learning rate that suits a network with each optimizer."""
    if not fresh or _has_convolutions(layers):
        return CAREFUL_RATES
    return DEEP_RATES if sum(layer["kind"] == "dense" for layer in layers) > DEEP else RATES


def limits_for(layers: Iterable[LayerDescription]) -> Limits:
    """Return the limits of those settings that have any."""
    limits = {name: setting.limits for name, setting in SETTINGS.items() if setting.limits}
    if _has_convolutions(layers):
        limits["batch_size"] = (1, CONVOLUTION_BATCH)
    return limits


def measuring_for(layers: Iterable[LayerDescription]) -> tuple[int, int]:
    """Return on how many test digits the curve is measured (0: all), and how many samples pass between two points."""
    return (1000, 4096) if _has_convolutions(layers) else (0, 32_768)


def check_setting(name: str, text: str, limits: Limits) -> tuple[Value | None, str | None]:
    """Return (value, None) for what was typed into a setting, or (None, what is expected)."""
    setting = SETTINGS[name]
    value = _value(setting, text)
    if value is not None and setting.limits:
        low, high = limits[name]
        value = value if low <= value <= high else None
    if value is None:
        return None, f"{setting.title} can be {_expected(name, limits)}, got {text or 'nothing'}. {KEEPS}"
    return value / 100 if setting.kind == "percent" else value, None


KEEPS = "Training keeps the last one."


def _value(setting: Setting, text: str) -> Any:
    if setting.kind == "switch":
        return {"on": True, "off": False}.get(text)
    if setting.kind == "choice":
        return text if text in [name for name, _ in setting.choices] else None
    try:
        return int(text) if setting.kind == "whole" else float(text)
    except ValueError:
        return None


def _expected(name: str, limits: Limits) -> str:
    setting = SETTINGS[name]
    if setting.kind == "switch":
        return "on or off"
    if setting.kind == "choice":
        return "one of " + ", ".join(choice for choice, _ in setting.choices)
    low, high = limits[name]
    kind = {"whole": "a whole number", "number": "a number", "percent": "a percentage"}[setting.kind]
    return f"{kind} from {low:g} to {high:g}"


def text_of(name: str, value: Any) -> str:
    """Return the text that `check_setting` turns into that value."""
    if SETTINGS[name].kind == "switch":
        return "on" if value else "off"
    if SETTINGS[name].kind == "percent":
        return f"{100 * value:g}"
    return str(value)


def _has_convolutions(layers: Iterable[LayerDescription]) -> bool:
    return any(layer["kind"] == CONVOLUTION for layer in layers)
