"""What each event makes of the state: `apply(state, event, **fields)`.

They change nothing but the state. The worker's reports are events under their own names; the others are what the
person does and what the API answers. Events that concern one network carry its `model`, and change its record whether
it is the selected one or not. Each module here has a part of the table; features add theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrawl.state.transitions import api, drawing, networks, weights

if TYPE_CHECKING:
    from typing import Any

    from scrawl.state.app_state import State, Transitions

TRANSITIONS: Transitions = {**drawing.TRANSITIONS, **networks.TRANSITIONS, **weights.TRANSITIONS, **api.TRANSITIONS}


def register(transitions: Transitions) -> None:
    """Add a feature's events."""
    for event, transition in transitions.items():
        if TRANSITIONS.get(event, transition) is not transition:
            raise ValueError(f"the event {event!r} is registered already")
        TRANSITIONS[event] = transition


def apply(state: State, event: str, **fields: Any) -> None:
    """Change the state as the event demands."""
    TRANSITIONS[event](state, **fields)
