"""Sharing's pure parts: what is kept and taken up again, what versions are called, which commands are offered."""

import base64
import json
import shlex
from typing import Any

import numpy as np
import pytest
from scrawl.share import command_snippets, version_descriptions
from scrawl.share.share_state import TRANSITIONS, Share
from scrawl.state import saved_work, transitions
from scrawl.state.app_state import Record, State


def pack(data: Any) -> str:
    return base64.b64encode(bytes(data)).decode()


def kept(value: dict[str, Any]) -> dict[str, Any]:
    """Return what JSON makes of it, as the browser's storage does."""
    return dict(json.loads(json.dumps(value)))


def test_drawing_and_settings_come_back() -> None:
    state = State()
    state.model, state.label = "conv-32-64", 7
    state.typed = {"batch_size": 50}
    state.drawing.show_sample(bytes(range(196)) * 4, 3)
    state.drawing.start_stroke(10.04, 20)
    state.drawing.extend_stroke([(30, 40), (50, 60)])
    found = State()
    saved_work.take_page(found, kept(saved_work.page_to_plain(state, pack)), base64.b64decode)
    assert (found.model, found.label, found.typed) == ("conv-32-64", 7, {"batch_size": 50})
    assert found.drawing.sample() == (bytes(range(196)) * 4, 3)
    assert [stroke[1] for stroke in found.drawing.strokes()] == [[(10.0, 20), (30, 40), (50, 60)]]
    assert found.drawing.strokes()[0][2:] == state.drawing.strokes()[0][2:]


def test_only_the_sheet_on_top_is_kept() -> None:
    state = State()
    state.drawing.start_stroke(1, 1)
    state.drawing.clear()
    found = State()
    saved_work.take_page(found, kept(saved_work.page_to_plain(state, pack)), base64.b64decode)
    assert found.drawing.is_blank()
    assert found.drawing.actions == []


def test_settings_that_are_not_known_any_more_are_left_out() -> None:
    state = State()
    saved_work.take_page(state, {"typed": {"batch_size": 5, "warp": 9}}, base64.b64decode)
    assert state.typed == {"batch_size": 5}


def test_run_comes_back_with_its_curves() -> None:
    record = Record()
    record.iteration, record.loss, record.test_accuracy, record.origin = 2000, 0.25, 0.97, "random"
    for iteration in range(1, 2001):
        record.history.add("train", iteration, 1 / iteration, 0.5)
    record.history.add("test", 1500, 0.3, 0.96)
    found = Record()
    saved_work.take_record(found, kept(saved_work.record_to_plain(record)))
    assert (found.iteration, found.loss, found.test_accuracy, found.origin) == (2000, 0.25, 0.97, "random")
    for kind in ("train", "test"):
        before, after = getattr(record.history, kind), getattr(found.history, kind)
        assert after.iterations == before.iterations
        assert after.values == before.values
        assert after.marks == before.marks
        assert after.stride == before.stride


def test_versions_are_told_in_words() -> None:
    entry = {"source": "patch", "samples": 1, "created_at": "2026-05-17T09:30:00.000Z", "accuracy": 0.98765}
    assert version_descriptions.version(entry) == "taught on 1 digit, 2026-05-17 09:30 UTC"
    assert version_descriptions.accuracy(entry) == "98.77%"
    first = {"version": "20260101T000000000-0123abcd", "parent": None}
    assert version_descriptions.descent(first) == "0123abcd, the first"
    assert (
        version_descriptions.descent({"version": "x-89abcdef", "parent": first["version"]})
        == "89abcdef, from 0123abcd"
    )
    back = {"source": "rollback", "restores": "20260101T000000000-0123abcd", "samples": 0}
    assert version_descriptions.version(back) == "went back to an earlier one (0123abcd)"
    assert (
        version_descriptions.version({"source": "retrain", "samples": 60000})
        == "trained anew by the API on 60,000 digits"
    )


def test_declined_weights_are_explained() -> None:
    gate = version_descriptions.declined(422, "not made current: these weights recognise 9% of the test digits")
    assert "recognise 9%" in gate
    assert "Train further" in gate
    assert "Train further" not in version_descriptions.declined(422, "tensor 'fc1.bias' is not finite")


def shared() -> State:
    transitions.register(TRANSITIONS)
    state = State()
    state.share = Share()
    return state


def test_conflict_and_token_are_noted_and_settled() -> None:
    state = shared()
    transitions.apply(state, "conflict", model="mlp-128", on=True)
    transitions.apply(state, "conflict", model="conv-32-64", on=True)
    transitions.apply(state, "conflict", model="mlp-128", on=False)
    assert state.share.conflicts == ["conv-32-64"]
    transitions.apply(state, "token_wanted", on=True)
    transitions.apply(state, "token_wanted", on=False)
    assert (state.share.token_wanted, state.share.token_used) == (False, True)


def test_file_for_another_network_is_an_offer_until_the_next_one() -> None:
    state = shared()
    transitions.apply(state, "file_fits_another", name="a.onnx", model="conv-32-64")
    assert state.share.file_offer == "conv-32-64"
    transitions.apply(state, "file_noticed", text="b.onnx is cut off", tone="error")
    assert state.share.file_offer == ""


def test_answer_of_the_api_gives_way_to_its_failure() -> None:
    state = shared()
    transitions.apply(state, "answered", answer={"label": 3})
    transitions.apply(state, "answer_failed", text="The API is away")
    assert state.share.answer is None
    assert state.share.answer_notice.text == "The API is away"


def scene(needs_token: bool = False) -> command_snippets.Scene:
    picture = np.arange(784, dtype=np.uint32).astype(np.uint8).tobytes()
    made = command_snippets.Scene("https://scrawl.example/api/", "mlp-128")
    made.png, made.pixels, made.image = "iVBOR", pack(picture), command_snippets.image_json(picture)
    made.label, made.needs_token = 4, needs_token
    return made


@pytest.mark.parametrize("task", command_snippets.TASKS)
def test_commands_are_whole(task: str) -> None:
    curl = command_snippets.snippet(task, "curl", scene())
    words = shlex.split(curl)
    assert words[0] == "curl"
    assert words[-1].startswith("https://scrawl.example/api/")
    assert words[-1].endswith("?model=mlp-128")
    compile(command_snippets.snippet(task, "python", scene()), task, "exec")
    assert command_snippets.TOKEN not in curl


@pytest.mark.parametrize("task", ["send", "teach"])
def test_commands_take_the_token_from_the_environment(task: str) -> None:
    for language in command_snippets.LANGUAGES:
        assert command_snippets.TOKEN in command_snippets.snippet(task, language, scene(needs_token=True))
    compile(command_snippets.snippet(task, "python", scene(needs_token=True)), task, "exec")


def test_picture_in_json_is_that_of_the_bytes() -> None:
    numbers = json.loads(command_snippets.image_json(bytes(range(256))))
    assert numbers[0] == 0
    assert numbers[255] == 1
    assert np.abs(np.array(numbers) - np.arange(256) / 255).max() < 0.0006  # three decimals
