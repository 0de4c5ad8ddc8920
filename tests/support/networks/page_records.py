"""The networks whose descriptions the page gets in the tests of its state, and reports about their training."""

from scrawl.state.app_state import State
from scrawl.state.transitions import apply

MLP, DEEP, CONV = "mlp-128", "mlp-128-64", "conv-32-64"
MODELS = [
    {"model": MLP, "title": "Small", "layers": [{"kind": "dense"}]},
    {"model": DEEP, "title": "Deep", "layers": [{"kind": "dense"}]},
    {"model": CONV, "title": "Conv", "layers": [{"kind": "conv3x3"}]},
]


def progress(state: State, model: str, iteration: int, loss: float, accuracy: float) -> None:
    """Tell the page how far a training is."""
    figures = {"epoch": 0.5, "loss": loss, "accuracy": accuracy, "samples_per_second": 1e5}
    apply(state, "progress", model=model, iteration=iteration, points=[iteration, loss, accuracy], **figures)


def report_training(state: State, model: str, iteration: int) -> None:
    """Tell the page how far a training is, and what was measured there."""
    progress(state, model, iteration, 0.5, 0.8)
    apply(state, "evaluated", model=model, iteration=iteration, loss=0.6, accuracy=0.75, count=10000, on_curve=True)
