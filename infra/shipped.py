"""Which architectures Scrawl serves: those whose weights it ships."""

from model_export import pretrained
from model_export.architectures import ARCHITECTURES, Architecture


def shipped() -> list[Architecture]:
    """Return them in the order of their declaration."""
    return [a for a in ARCHITECTURES.values() if (pretrained.FOLDER / f"{a.id}.safetensors").is_file()]
