"""The worker's half of the digits one has kept: trains the selected network on them."""

from scrawl.inspect.fine_tuning import MOST_DIGITS, FineTuner
from scrawl.net.network import PIXELS, Samples
from scrawl.training.teaching import RATE


class Lessons:
    """Answers the request `train_on_collected`."""

    def __init__(self, worker: object) -> None:
        self.worker = worker
        self._fine_tuner: FineTuner | None = None
        self._samples: Samples | None = None

    def train_on_collected(self, labels: object, pictures: object) -> None:
        """Do gentle steps on the digits until all are read right, or it is no use any more."""
        if self._fine_tuner is None:
            self._fine_tuner = FineTuner(self.worker.kernel)
            self._samples = Samples(self.worker.kernel, MOST_DIGITS)
        first = max(0, labels.length - MOST_DIGITS)  # more than the newest would not fit
        self._samples.store(0, labels.subarray(first), pictures.subarray(PIXELS * first))
        selected, count = self.worker.selected, labels.length - first
        right, steps = self._fine_tuner.train(selected.network, self._samples, list(range(count)), [], RATE)
        self.worker.tell("trained_on_collected", model=selected.model, count=count, right=right, steps=steps)
        self.worker.training.trainer.training_run.ask_evaluation()
        self.worker.predict_again()
