"""Makes any ONNX classifier of 28×28 images ready to be served: finds out by trying how to feed and read it.

`functions.models.imported` runs it later, `infra.dataset.imported_models` stores it.
"""

import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from functions.dataset.block import CLASSES, COLUMNS, PIXELS, ROWS
from functions.errors import InvalidValueError
from functions.models.imported import run
from functions.models.inference import create_session, session_options
from functions.models.manifest import File, Interface, ModelManifest
from model_export.checkpoints import FLOATS, read_onnx
from model_export.names import is_name
from model_export.onnx_outputs import last_operator, simplified

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")  # `MODEL_NAME` without what only networks' names have
_SHAPES = ((PIXELS,), (1, ROWS, COLUMNS), (ROWS, COLUMNS, 1), (ROWS, COLUMNS))
_EXPECTED = "one input of images: (N, 784), (N, 1, 28, 28), (N, 28, 28, 1) or (N, 28, 28)"
_DTYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(uint8)": "uint8",
}
_MOST_IN_A_RUN = 1024  # of a fixed batch: one digit costs as much as all of them
_SIGMOIDS = ("Sigmoid", "HardSigmoid")
_TOLERANCE = 5e-3  # of a sum of ten probabilities, float16 ones too


def import_onnx(path: Path, name: str, *, mean: float = 0.0, std: float = 1.0) -> dict[str, bytes]:
    """Return the files to serve a classifier with: its graph, named by its hash, and `manifest.json`.

    Raises:
        FormatError: when the file is damaged or no ONNX.
        InvalidValueError: when the name cannot be used, or it is no classifier of 28×28 images into ten classes.
    """
    check_name(name)
    if not (math.isfinite(mean) and math.isfinite(std) and std):
        raise InvalidValueError(f"mean and std must be numbers, std not 0; got {mean} and {std}", "std")
    model = simplified(read_onnx(path))
    graph = bytes(model.SerializeToString(deterministic=True))
    interface = _interface(_session(path, graph), mean, std, last_operator(model))
    digest = hashlib.sha256(graph).hexdigest()
    file = f"{digest[:16]}.onnx"
    weights = [t for t in model.graph.initializer if t.data_type in FLOATS]
    manifest = ModelManifest(
        model=name,
        title=f"Imported from {path.name}",
        layers=(),
        parameters=(),
        parameter_count=sum(math.prod(tensor.dims) for tensor in weights),
        files={file: File(len(graph), digest)},
        interface=interface,
    )
    return {file: graph, "manifest.json": msgspec.json.format(msgspec.json.encode(manifest))}


def check_name(name: str) -> None:
    """Refuse names that no address can carry, and those of Scrawl's own architectures."""
    if not _NAME.fullmatch(name):
        raise InvalidValueError(f"a name is 1 to 64 of a-z, 0-9 and -, not starting with -; got {name!r}", "name")
    if is_name(name):
        raise InvalidValueError(f"{name!r} is the name of one of Scrawl's own networks; choose another", "name")


def _session(path: Path, graph: bytes) -> Any:
    try:
        return create_session(graph, session_options(1))
    except Exception as error:  # ONNX Runtime's errors have no common base
        raise InvalidValueError(f"{path}: ONNX Runtime cannot run this graph: {error}", "file") from None


def _interface(onnx_session: Any, mean: float, std: float, last: str) -> Interface:
    """Return how to use a session, tried with three images or one."""
    inputs, outputs = onnx_session.get_inputs(), onnx_session.get_outputs()
    if len(inputs) != 1:
        raise InvalidValueError(f"expected {_EXPECTED}; got {_listed(inputs) or 'no input at all'}", "file")
    if len(outputs) != 1:
        raise InvalidValueError(
            f"expected one output, {CLASSES} numbers per image; got {len(outputs)}: {_listed(outputs)}", "file"
        )
    (given,) = inputs
    dtype = _DTYPES.get(given.type)
    candidates = list(_candidates(given.shape, outputs[0].shape)) if dtype else []
    if not dtype or not candidates:
        raise InvalidValueError(f"expected {_EXPECTED}; got {_listed(inputs)}", "file")
    if dtype == "uint8" and std == 1.0:
        std = 1 / 255  # bytes have no other range
    problems: list[Exception] = []
    for shape, batch in candidates:
        interface = Interface(given.name, dtype, shape, batch, "scores", mean, std)
        try:
            return msgspec.structs.replace(interface, answers=_kind(_answers(onnx_session, interface), last))
        except Exception as error:  # ONNX Runtime's errors have no common base
            problems.append(error)
    clearest = next((problem for problem in problems if isinstance(problem, InvalidValueError)), None)
    raise clearest or InvalidValueError(
        f"it fails to run on {_listed(inputs)} of 28×28 images, alone and in batches of any size; if a batch size is "
        f"written into the graph, export it with a free one: {problems[0]}",
        "file",
    )


