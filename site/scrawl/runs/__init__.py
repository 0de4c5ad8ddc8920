"""Runs beside each other: kept under a name, drawn over the curves, read off at a point, and addressed by the URL."""


def begin(parts: object) -> None:
    """Add them to the page, below the curves."""
    # Here, since the second bundle's pure modules are tested without a browser.
    from scrawl.runs.curve_readout import Pointing
    from scrawl.runs.runs_state import TRANSITIONS, Runs
    from scrawl.runs.runs_view import RunsView
    from scrawl.runs.url_sync import Addressing
    from scrawl.state import transitions

    page = parts.page
    page.state.runs = Runs()
    transitions.register(TRANSITIONS)
    addressing = Addressing(parts)
    page.views += [RunsView(page, addressing), Pointing(page, parts.curves), addressing]
    page.show()
