"""What the tests of the page's transitions share."""

import pytest
from scrawl.state import transitions
from scrawl.state.app_state import State
from scrawl.state.transitions import apply, training

from tests.support.networks.page_records import MODELS


@pytest.fixture
def state() -> State:
    """Return the state of a page that knows its networks."""
    transitions.register(training.TRANSITIONS)
    state = State()
    apply(state, "models_known", models=MODELS)
    return state
