"""The worker's half of sharing: opens and writes files of weights, and keeps weights in the browser.

All of it here, because a large file takes longer than the page may stand still.
"""

from browser import aio
from browser import self as window
from javascript import JSON

from scrawl import protocol
from scrawl.files import file_formats, onnx_weights
from scrawl.net.parameters import product
from scrawl.net.safetensors import FormatError, Tensor
from scrawl.storage import database
from scrawl.worker import safetensors_codec

NOT_JSON = "the file is no JSON, or it is cut off"


class Files:
    """Answers the requests `open_file`, `save_file` and `keep`."""

    def __init__(self, worker: object) -> None:
        self.worker = worker
        self.tell = worker.tell

    # Requests

    def open_file(self, number: int, buffer: object, networks: str) -> None:
        """Find out what is in a file, and hand it back as safetensors with the name of its network."""
        shapes = JSON.parse(networks)
        try:
            model, floats, metadata = self._read(buffer, shapes)
            file_formats.first_not_finite(list(floats), lambda name: _is_finite(floats[name]))
        except FormatError as error:
            self.tell("file_refused", number=number, message=str(error))
            return
        content = safetensors_codec.encode(shapes[model], floats, metadata)
        self.tell("file_opened", number=number, model=model, buffer=content)

    def save_file(self, model: str, form: str, metadata: str, graph: str) -> None:
        """Write a network's weights as a file; `graph` is JSON of what surrounds them in an ONNX file."""
        opened = self.worker.opened[model]
        floats = opened.network.export()
        if form == "json":
            content = _json_file(opened.shapes, floats, JSON.parse(metadata))
        elif form == "onnx":
            content = _onnx_file(floats, JSON.parse(graph))
        else:
            content = safetensors_codec.encode(opened.shapes, floats, JSON.parse(metadata))
        self.tell("file_saved", model=model, form=form, buffer=content)

    def keep(self, key: str, model: str, record: str) -> None:
        """Keep a network's weights and what belongs to them in the browser."""
        aio.run(self._keep(key, model, record))

    async def _keep(self, key: str, model: str, record: str) -> None:
        opened = self.worker.opened[model]
        training_run = self.worker.training.runs.get(model)
        iteration = training_run.iteration if training_run else opened.iteration
        content = safetensors_codec.encode(opened.shapes, opened.network.export(), {"iteration": str(iteration)})
        try:
            await database.put(key, {"buffer": content, "record": record})
        except database.KeepError as error:
            report = {"model": model, "message": str(error), "buffer": content}
            window.send(protocol.message(protocol.REPORTS, "not_kept", **report), [content])
            return
        self.tell("kept", model=model)

    # Reading

    def _read(self, buffer: object, networks: dict) -> tuple:
        """Return (network, {name: Float32Array}, metadata)."""
        data = window.Uint8Array.new(buffer)
        kind = file_formats.kind_of(bytes([data[i] for i in range(min(16, data.length))]))
        if kind == "json":
            return _read_json(data, networks)
        if kind == "onnx":
            found, metadata = onnx_weights.read_tensors(data, data.length), {}
            model = file_formats.fitting(found, networks)
            places = {name: found[name] for name in networks[model]}
            floats = {n: window.Float32Array.new(buffer.slice(p.start, p.end)) for n, p in places.items()}
            return model, floats, metadata
        model = file_formats.fitting(safetensors_codec.layout(buffer)[0], networks)
        return model, *safetensors_codec.decode(self.worker.kernel, networks[model], buffer)


def _read_json(data: object, networks: dict) -> tuple:
    text = window.TextDecoder.new().decode(data)
    try:
        content = JSON.parse(text)
    except Exception as error:
        reason = "it holds NaN, which JSON cannot" if "NaN" in text else NOT_JSON
        raise FormatError(reason) from error
    nested = content.get("tensors") if isinstance(content, dict) else None
    if not isinstance(nested, dict):
        raise FormatError('weights in JSON are {"tensors": {name: nested lists of numbers}}')
    model = file_formats.fitting({name: Tensor(name, "F32", _shape(nested[name]), 0, 0) for name in nested}, networks)
    metadata = {name: str(value) for name, value in content.items() if name != "tensors" and value is not None}
    return model, {name: _floats(name, nested[name], shape) for name, shape in networks[model].items()}, metadata


def _shape(nested: object) -> list:
    shape = []
    while isinstance(nested, list) and nested:
        shape.append(len(nested))
        nested = nested[0]
    return shape


def _floats(name: str, nested: object, shape: list) -> object:
    floats, end = window.Float32Array.new(product(shape)), 0
    for row in file_formats.check_nested(name, nested, shape, lambda value: isinstance(value, list)):
        if not all(type(value) in (int, float) for value in row):
            raise FormatError(f"{name} holds something that is no number")
        floats.set(row, end)
        end += len(row)
    return floats


def _is_finite(floats: object) -> bool:
    return not (floats.includes(window.NaN) or floats.includes(window.Infinity) or floats.includes(-window.Infinity))


# Writing


def _json_file(shapes: dict, floats: dict, metadata: dict) -> object:
    """Return what the API gives as JSON: what is known of the weights, and the tensors as nested lists."""
    parts = [f"{JSON.stringify(name)}:{_nested(floats[name], shape)}" for name, shape in shapes.items()]
    text = JSON.stringify(metadata)[:-1] + ',"tensors":{' + ",".join(parts) + "}}\n"
    return window.TextEncoder.new().encode(text).buffer


def _nested(floats: object, shape: list) -> str:
    if len(shape) == 1:
        return "[" + floats.join(",") + "]"
    size = product(shape[1:])
    rows = [_nested(floats.subarray(row * size, (row + 1) * size), shape[1:]) for row in range(shape[0])]
    return "[" + ",".join(rows) + "]"


def _onnx_file(floats: dict, graph: dict) -> object:
    """Return the graph with the weights at the places where its initializers have their bytes."""
    data = window.Uint8Array.new(graph["bytes"])
    for offset, text in graph["pieces"]:
        data.set([ord(character) for character in window.atob(text)], offset)
    for name, place in onnx_weights.read_tensors(data, data.length).items():
        if name in floats:
            data.set(window.Uint8Array.new(floats[name].buffer), place.start)
    return data.buffer
