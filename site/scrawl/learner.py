"""One network being trained: its counters, its measurement on the test digits, and its last good weights.

Pure. Which digits it learns from, and when, is `trainer`'s business.
"""

AT_ONCE = 0.004  # seconds of work that the network is asked for in one call
FEWEST, MOST = 8, 1000  # test digits that are judged in one call
EVALUATE_EVERY = 0.35  # seconds of training between two measurements, at least
SHARE = 3  # times as long as a measurement takes, training goes on before the next
SLOW = 0.5  # seconds of a measurement that are too long for somebody who has just pressed Train
WINDOW = 4000  # samples that the running loss and accuracy look back on


class Learner:
    """A network and how far it has come. `clock` returns seconds."""

    def __init__(self, network: object, clock: object) -> None:
        self.network = network
        self.clock = clock
        self._seconds_per_digit = 0.0  # of a measurement; 0 until there has been one
        self.restart()

    def restart(self) -> None:
        """Begin counting anew, because the weights are others."""
        self.iteration = 0
        self.loss_sum = self.correct = self.weight = 0.0  # running sums over about WINDOW samples
        self.rate = 0.0  # samples per second
        self._samples_since = self._seconds_since = 0.0
        self._good: tuple | None = None  # the last good weights and their figures
        self._measurement_seconds = 0.0
        self.ask_evaluation()

    # Training

    def train(self, samples: object, place: int, count: int, steps: int, rate: float) -> bool:
        """Do `steps` steps of `count` samples each. Return whether all is well: False if the run has diverged."""
        if self._good is None:
            self._keep()
        loss, correct = self.network.train_steps(samples, place, count, steps, rate)
        seen = count * steps
        self.iteration += steps
        self._samples_since += seen
        keep = max(0.0, 1 - seen / WINDOW)
        self.loss_sum = keep * self.loss_sum + loss
        self.correct = keep * self.correct + correct
        self.weight = keep * self.weight + seen
        return is_finite(loss)

    def trained_for(self, seconds: float) -> None:
        """Count the time that training has taken; a measurement may be due."""
        self._train_seconds += seconds
        self._seconds_since += seconds
        if self._train_seconds >= max(EVALUATE_EVERY, SHARE * self._measurement_seconds):
            self.ask_evaluation()

    def steps_at_once(self, count: int) -> int:
        """Return how many steps of `count` samples to do in one call, which costs less than many calls."""
        return max(1, int(AT_ONCE * self.rate / count))

    def progress(self) -> dict:
        """Return what there is to say about the training so far."""
        if self._seconds_since > 0.05:
            rate = self._samples_since / self._seconds_since
            self.rate = rate if not self.rate else 0.7 * self.rate + 0.3 * rate
            self._samples_since = self._seconds_since = 0.0
        weight = max(self.weight, 1.0)
        return {
            "iteration": self.iteration,
            "loss": self.loss_sum / weight,
            "accuracy": self.correct / weight,
            "samples_per_second": self.rate,
        }

    def go_back(self) -> dict:
        """Take the last good weights again. Return at which iteration the run diverged, and which is back."""
        diverged = self.iteration
        weights, self.iteration, self.loss_sum, self.correct, self.weight = self._good
        self.network.load(weights)
        self.forget_evaluation()
        return {"iteration": diverged, "back_to": self.iteration}

    def _keep(self) -> None:
        self._good = (self.network.export(), self.iteration, self.loss_sum, self.correct, self.weight)

    # Measuring

    def ask_evaluation(self) -> None:
        """Measure on the test digits as soon as they are there."""
        self.forget_evaluation()
        self.evaluation_asked = True

    def forget_evaluation(self) -> None:
        """Measure nothing for now."""
        self.evaluation_asked = False
        self._left: list = []  # ranges still to be judged
        self._seen = self._test_loss = self._test_correct = self._test_seconds = 0.0
        self._train_seconds = 0.0

    def is_slow(self, digits: int) -> bool:
        """Tell whether measuring on so many digits keeps a person waiting."""
        return digits * self._seconds_per_digit > SLOW

    def evaluate(self, samples: object, ranges: list, deadline: float) -> dict | None:
        """Go on measuring until the deadline. Return the result once it is there; its loss may not be finite."""
        if not self._left:
            self._left = list(ranges)
        while self._left:
            self._judge(samples, *self._left.pop())
            if self._left and self.clock() >= deadline:
                return None
        self.evaluation_asked = False
        self._measurement_seconds = self._test_seconds
        if is_finite(self._test_loss):
            self._keep()
        return {
            "iteration": self.iteration,
            "loss": self._test_loss / self._seen,
            "accuracy": self._test_correct / self._seen,
            "count": int(self._seen),
        }

    def _judge(self, samples: object, first: int, count: int) -> None:
        """Judge as many digits of a range as can be done at once, and put back the rest."""
        size = min(count, self._digits_at_once())
        started = self.clock()
        loss, correct = self.network.evaluate(samples, first, size)
        seconds = self.clock() - started
        self._seconds_per_digit = seconds / size
        self._test_loss += loss
        self._test_correct += correct
        self._test_seconds += seconds
        self._seen += size
        if count > size:
            self._left.append((first + size, count - size))

    def _digits_at_once(self) -> int:
        if not self._seconds_per_digit:
            return FEWEST if not self._seen else 32 * FEWEST
        return min(MOST, max(FEWEST, int(AT_ONCE / self._seconds_per_digit)))


def is_finite(value: float) -> bool:
    """Tell whether it is neither infinite nor NaN."""
    return value - value == 0