def _candidates(
    shape: Sequence[int | str | None], answer: Sequence[int | str | None]
) -> Iterator[tuple[tuple[int, ...], int | None]]:
    """Yield the shapes of one image and the batches that the declared shapes, partly open, allow."""
    if not shape:
        return
    first, *rest = shape
    fixed = first if isinstance(first, int) and first > 0 else None
    if fixed is not None and fixed > _MOST_IN_A_RUN:
        raise InvalidValueError(f"a fixed batch may be {_MOST_IN_A_RUN} at most, this one is {fixed}", "file")
    for image in _SHAPES:
        fits = len(image) == len(rest) and all(
            not isinstance(size, int) or size in (wanted, 0, -1) for size, wanted in zip(rest, image, strict=True)
        )
        if fits:
            yield image, fixed
            if fixed is None:
                yield image, 1  # declared free, but with a batch of one written into the graph
                if answer and isinstance(answer[0], int) and 1 < answer[0] <= _MOST_IN_A_RUN:
                    yield image, answer[0]  # or with another one, which the output's shape tells


def _answers(onnx_session: Any, interface: Interface) -> NDArray[np.float32]:
    """Return (B, 10) answers to three very different images; refuse other outputs than one number per class."""
    images = np.zeros((3, PIXELS), np.float32)
    images[1] = np.linspace(0, 1, PIXELS)
    images[2] = np.random.default_rng(0).random(PIXELS)
    size = interface.batch or len(images)
    probe = np.zeros((size, *interface.shape), interface.dtype)
    output = onnx_session.run(None, {interface.input: probe})[0]
    if not isinstance(output, np.ndarray) or output.dtype.kind != "f":
        kind = output.dtype if isinstance(output, np.ndarray) else type(output).__name__
        raise InvalidValueError(f"expected {CLASSES} numbers per image; the output is of {kind}", "file")
    if output.size != size * CLASSES or (size > 1 and output.shape[0] != size):
        message = (
            f"expected {CLASSES} classes, an output of ({size}, {CLASSES}) for {size} images; got {output.shape}"
        )
        raise InvalidValueError(message, "file")
    answers = run(onnx_session, interface, images)
    answers = answers[0 if np.isfinite(answers[0]).all() else 1 :]  # some cannot read a blank image: 0 divided by 0
    if np.isnan(answers).any():
        raise InvalidValueError("expected numbers; the output for ordinary images is NaN", "file")
    _check_independent(answers[-1], run(onnx_session, interface, images[-1:])[0])
    return answers


def _check_independent(among_others: NDArray[np.float32], alone: NDArray[np.float32]) -> None:
    """Refuse a graph whose answer to an image depends on the others in its batch, or that answers 1 ten times."""
    if np.allclose(among_others, alone, rtol=_TOLERANCE, atol=_TOLERANCE) and not (alone == 1).all():
        return
    raise InvalidValueError(
        "what it answers to an image depends on the other images of the batch, as with a softmax over the batch's "
        "axis: export it with softmax over axis 1 (dim=1), in evaluation mode",
        "file",
    )


def _kind(answers: NDArray[np.float32], last: str) -> str:
    """Return of which kind answers (B, 10) are; `last` is the operator that they come from."""
    if (answers >= 0).all() and (abs(answers.sum(1) - 1) < _TOLERANCE).all():
        return "probabilities"
    if (answers <= _TOLERANCE).all() and (abs(np.exp(answers).sum(1) - 1) < _TOLERANCE).all():
        return "log_probabilities"
    if last in _SIGMOIDS and (answers >= 0).all() and (answers <= 1).all():
        return "sigmoids"
    return "scores"


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(f"{v.name} {v.type} ({', '.join(map(str, v.shape))})" for v in values)
