"""Starts the page, in parts, so that each can work while the next is made.

The worker comes first, since it takes longest; then what is asked over the network; then drawing and reading, with
which the page can be used; then everything else. Importing keeps the thread busy, and a worker cannot start while the
thread that made it is: hence the pauses.
"""

from browser import self as window

from scrawl.app.worker_link import Link

PAUSE = 8  # milliseconds in which the browser can do its part
LINK = Link()


def ask() -> None:
    """Ask the network, and whoever else takes time to answer."""
    from scrawl.app.app import Parts

    parts = Parts(LINK)
    parts.begin()
    window.setTimeout(draw, 0, parts)


def draw(parts: object) -> None:
    """Make the page usable."""
    from scrawl.app import start_drawing

    start_drawing.begin(parts)
    window.setTimeout(control, 0, parts)


def control(parts: object) -> None:
    """Make it complete."""
    from scrawl.app import start_controls

    start_controls.begin(parts)


window.setTimeout(ask, PAUSE)
