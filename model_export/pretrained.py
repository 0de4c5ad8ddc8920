"""The weights that Scrawl ships: `pretrained/{model}.safetensors`, written by `scrawl train`.

How each was trained, and how good it is, stands in the file's own metadata.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from functions.errors import NotFoundError
from model_export.architectures import architecture_named
from model_export.export import check_weights

FOLDER = Path(__file__).parent / "pretrained"


def load(model: str) -> tuple[dict[str, NDArray[np.float32]], dict[str, str]]:
    """Return an architecture's shipped weights and their metadata.

    Raises:
        NotFoundError: when there is no such architecture, or none are shipped for it.
    """
    architecture = architecture_named(model)
    path = FOLDER / f"{model}.safetensors"
    if not path.is_file():
        shipped = ", ".join(sorted(file.stem for file in FOLDER.glob("*.safetensors"))) or "none"
        raise NotFoundError(f"no weights are shipped for {model!r}; there are: {shipped}")
    with safe_open(path, "numpy") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 — it is no mapping
        metadata = dict(file.metadata() or {})
    return check_weights(architecture, weights), metadata
