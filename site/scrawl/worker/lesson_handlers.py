"""The worker's half of the digits one has kept: trains the selected network on them."""

from scrawl.inspect.confusion_counter import MOST_LEARNED, Learning
from scrawl.net.network import PIXELS, Samples
from scrawl.training.teaching import RATE


class Lessons:
    """Answers the request `train_on_collected`."""

    def __init__(self, worker: object) -> None:
        self.worker = worker
        self._learning: Learning | None = None
        self._samples: Samples | None = None

    def train_on_collected(self, labels: object, pictures: object) -> None:
        """Do gentle steps on the digits until all are read right, or it is no use any more."""
        if self._learning is None:
            self._learning = Learning(self.worker.kernel)
            self._samples = Samples(self.worker.kernel, MOST_LEARNED)
        first = max(0, labels.length - MOST_LEARNED)  # more than the newest would not fit
        self._samples.store(0, labels.subarray(first), pictures.subarray(PIXELS * first))
        selected, count = self.worker.selected, labels.length - first
        right, steps = self._learning.learn(selected.network, self._samples, list(range(count)), [], RATE)
        self.worker.tell("trained_on_collected", model=selected.model, count=count, right=right, steps=steps)
        self.worker.training.trainer.learner.ask_evaluation()
        self.worker.read_again()
