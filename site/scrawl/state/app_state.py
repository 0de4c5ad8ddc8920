"""Everything the page shows, in one place: `transitions` change it, the views show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.net.names import is_network, parse
from scrawl.state import settings
from scrawl.state.drawing import Drawing
from scrawl.state.history import History

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from scrawl.diagram.diagram_state import DiagramState
    from scrawl.drawing.tool_state import Tools
    from scrawl.editor.network_draft import Draft
    from scrawl.inspect.inspect_state import InspectionState
    from scrawl.net.interfaces import Bytes, LayerDescription, NetworkDescription
    from scrawl.net.safetensors import Metadata
    from scrawl.runs.runs_state import RunsState
    from scrawl.share.share_state import ShareState
    from scrawl.state.history import Series
    from scrawl.state.settings import Settings, Value
    from scrawl.together.together_state import TogetherState

    type Transitions = dict[str, Callable[..., None]]  # event → what it makes of the state
    type Tone = Literal["quiet", "good", "warning", "error"]
    type Origin = Literal["", "random", "quick", "shared", "older", "sent", "file", "kept"]
    type Missing = Literal["", "digits", "weights", "progress", "api"]
    type Task = Literal["", "load", "send", "reset", "rollback"]


class Notice:
    """A message that stands where it belongs. What it says is missing, if anything, takes it away by coming."""

    def __init__(self, text: str, tone: Tone = "quiet", missing: Missing = "") -> None:
        self.text = text
        self.tone = tone
        self.missing = missing


class Record:
    """What belongs to one network: its run, where its weights come from, and what is being done with them."""

    def __init__(self) -> None:
        self.opened = False  # whether the worker has it
        self.start_over()
        self.modified = False  # whether the weights have been changed here
        self.origin: Origin = ""  # where this tab's weights come from
        self.fresh = True  # whether they started as random ones, which may still be on their way
        self.version: Metadata = {}  # what is known of the shared version they are
        self.unusable = ""  # why the shared weights cannot be used
        self.etag = ""  # of the shared weights this tab started from
        self.busy: Task = ""  # what is under way with the shared weights
        self.progress: float | None = None
        self.notices: dict[str, Notice] = {}  # train, weights

    @property
    def untouched(self) -> bool:
        """Whether first weights, saved or shared, may still take the place of what there is."""
        return not self.modified and self.origin in ("", "quick")

    def start_over(self) -> None:
        """Forget the run, because the weights are others."""
        self.iteration = 0
        self.shared_iteration = 0  # the one whose weights were sent
        self.loss: float | None = None
        self.train_accuracy: float | None = None
        self.test_accuracy: float | None = None
        self.test_count = 0  # digits its test accuracy was measured on
        self.lessons = 0  # that have changed the weights since they came here or were sent
        # Test accuracy and count before each lesson that can be taken back, the newest last.
        self.before_lessons: list[tuple[float | None, int]] = []
        self.watched_from = 0  # the iteration since which training goes on with the same settings
        self.samples_per_second = 0.0
        self.epoch = 0.0
        self.run_settings: Settings | None = None  # with which the run started
        self.checkpoints: list[tuple[int, int, float]] = []  # the worker's: number, iteration, test accuracy
        self.checkpoint_lessons: dict[int, int] = {}  # checkpoint's number → how many lessons are in its weights
        self.shown_checkpoint = -1  # the checkpoint that is looked at, -1: the network as it is
        self.history = History()

    def is_untrained(self) -> bool:
        """Tell whether the weights are random, and nothing has been learned since."""
        return self.origin in ("", "random") and not self.iteration and not self.lessons

    def learn_lesson(self, undoable: int) -> None:
        """Note that a lesson has changed the weights; the last `undoable` lessons can be taken back."""
        self.lessons += 1
        self.modified = True
        before = [*self.before_lessons, (self.test_accuracy, self.test_count)]
        self.before_lessons = before[-undoable:] if undoable else []
        self.test_accuracy = None  # until it is measured again


class State:
    """The page's state. Only transitions change its attributes."""

    # Added by features when they start.
    tools: Tools
    share: ShareState
    runs: RunsState
    inspection: InspectionState
    diagram: DiagramState
    draft: Draft | None  # what the layer editor holds, None for the selected network
    together: TogetherState

    def __init__(self) -> None:
        self.phase: Literal["loading", "ready"] = "loading"  # ready once one can draw and predict
        self.models: list[NetworkDescription] = []  # of models.json, and others that have been chosen
        self.ready_models: list[str] = []  # those of models.json, which come with weights
        self.model = "mlp-128"  # the network that is selected
        self.records: dict[str, Record] = {}  # of all networks that have been selected
        self.dataset = ""  # title and notice of the API's data
        # Drawing and reading
        self.drawing = Drawing()
        self.label = 0  # what the drawing is meant to be
        self.label_chosen = False  # by the person, or by the sample; else it follows the prediction
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
        self.threads = 0  # that train; 0 until the worker has said
        self.why_single = ""  # why it is one
        self.cached = 0
        self.blocks_total = 0
        # The API
        self.api: Literal["unknown", "up", "away", "slow"] = "unknown"
        self.api_detail = ""
        self.shared_models: list[str] | None = None  # whose weights it shares, None while that is not known
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

    def know(self, model: str) -> bool:
        """Add a network that has only a name to those that can be chosen. Return whether it is a network."""
        if model not in [known["model"] for known in self.models]:
            if not is_network(model):
                return False
            self.models = [*self.models, parse(model).description()]
        return True

    def is_unshared(self) -> bool:
        """Tell whether the API is known to have no weights of the selected network, so that asking for them fails."""
        return self.shared_models is not None and self.model not in self.shared_models

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
