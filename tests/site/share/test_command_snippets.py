"""Commands that do with the API what is on screen: they can be parsed, and take the token from the environment."""

import base64
import json
import shlex
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scrawl.share.command_snippets import LANGUAGES, TASKS, TOKEN, CommandContext, image_json, snippet

if TYPE_CHECKING:
    from scrawl.share.command_snippets import CommandTask


def context(needs_token: bool = False) -> CommandContext:
    picture = np.arange(784, dtype=np.uint32).astype(np.uint8).tobytes()
    made = CommandContext("https://scrawl.example/api/", "mlp-128")
    made.png, made.pixels, made.image = "iVBOR", base64.b64encode(picture).decode(), image_json(picture)
    made.label, made.needs_token = 4, needs_token
    return made


@pytest.mark.parametrize("task", TASKS)
def test_commands_are_complete(task: "CommandTask") -> None:
    curl = snippet(task, "curl", context())
    words = shlex.split(curl)
    assert words[0] == "curl"
    assert words[-1].startswith("https://scrawl.example/api/")
    assert words[-1].endswith("?model=mlp-128")
    compile(snippet(task, "python", context()), task, "exec")
    assert TOKEN not in curl


@pytest.mark.parametrize("task", ["send", "teach"])
def test_commands_take_the_token_from_the_environment(task: "CommandTask") -> None:
    for language in LANGUAGES:
        assert TOKEN in snippet(task, language, context(needs_token=True))
    compile(snippet(task, "python", context(needs_token=True)), task, "exec")


def test_picture_in_json_has_the_values_of_the_bytes() -> None:
    numbers = json.loads(image_json(bytes(range(256))))
    assert numbers[0] == 0
    assert numbers[255] == 1
    assert np.abs(np.array(numbers) - np.arange(256) / 255).max() < 0.0006  # three decimals
