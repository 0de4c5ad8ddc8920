"""What each event makes of the state: `apply(state, event, **fields)`.

Pure: `actions`, `reading` and the features carry out what follows. The worker's reports are events under their own
names; the others are the person's doings and the API's answers. Events that concern one network carry its `model`,
and change its record whether it is the selected one or not. Each module here has a part of the table; features add
theirs.
"""

from scrawl.state.app_state import State
from scrawl.state.transitions import api, drawing, networks, weights

TRANSITIONS = {**drawing.TRANSITIONS, **networks.TRANSITIONS, **weights.TRANSITIONS, **api.TRANSITIONS}


def register(transitions: dict) -> None:
    """Add a feature's events."""
    for event, transition in transitions.items():
        if TRANSITIONS.get(event, transition) is not transition:
            raise ValueError(f"the event {event!r} is registered already")
        TRANSITIONS[event] = transition


def apply(state: State, event: str, **fields: object) -> None:
    """Change the state as the event demands."""
    TRANSITIONS[event](state, **fields)
