"""A visitor's work as the browser stores it: drawing, settings and curves come back as they were."""

import base64
import json
from typing import Any

import pytest
from scrawl.state import saved_work
from scrawl.state.app_state import Record, State


def pack(data: Any) -> str:
    return base64.b64encode(bytes(data)).decode()


def stored(value: dict[str, Any]) -> dict[str, Any]:
    """Return the value after a round trip through JSON, as in the browser's storage."""
    return dict(json.loads(json.dumps(value)))


def test_drawing_and_settings_come_back() -> None:
    state = State()
    state.model, state.label, state.label_chosen = "conv-32-64", 7, True
    state.typed = {"batch_size": 50}
    state.drawing.show_sample(bytes(range(196)) * 4, 3)
    state.drawing.start_stroke(10.04, 20)
    state.drawing.extend_stroke([(30, 40), (50, 60)])
    found = State()
    saved_work.take_page(found, stored(saved_work.page_to_plain(state, pack)), base64.b64decode)
    assert (found.model, found.typed) == ("conv-32-64", {"batch_size": 50})
    assert (found.label, found.label_chosen) == (7, True)
    assert found.drawing.sample() == (bytes(range(196)) * 4, 3)
    assert [stroke[1] for stroke in found.drawing.strokes()] == [[(10.0, 20), (30, 40), (50, 60)]]
    assert found.drawing.strokes()[0][2:] == state.drawing.strokes()[0][2:]


def test_only_the_sheet_on_top_is_saved() -> None:
    state = State()
    state.drawing.start_stroke(1, 1)
    state.drawing.clear()
    found = State()
    saved_work.take_page(found, stored(saved_work.page_to_plain(state, pack)), base64.b64decode)
    assert found.drawing.is_blank()
    assert found.drawing.actions == []


def test_tab_that_was_only_opened_has_left_no_work() -> None:
    state = State()
    assert not saved_work.has_content(stored(saved_work.page_to_plain(state, pack)))
    assert saved_work.has_content({"iterations": {"mlp-128": 3}})
    state.drawing.start_stroke(1, 1)
    assert saved_work.has_content(stored(saved_work.page_to_plain(state, pack)))
    state.drawing.clear()
    state.drawing.show_sample(bytes(784), 3)
    assert saved_work.has_content(stored(saved_work.page_to_plain(state, pack)))


def test_settings_that_are_not_known_any_more_are_left_out() -> None:
    state = State()
    saved_work.take_page(state, {"typed": {"batch_size": 5, "warp": 9}}, base64.b64decode)
    assert state.typed == {"batch_size": 5}


JUNK: list[dict[str, Any]] = [
    {"model": 5, "typed": [1], "label": "x", "sheet": "abc"},
    {"model": ["a"], "typed": None, "label": 99, "sheet": None},
    {"model": "", "typed": {"batch_size": "x", "learning_rate": 1e30, "optimizer": 3, "target": "?"}, "label": [1]},
    {"sheet": [["stroke"], ["stroke", [["a", "b"]], 5, False], ["what", 1], ["sample", "AAAA", 3], 7, [], ["image"]]},
]


@pytest.mark.parametrize("work", JUNK)
def test_what_cannot_be_used_is_left_out(work: dict[str, Any]) -> None:
    state, fresh = State(), State()
    saved_work.take_page(state, stored(work), base64.b64decode)
    assert (state.model, state.typed, state.label) == (fresh.model, {}, 0)
    assert state.drawing.actions == []


def test_strokes_stay_on_the_surface() -> None:
    state = State()
    saved_work.take_page(state, {"sheet": [["stroke", [[1e300, -5]], 9, False]]}, base64.b64decode)
    assert state.drawing.strokes() == [("stroke", [(280.0, 0.0)], 9.0, False)]


def test_run_comes_back_with_its_curves() -> None:
    record = Record()
    record.iteration, record.loss, record.test_accuracy, record.origin = 2000, 0.25, 0.97, "random"
    for iteration in range(1, 2001):
        record.history.add("train", iteration, 1 / iteration, 0.5)
    record.history.add("test", 1500, 0.3, 0.96)
    found = Record()
    record.lessons = 2
    saved_work.take_record(found, stored(saved_work.record_to_plain(record)))
    assert found.lessons == 2
    assert (found.iteration, found.loss, found.test_accuracy, found.origin) == (2000, 0.25, 0.97, "random")
    for kind in ("train", "test"):
        before, after = getattr(record.history, kind), getattr(found.history, kind)
        assert after.iterations == before.iterations
        assert after.values == before.values
        assert after.marks == before.marks
        assert after.stride == before.stride


def test_run_that_an_earlier_version_saved_comes_back() -> None:
    plain = saved_work.record_to_plain(Record())
    del plain["lessons"]
    found = Record()
    saved_work.take_record(found, stored(plain))
    assert found.lessons == 0


def test_image_beneath_the_strokes_comes_back() -> None:
    state, found = State(), State()
    image = bytes(range(256)) * 306 + bytes(64)
    state.drawing.show_image(image, ["tiny"])
    state.drawing.start_stroke(10, 20)
    saved_work.take_page(found, stored(saved_work.page_to_plain(state, pack)), base64.b64decode)
    assert found.drawing.ground() == ("image", image, ["tiny"])
    assert len(found.drawing.strokes()) == 1


# As version 0.2.1 saved them.
OLD_PAGE = {
    "model": "conv-32-64",
    "typed": {"batch_size": 32, "learning_rate": 0.01, "optimizer": "adam", "augment": True, "target": 0.97},
    "label": 4,
    "sheet": [["image", base64.b64encode(bytes(280 * 280)).decode()], ["stroke", [[1.5, 2], [30, 40]], 21, False]],
}
OLD_RUN = {
    "iteration": 300,
    "shared_iteration": 100,
    "loss": 0.21,
    "train_accuracy": 0.94,
    "test_accuracy": 0.95,
    "test_count": 10000,
    "touched": True,
    "origin": "shared",
    "version": {"model": "conv-32-64", "version": "20260301T080000000-0000000a", "accuracy": 0.99},
    "etag": '"20260301T080000000-0000000a"',
    "curves": {"train": [1, [100, 200, 300], [0.5, 0.3, 0.21], [0.8, 0.9, 0.94]], "test": [1, [300], [0.2], [0.95]]},
}


def test_what_an_earlier_version_saved_comes_back() -> None:
    state, record = State(), Record()
    saved_work.take_page(state, stored(OLD_PAGE), base64.b64decode)
    assert (state.model, state.label, state.typed) == ("conv-32-64", 4, OLD_PAGE["typed"])
    assert [action[0] for action in state.drawing.actions] == ["image", "stroke"]
    saved_work.take_record(record, stored(OLD_RUN))
    assert (record.iteration, record.test_accuracy, record.origin) == (300, 0.95, "shared")
    assert (record.modified, record.lessons) == (True, 0)
    assert record.version["version"] == "20260301T080000000-0000000a"
    assert record.history.train.iterations == [100, 200, 300]
