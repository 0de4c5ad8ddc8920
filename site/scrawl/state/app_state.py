"""Everything the page shows, in one place: `transitions` change it, the views show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.state import settings
from scrawl.state.drawing import Drawing
from scrawl.state.history import History

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from scrawl.drawing.tool_state import Tools
    from scrawl.inspect.inspect_state import InspectionState
    from scrawl.net.interfaces import Bytes, LayerDescription, NetworkDescription
    from scrawl.net.safetensors import Metadata
    from scrawl.runs.runs_state import RunsState
    from scrawl.share.share_state import ShareState
    from scrawl.state.history import Series
    from scrawl.state.settings import Settings, Value

    type Transitions = dict[str, Callable[..., None]]  # event → what it makes of the state
    type Tone = Literal["quiet", "good", "warning", "error"]
    type Origin = Literal["", "random", "quick", "shared", "older", "sent", "file", "kept"]
    type Task = Literal["", "load", "send", "reset", "rollback"]


class Notice:
    """A message that stands where it belongs. What it says is missing, if anything, takes it away by coming."""

    def __init__(self, text: str, tone: Tone = "quiet", missing: Literal["", "digits", "weights"] = "") -> None:
        self.text = text
        self.tone = tone
        self.missing = missing


class Record:
    """What belongs to one network: its run, where its weights come from, and what is being done with them."""

    def __init__(self) -> None:
        self.opened = False  # whether the worker has it
        self.start_over()
        self.test_count = 0  # digits its test accuracy was measured on
        self.modified = False  # whether the weights have been changed here
        self.origin: Origin = ""  # where this tab's weights come from
        self.version: Metadata = {}  # what is known of the shared version they are
        self.unusable = ""  # why the shared weights cannot be used
        self.etag = ""  # of the shared weights this tab started from
        self.busy: Task = ""  # what is under way with the shared weights
        self.progress: float | None = None
        self.notices: dict[str, Notice] = {}  # train, weights

    def start_over(self) -> None:
        """Forget the run, because the weights are others."""
        self.iteration = 0
        self.shared_iteration = 0  # the one whose weights were sent
        self.loss: float | None = None
        self.train_accuracy: float | None = None
        self.test_accuracy: float | None = None
        self.samples_per_second = 0.0
        self.epoch = 0.0
        self.run_settings: Settings | None = None  # with which the run started
        self.checkpoints: list[tuple[int, int, float]] = []  # the worker's: number, iteration, test accuracy
        self.shown_checkpoint = -1  # the checkpoint that is looked at, -1: the network as it is
        self.history = History()


class State:
    """The page's state. Only transitions change its attributes."""

    # Added by features when they start.
    tools: Tools
    share: ShareState
    runs: RunsState
    inspection: InspectionState

    def __init__(self) -> None:
        self.phase: Literal["loading", "ready"] = "loading"  # ready once one can draw and predict
        self.models: list[NetworkDescription] = []  # of models.json
        self.model = "mlp-128"  # the network that is selected
        self.records: dict[str, Record] = {}  # of all networks that have been selected
        self.dataset = ""  # title and notice of the API's data
        # Drawing and reading
        self.drawing = Drawing()
        self.label = 0
        self.blank = True
        self.picture: Bytes | None = None  # 784 bytes, as the network sees the drawing
        self.probabilities: list[float] = []
        self.unlike = False  # whether the drawing is unlike any digit that the network has learned
        # Training
        self.settings = settings.settings_for([])
        self.typed: dict[
            str, Value
        ] = {}  # the settings that the person has filled in; the others are the network's own
        self.invalid: dict[str, str] = {}  # setting → why what its field holds cannot be used
        self.awaiting_weights = True  # the first ones; until they come or cannot, the page is not ready
        self.training = False
        self.overlays: tuple[
            tuple[Series, int], ...
        ] = ()  # (series, slot) of other runs, drawn over the selected network's curves
        self.cached = 0
        self.blocks_total = 0
        # The API
        self.api: Literal["unknown", "up", "away", "slow"] = "unknown"
        self.api_detail = ""
        self.page_requests = 0
        self.worker_requests = 0
        self.notices: dict[str, Notice] = {}  # draw, tune, settings, page

    @property
    def record(self) -> Record:
        """The selected network's."""
        return self.record_of(self.model)

    def record_of(self, model: str) -> Record:
        """Return a network's record, a new one at first."""
        if model not in self.records:
            self.records[model] = Record()
        return self.records[model]

    def network(self) -> NetworkDescription:
        """Return the description of the selected network."""
        return next(model for model in self.models if model["model"] == self.model)

    def layers(self) -> list[LayerDescription]:
        """Return the selected network's layers, none while they are not known."""
        return next((model["layers"] for model in self.models if model["model"] == self.model), [])

    def label_of(self) -> tuple[int, float] | None:
        """Return (digit, its probability), None for a blank pad."""
        if self.blank or not self.probabilities:
            return None
        best = max(range(len(self.probabilities)), key=self.probabilities.__getitem__)
        return best, self.probabilities[best]
