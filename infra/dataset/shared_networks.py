"""Networks that an API shares besides those that Scrawl ships: which can be, and their first weights.

`infra.dataset.seeding` stores them.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from functions.api.limits import LARGEST_BODY
from functions.errors import InvalidValueError
from functions.models.manifest import activation_of
from functions.models.training import initial_weights
from model_export import pretrained
from model_export.architectures import architecture_named, parameter_count, parameter_table
from model_export.pretrained import shipped_architectures

_HEADER = 4096  # bytes of a safetensors file, at most
MOST_PARAMETERS = (LARGEST_BODY - _HEADER) // 4  # whose safetensors a Lambda can take and answer with


def check(models: Sequence[str]) -> None:
    """Refuse names that are no networks, and networks that are too large to be shared.

    Raises:
        InvalidValueError: saying what is allowed.
    """
    for model in models:
        count = parameter_count(architecture_named(model).layers)
        if count > MOST_PARAMETERS:
            raise InvalidValueError(
                f"{model!r} has {count:,} parameters; a network to share has at most {MOST_PARAMETERS:,}, "
                "so that its weights fit into an answer of the API",
                "model",
            )


def first_weights(model: str) -> tuple[dict[str, NDArray[np.float32]], str]:
    """Return the weights that a network is shared with first, and where they come from: shipped, or untrained."""
    if any(architecture.id == model for architecture in shipped_architectures()):
        return pretrained.load(model)[0], "pretrained"
    layers = architecture_named(model).layers
    return initial_weights(dict(parameter_table(layers)), 0, activation_of(layers)), "untrained"
