"""Everything the page shows, in one place. Pure: `transitions` change it, `views` show it."""

from scrawl.geometry import Drawing
from scrawl.history import History

SETTINGS = {"batch_size": 64, "learning_rate": 0.3, "cache_size": 60}
LIMITS = {"batch_size": (1, 1024), "learning_rate": (0.0001, 10.0), "cache_size": (1, 200)}


class Notice:
    """A message that stands where it belongs. Tones: quiet, good, warning, error."""

    def __init__(self, text: str, tone: str = "quiet", until: str = "") -> None:
        self.text = text
        self.tone = tone
        self.until = until  # "blocks": it is settled by the first block


class State:
    """The page's state. Attributes are changed by the transitions below only."""

    def __init__(self) -> None:
        self.phase = "loading"  # ready once one can draw and predict
        self.models: list = []  # of models.json
        self.model = "mlp-128"
        self.dataset = ""  # title and notice of the API's data
        # Drawing and reading
        self.drawing = Drawing()
        self.label = 0
        self.blank = True
        self.picture: object = None  # 784 bytes, as the network sees the drawing
        self.probabilities: list = []
        # Training
        self.settings = dict(SETTINGS)
        self.invalid: list = []  # settings whose field holds what cannot be used
        self.opened = False
        self.awaiting_weights = True  # the first ones; until they come or cannot, the page is not ready
        self.training = False
        self.touched = False  # whether the weights have been changed here
        self.iteration = 0
        self.shared_iteration = 0  # the one whose weights were sent
        self.loss: float | None = None
        self.train_accuracy: float | None = None
        self.test_accuracy: float | None = None
        self.test_count = 0  # digits it was measured on
        self.samples_per_second = 0.0
        self.cached = 0
        self.blocks_total = 0
        self.history = History()
        # The API and its weights
        self.api = "unknown"  # up, away
        self.api_detail = ""
        self.page_requests = 0
        self.worker_requests = 0
        self.origin = ""  # where this tab's weights come from: random, quick, shared, sent
        self.version: dict = {}  # what is known of the shared version they are
        self.etag = ""  # of the shared weights this tab has begun from
        self.busy = ""  # load, send, reset: what is under way
        self.progress: float | None = None
        self.notices: dict = {}  # draw, tune, settings, train, weights → Notice

    def label_of(self) -> tuple | None:
        """Return (digit, its probability), None for a blank pad."""
        if self.blank or not self.probabilities:
            return None
        best = max(range(len(self.probabilities)), key=self.probabilities.__getitem__)
        return best, self.probabilities[best]


def check_setting(name: str, text: str) -> tuple:
    """Return (value, None) for what was typed into a setting, or (None, what is expected)."""
    low, high = LIMITS[name]
    kind = "number" if isinstance(low, float) else "whole number"
    try:
        value = float(text) if isinstance(low, float) else int(text)
    except ValueError:
        value = None
    if value is None or not low <= value <= high:
        title = name.replace("_", " ")
        came = text or "nothing"
        return None, f"The {title} is a {kind} from {low} to {high}, got {came}. Training keeps the last one."
    return value, None
