"""What one can set, between which limits, and what each network begins with. Pure; page and worker agree by it."""

CONVOLUTION = "conv3x3"
SETTINGS = {"batch_size": 64, "learning_rate": 0.3, "cache_size": 60}
LIMITS = {"batch_size": (1, 1024), "learning_rate": (0.0001, 10.0), "cache_size": (1, 200)}


def settings_for(layers: list) -> dict:
    """Return the settings with which a network of these layers learns well."""
    return {**SETTINGS, "learning_rate": 0.1} if _has_convolutions(layers) else dict(SETTINGS)


def limits_for(layers: list) -> dict:
    """Return the settings' limits. A convolution takes about 100 KB of memory per sample of a batch."""
    return {**LIMITS, "batch_size": (1, 256)} if _has_convolutions(layers) else LIMITS


def check_setting(name: str, text: str, limits: dict) -> tuple:
    """Return (value, None) for what was typed into a setting, or (None, what is expected)."""
    low, high = limits[name]
    kind = "number" if isinstance(low, float) else "whole number"
    try:
        value = float(text) if isinstance(low, float) else int(text)
    except ValueError:
        value = None
    if value is None or not low <= value <= high:
        title = name.replace("_", " ")
        came = text or "nothing"
        return None, f"The {title} is a {kind} from {low} to {high}, got {came}. Training keeps the last one."
    return value, None


def _has_convolutions(layers: list) -> bool:
    return any(layer["kind"] == CONVOLUTION for layer in layers)
