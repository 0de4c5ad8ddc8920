"""What the second bundle brings to the worker: training, and the worker's halves of the features."""

from javascript import JSON

from scrawl.worker.file_handlers import Files
from scrawl.worker.image_handlers import Images
from scrawl.worker.inspection_handlers import Inside
from scrawl.worker.lesson_handlers import Lessons
from scrawl.worker.training_handlers import Training

# Classes made with the `Worker`, whose methods are named like the requests they answer.
HANDLERS: list = [Inside, Images, Files, Lessons]


def begin(worker: object) -> None:
    """Let the worker answer their requests, too."""
    worker.training = Training(worker, JSON.parse(worker.asked_settings))
    worker.handlers += [worker.training, *(handler(worker) for handler in HANDLERS)]
