"""What looking inside adds to the page's state, and how events change it. Pure."""

from scrawl.state.app_state import Notice, State


class Confusion:
    """What the test digits of one network have been read as."""

    def __init__(self, iteration: int, counts: list) -> None:
        self.iteration = iteration
        self.counts = counts  # by label, then by reading
        self.correct = sum(counts[11 * digit] for digit in range(10))
        self.total = sum(counts)
        self.worst = max(count for cell, count in enumerate(counts) if cell % 11)  # the most frequent mistake

    def row_total(self, label: int) -> int:
        """Return how many digits have that label."""
        return sum(self.counts[10 * label : 10 * label + 10])


class Inside:
    """The feature's part of the state."""

    def __init__(self) -> None:
        self.pictures: dict = {}  # panel → its last picture, a dict of the report's fields
        self.chosen: tuple | None = None  # (stage, unit)
        self.votes: dict | None = None  # of the chosen unit: the report's fields
        self.saliency_on = False
        self.saliency_digit = -1  # the one that is read
        self.salient: dict | None = None
        self.confusions: dict = {}  # model → Confusion
        self.counting = False
        self.cell: tuple | None = None  # (label, reading), opened
        self.misread: dict | None = None  # the digits behind it
        self.learning = False
        self.notice: Notice | None = None  # about them
        self.scrub_to: int | None = None  # the checkpoint that has been asked for and is not yet shown
        self.along: dict = {}  # model → "loading", "there", or why it is not
        self.readings: dict = {}  # model → ten probabilities


def _picture(state: State, model: str, panel: str, **picture: object) -> None:
    if model == state.model:
        state.inside.pictures[panel] = picture


def _looked(state: State, **_fields: object) -> None:
    if state.blank:
        state.inside.votes = None


def _voted(state: State, model: str, **votes: object) -> None:
    if model == state.model and state.inside.chosen == (votes["stage"], votes["unit"]):
        state.inside.votes = votes


def _unit_chosen(state: State, stage: int, unit: int) -> None:
    if state.inside.chosen != (stage, unit):
        state.inside.chosen, state.inside.votes = (stage, unit), None


def _network_left(state: State) -> None:
    """Forget what was shown of another network."""
    inside = state.inside
    inside.pictures, inside.chosen, inside.votes, inside.salient = {}, None, None, None
    inside.cell = inside.misread = inside.notice = inside.scrub_to = None


def _saliency_wanted(state: State, on: bool) -> None:
    state.inside.saliency_on = on


def _saliency_digit(state: State, digit: int) -> None:
    state.inside.saliency_digit = digit


def _salient(state: State, model: str, **salient: object) -> None:
    if model == state.model:
        state.inside.salient = salient


def _counting(state: State) -> None:
    state.inside.counting = True


def _counted(state: State, model: str, iteration: int, counts: list) -> None:
    state.inside.confusions[model] = Confusion(iteration, [int(count) for count in counts])
    state.inside.counting = False


def _counts_stale(state: State, model: str) -> None:
    state.inside.confusions.pop(model, None)


def _cell_opened(state: State, label: int, reading: int) -> None:
    state.inside.cell = (label, reading)
    state.inside.misread = state.inside.notice = None


def _cell_closed(state: State) -> None:
    state.inside.cell = state.inside.misread = state.inside.notice = None


def _misread_digits(state: State, model: str, **misread: object) -> None:
    if model == state.model and state.inside.cell == (misread["label"], misread["reading"]):
        state.inside.misread = misread


def _learn_wanted(state: State) -> None:
    state.inside.learning = True
    state.inside.notice = Notice("Training on these…")


def _learned_misread(state: State, model: str, **learned: object) -> None:
    from scrawl.inspect import descriptions

    if learned["steps"]:
        state.record_of(model).modified = True
    state.inside.learning = False
    state.inside.notice = Notice(descriptions.learned(**learned), "good" if learned["steps"] else "warning")


def _scrub_wanted(state: State, number: int) -> None:
    state.inside.scrub_to = number


def _scrub_done(state: State) -> None:
    state.inside.scrub_to = None


def _worker_anew(state: State) -> None:
    """Another worker has begun: it knows none of the counts and none of those that read along."""
    _network_left(state)
    inside = state.inside
    inside.confusions, inside.along, inside.readings = {}, {}, {}
    inside.counting = inside.learning = False


def _along(state: State, model: str, stage: str) -> None:
    state.inside.along = {**state.inside.along, model: stage}


def _read_by(state: State, models: list, probabilities: list) -> None:
    shares = [float(p) for p in probabilities]
    state.inside.readings = {
        model: shares[10 * place : 10 * place + 10] for place, model in enumerate(models) if shares
    }


TRANSITIONS = {
    "network_left": _network_left,
    "worker_anew": _worker_anew,
    "panel_painted": _picture,
    "layers_inspected": _looked,
    "unit_explained": _voted,
    "unit_chosen": _unit_chosen,
    "saliency_wanted": _saliency_wanted,
    "saliency_digit": _saliency_digit,
    "saliency_painted": _salient,
    "counting": _counting,
    "confusion_counted": _counted,
    "counts_stale": _counts_stale,
    "cell_opened": _cell_opened,
    "cell_closed": _cell_closed,
    "misread_digits": _misread_digits,
    "learn_wanted": _learn_wanted,
    "trained_on_misread": _learned_misread,
    "scrub_wanted": _scrub_wanted,
    "scrub_done": _scrub_done,
    "along": _along,
    "comparison_added": lambda state, model: _along(state, model, "there"),
    "comparison_failed": lambda state, model, message: _along(state, model, message),
    "all_predicted": _read_by,
}
