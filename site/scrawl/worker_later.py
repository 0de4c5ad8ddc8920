"""The worker's halves of the features that the second bundle brings; see `scrawl.later`."""

from scrawl.inside.worker import Inside
from scrawl.share.lessons import Lessons
from scrawl.share.worker import Files
from scrawl.tools.worker import Images

# Classes made with the `Worker`, whose methods are named like the requests they answer.
HANDLERS: list = [Inside, Images, Files, Lessons]


def begin(worker: object) -> None:
    """Let the worker answer their requests, too."""
    worker.handlers += [handler(worker) for handler in HANDLERS]
