"""Views take queue: no frame takes long, and each shows the newest state in the end."""

import pytest
from scrawl.ui import render_queue as module
from scrawl.ui.render_queue import FRAME_TIME, MINIMUM_VIEWS, RenderQueue


@pytest.fixture
def one_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clock alone decide."""
    monkeypatch.setattr(module, "MINIMUM_VIEWS", 1)


class Clock:
    """Milliseconds that pass when a view says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class View:
    """A view that takes its time, and notes what it has shown; `parts` is in how many frames it does so."""

    def __init__(self, clock: Clock, milliseconds: float, parts: int = 1) -> None:
        self.clock, self.milliseconds, self.left = clock, milliseconds, parts
        self.shown: list[str] = []

    def render(self, state: str) -> bool:
        self.clock.now += self.milliseconds
        self.shown.append(state)
        self.left -= 1
        return self.left > 0


def queue_of(*milliseconds: float) -> tuple[RenderQueue[str], list[View]]:
    clock = Clock()
    queue = RenderQueue[str](clock)
    views = [View(clock, each) for each in milliseconds]
    queue.views += views
    return queue, views


@pytest.mark.usefixtures("one_at_least")
def test_frame_ends_when_its_time_is_up_and_the_next_goes_on() -> None:
    queue, views = queue_of(FRAME_TIME / 2, FRAME_TIME / 2, 1, 1)
    queue.mark_changed()
    assert queue.render_some("a") == 0
    assert [len(view.shown) for view in views] == [1, 1, 0, 0]
    assert queue.render_some("a") is None
    assert [len(view.shown) for view in views] == [1, 1, 1, 1]


@pytest.mark.usefixtures("one_at_least")
def test_change_meanwhile_gives_everyone_a_turn_again_and_keeps_nobody_waiting() -> None:
    queue, views = queue_of(FRAME_TIME, FRAME_TIME, FRAME_TIME)
    for state in "abc":  # something changes with each frame
        queue.mark_changed()
        assert queue.render_some(state) == 0
    assert [view.shown for view in views] == [["a"], ["b"], ["c"]]
    while queue.render_some("c") == 0:
        pass
    assert [view.shown[-1] for view in views] == ["c", "c", "c"]


def test_view_with_more_to_do_is_asked_again_alone() -> None:
    queue, (view, other) = queue_of(1, 1)
    view.left = 3
    queue.mark_changed()
    assert [queue.render_some("a") for _ in range(3)] == [0, 0, None]
    assert (len(view.shown), len(other.shown)) == (3, 1)


def test_changes_in_quick_succession_are_shown_together() -> None:
    queue, (view,) = queue_of(1)
    queue.mark_changed()
    assert queue.render_some("a", interval=80) is None
    queue.mark_changed()
    assert queue.render_some("b", interval=80) == 79
    view.clock.now += 79
    queue.mark_changed()
    assert queue.render_some("c", interval=80) is None
    assert view.shown == ["a", "c"]


def test_nothing_is_rendered_while_nothing_changes() -> None:
    queue, (view,) = queue_of(1)
    assert queue.render_some("a") is None
    assert view.shown == []


def test_some_have_a_turn_in_each_frame_however_the_clock_runs() -> None:
    queue, views = queue_of(*[FRAME_TIME] * (MINIMUM_VIEWS + 1))
    queue.mark_changed()
    assert queue.render_some("a") == 0
    assert [len(view.shown) for view in views] == [1] * MINIMUM_VIEWS + [0]
    assert queue.render_some("a") is None


@pytest.mark.usefixtures("one_at_least")
def test_what_is_outdated_is_shown_again_in_one_frame_however_long_it_takes() -> None:
    queue, views = queue_of(FRAME_TIME, FRAME_TIME, FRAME_TIME)
    queue.mark_changed()
    queue.render_some("a")
    queue.mark_outdated()  # in the middle of a round, and of the interval between two
    assert queue.render_some("b", interval=1000) is None
    assert [view.shown for view in views] == [["a", "b"], ["b"], ["b"]]
