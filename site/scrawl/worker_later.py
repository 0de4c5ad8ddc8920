"""What the second bundle brings to the worker: training, and the worker's halves of the features (`scrawl.later`)."""

from javascript import JSON

from scrawl.inside.worker import Inside
from scrawl.share.lessons import Lessons
from scrawl.share.worker import Files
from scrawl.tools.worker import Images
from scrawl.training import Training

# Classes made with the `Worker`, whose methods are named like the requests they answer.
HANDLERS: list = [Inside, Images, Files, Lessons]


def begin(worker: object) -> None:
    """Let the worker answer their requests, too."""
    worker.training = Training(worker, JSON.parse(worker.asked_settings))
    worker.handlers += [worker.training, *(handler(worker) for handler in HANDLERS)]
