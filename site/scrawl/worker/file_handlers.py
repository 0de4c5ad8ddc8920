"""Answers requests about files: opens and writes weights, saves them in the browser, and finds the ink in an image.

This is done in the worker because a large file takes longer than the page may stand still. What is in a file is known
to `file_contents`, which comes with the first that is opened or saved: most visits have none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import aio
from javascript import JSON

from scrawl.net.picture_reader import PictureReader
from scrawl.storage import database
from scrawl.worker import safetensors_codec
from scrawl.worker.kernel import load_module

if TYPE_CHECKING:
    from browser.arrays import ArrayBuffer, Uint8Array

    from scrawl.worker.main import Worker
    from scrawl.worker.training_handlers import TrainingHandlers


class FileHandlers:
    """Files that the person opens and saves."""

    def __init__(self, worker: Worker, training: TrainingHandlers, pictures: str) -> None:
        self.worker = worker
        self.training = training
        self.report = worker.report
        self._pictures = pictures
        self._reader: PictureReader | None = None  # loaded with the first picture: most visits have none

    def find_ink(self, number: int, width: int, height: int, colours: Uint8Array) -> None:
        """Find the ink in an image's width × height × 4 bytes of colours."""
        aio.run(self._find_ink(number, width, height, colours))

    async def _find_ink(self, number: int, width: int, height: int, colours: Uint8Array) -> None:
        try:
            if self._reader is None:
                self._reader = PictureReader(await load_module(self._pictures))
            found = self._reader.read(colours, width, height)
            self.report("ink_found", number=number, **found)
        except Exception as error:
            self.report("failed", message=f"the picture cannot be read now ({error}); try it again")

    def open_file(self, number: int, buffer: ArrayBuffer, networks: str) -> None:
        """Find out what is in a file, and send it back as safetensors with the name of its network."""
        from scrawl.worker import file_contents

        shapes: file_contents.Networks = JSON.parse(networks)
        try:
            model, floats, metadata = file_contents.read(self.worker.kernel, buffer, shapes)
        except Exception as error:  # whatever is wrong with it: the page must not wait for it in vain
            self.report("file_refused", number=number, message=str(error))
            return
        content = safetensors_codec.encode(shapes[model], floats, metadata)
        self.report("file_opened", number=number, model=model, buffer=content)

    def save_file(self, model: str, form: str, metadata: str, graph: str) -> None:
        """Write a network's weights as a file; `graph` is JSON of what surrounds them in an ONNX file."""
        from scrawl.worker import file_contents

        content = file_contents.written(
            form, model, self.worker.opened[model], JSON.parse(metadata), JSON.parse(graph)
        )
        self.report("file_saved", model=model, form=form, buffer=content)

    def save_weights(self, key: str, model: str, record: str) -> None:
        """Save a network's weights and what belongs to them in the browser."""
        aio.run(self._save_weights(key, model, record))

    async def _save_weights(self, key: str, model: str, record: str) -> None:
        opened = self.worker.opened[model]
        training_run = self.training.runs.get(model)
        iteration = training_run.iteration if training_run else opened.iteration
        metadata = {"iteration": str(iteration), **opened.network.calibration.metadata()}
        content = safetensors_codec.encode(opened.shapes, opened.network.export(), metadata)
        try:
            await database.put(key, {"buffer": content, "record": record})
        except database.StorageError as error:
            self.worker.hand_over("weights_not_saved", content, model=model, message=str(error))
            return
        self.report("weights_saved", model=model)
