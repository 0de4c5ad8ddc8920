"""The weights that Scrawl ships: `pretrained/{model}.safetensors`, written by `scrawl train`.

Each file's metadata has its training command and its accuracy.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from functions.errors import InvalidValueError, NotFoundError
from functions.models.manifest import activation_of
from functions.weights import safetensors
from model_export import checkpoints
from model_export.architectures import ARCHITECTURES, Architecture, architecture_named, parameter_count
from model_export.export import check_weights

FOLDER = Path(__file__).parent / "pretrained"


def shipped_architectures() -> list[Architecture]:
    """Return the architectures that Scrawl serves, those with shipped weights, in the order of their declaration."""
    return [architecture for architecture in ARCHITECTURES.values() if _file(architecture.id).is_file()]


def load(model: str) -> tuple[dict[str, NDArray[np.float32]], dict[str, str]]:
    """Return an architecture's shipped weights and their metadata.

    Raises:
        InvalidValueError: when the name is no network's.
        NotFoundError: when none are shipped for it.
    """
    architecture_named(model)
    if not _file(model).is_file():
        shipped = ", ".join(sorted(file.stem for file in FOLDER.glob("*.safetensors"))) or "none"
        raise NotFoundError(
            f"no weights are shipped for {model!r}, only for {shipped}; `scrawl train {model}` makes some"
        )
    return read(model, _file(model))


def read(model: str, path: Path) -> tuple[dict[str, NDArray[np.float32]], dict[str, str]]:
    """Return the weights and metadata of a safetensors or ONNX file, if it fits the architecture.

    Raises:
        FormatError: when it is neither, or damaged.
        InvalidValueError: naming the tensors that are missing, extra or misshapen; or the file names a network with
            another activation, whose weights look the same.
    """
    architecture = architecture_named(model)
    checkpoint = checkpoints.read(path)
    try:
        weights = check_weights(architecture, checkpoint.tensors)
    except InvalidValueError as error:
        raise InvalidValueError(f"{path}: {error}{checkpoint.note}", error.field) from None
    stated = checkpoint.metadata.get("model", model)
    if _activation(stated) not in (None, _activation(model)):
        raise InvalidValueError(f"{path}: these are weights of {stated}, which has another activation than {model}")
    return weights, checkpoint.metadata


def _activation(model: str) -> str | None:
    """Return a network's activation, or None where the name is no network's."""
    try:
        return activation_of(architecture_named(model).layers)
    except InvalidValueError:
        return None


def check_place(path: Path, model: str) -> None:
    """Make the folder for a network's weights; OSError, saying why, if they cannot be written there."""
    size = 4 * parameter_count(architecture_named(model).layers)
    if path.is_dir():
        raise IsADirectoryError(
            f"{path} is a folder, and weights are written to a file: name one, such as {path}/w.safetensors"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _unfinished(path) as part:
            part.write_bytes(bytes(size))
    except OSError as error:
        raise OSError(f"{path} cannot be written ({error.strerror}): name another place with --out") from error


def write(path: Path, weights: Mapping[str, NDArray[np.float32]], metadata: Mapping[str, str]) -> None:
    """Write weights and metadata; an interrupted write leaves the old file, and an OSError names it."""
    try:
        with _unfinished(path) as part:
            part.write_bytes(safetensors.encode(weights, metadata))
            part.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """Give the file that is written first; what is left of it in the end is removed."""
    part = path.with_name(path.name + ".part")
    try:
        yield part
    finally:
        with suppress(OSError):
            part.unlink()


def _file(model: str) -> Path:
    return FOLDER / f"{model}.safetensors"
